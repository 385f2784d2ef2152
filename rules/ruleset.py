"""The rules that fire now, with their exceptions, ready to judge events: one per process, renewed when the epoch moves.

Loading reads trees from JSON and parses nothing. A rule whose tree cannot be loaded is quarantined alone.
"""

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from django.db import transaction
from django.db.models import QuerySet

from engine import (
    Document,
    EngineError,
    Expression,
    Logic,
    Matcher,
    Part,
    Plan,
    RuleDefinition,
    Tree,
    matches,
    parse_entries,
)
from engine.few_fields import FewFields
from engine.joining.candidates import fields_of
from engine.plan import Pipeline
from engine.rulefile.compiling import logic_hash
from engine.tree import fields_of as asked_fields
from rules import epoch, superseding
from rules.effective import changes_logic, effective
from rules.models import ExceptionItem, Rule, RuleRevision
from rules.pipelines import asked_of, joins
from rules.quarantine import set_aside
from rules.schedule import named_timestamp, tiebreaker
from rules.superseding import without_superseded
from rules.trees import TreeUnusable, compiled_anew, definition_of, load_logic
from rules.value_lists import lists_named, stamps, values_of
from rules.value_lists.stored import Stamp
from soc.web import clock

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ActiveException:
    """An exception in force: what it covers does not become an alert.

    `on_row`: it names a column that the rule's query makes, so that it is asked of what the query makes of events, not
    of events.
    """

    id: int
    tree: Tree
    on_row: bool = False


@dataclass(frozen=True, slots=True)
class ActiveRule:
    """A rule in force, as its current revision says, with its exceptions in the order they were made."""

    id: str
    revision_id: int
    revision_number: int
    name: str
    team_id: int | None
    definition: RuleDefinition
    logic: Logic
    logic_hash: bytes
    exceptions: tuple[ActiveException, ...]
    revision_logic_hash: bytes = b""
    """What the revision looks for; `logic_hash` is that with what people here set over it."""

    @property
    def tree(self) -> Tree:
        """What lets in every event that may take part."""
        return self.logic.tree

    @property
    def plan(self) -> Plan | None:
        """What the rule does with the events it lets in, when one alone does not decide."""
        return self.logic.plan

    @property
    def parts(self) -> tuple[Part, ...]:
        """The filters by which the rule takes part in the pass."""
        return self.logic.parts(self.definition.indices)

    @property
    def joins(self) -> bool:
        """Whether it keeps the events it lets in and is settled; others judge each event as it comes."""
        return joins(self.plan)

    def excepted_by(self, document: Document) -> int | None:
        """The id of the first exception that covers the event; None when none does."""
        return next((item.id for item in self.exceptions if not item.on_row and matches(item.tree, document)), None)

    def row_excepted_by(self, row: Document) -> int | None:
        """The id of the first exception about what the query makes that covers a row; None when none does."""
        return next((item.id for item in self.exceptions if item.on_row and matches(item.tree, row)), None)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Every rule in force at an epoch, by id, and the matcher that judges a batch by all of them in one pass.

    The matcher's keys are those of `key_of`. Which team a rule is for is not its business: see ActiveRule.team_id.
    """

    epoch: int
    rules: Mapping[str, ActiveRule]
    matcher: Matcher
    few: FewFields
    """What judging and joining ask of nearly every event that a rule lets through."""


_lock = threading.Lock()
_cached: RuleSet | None = None
_to_quarantine: dict[str, str] = {}


def current() -> RuleSet:
    """The rule set of the epoch that is committed now.

    One query when nothing changed, else four; a rule that was not in force before costs half a millisecond, one that
    was a fraction of that. Within a transaction that holds
    the epoch (rules.epoch.share_lock) it cannot become old.
    """
    global _cached
    number = epoch.read()
    with _lock:
        if _cached is None or _cached.epoch != number:
            _cached = _load(number)
        _report_broken()
        return _cached


def forget() -> None:
    """Drop the process's copy, as tests do between databases."""
    global _cached
    with _lock:
        _cached = None
        _to_quarantine.clear()
        _read.clear()
        _overridden.clear()
        _parsed.clear()


def _load(number: int) -> RuleSet:
    """Everything in force. The epoch was read before the rows, so a change in between only costs another load."""
    exceptions = _exceptions()
    rows = _rows()
    rules, broken = _active_rules(rows, exceptions)
    if broken:
        rules, broken = _active_rules(_with_given_back(rows, list(broken)), exceptions)
    for rule_id, reason in broken.items():
        log.warning("a rule cannot be loaded", rule=rule_id, reason=reason)
    _to_quarantine.update(broken)
    return rule_set(number, rules)


def rule_set(number: int, rules: Mapping[str, ActiveRule]) -> RuleSet:
    """These rules, ready to judge events. Takes a tenth of a millisecond a rule."""
    expressions = [expression for rule in rules.values() for expression in expressions_of(rule)]
    asked = {name for rule in rules.values() for name in _asked_of_events(rule)}
    return RuleSet(number, rules, Matcher(expressions), FewFields(asked))


def _asked_of_events(rule: ActiveRule) -> Iterator[str]:
    """The fields that make keys, terms and places in time."""
    yield from rule.definition.new_terms_fields
    if rule.plan is not None and not isinstance(rule.plan, Pipeline):
        yield from fields_of(rule.plan)
        yield from (name for name in (named_timestamp(rule.definition), tiebreaker(rule.definition)) if name)


def _rows() -> list[Rule]:
    return list(without_superseded(_enabled()).order_by("pk"))


def _enabled() -> QuerySet[Rule]:
    enabled = Rule.objects.filter(enabled=True, evaluated=True, quarantined_at=None, revision__isnull=False)
    return enabled.only("id", "name", "team_id", "overrides", "revision_id")


def _with_given_back(rows: Sequence[Rule], broken: Sequence[str]) -> list[Rule]:
    """With the rules that stood back for those that cannot be loaded: at once, so that there is no hole meanwhile."""
    given_back = _enabled().filter(superseded_by__in=broken).exclude(pk__in=[row.pk for row in rows])
    return sorted([*rows, *given_back], key=lambda row: row.pk)


def _active_rules(
    rows: Sequence[Rule], exceptions: Mapping[str, tuple[ActiveException, ...]]
) -> tuple[dict[str, ActiveRule], dict[str, str]]:
    """The rules by id, and why some of them cannot be loaded."""
    revisions = _revisions_of(rows)
    rules: dict[str, ActiveRule] = {}
    broken: dict[str, str] = {}
    for row in rows:
        try:
            rules[row.pk] = _active(row, revisions.get(row.revision_id or 0), exceptions.get(row.pk, ()))
        except TreeUnusable as error:
            broken[row.pk] = str(error)
    return rules, broken


@dataclass(frozen=True, slots=True)
class _Read:
    """A revision as it was read; it is immutable, so it is read once a process."""

    number: int
    definition: RuleDefinition
    logic: Logic
    logic_hash: bytes


_read: dict[int, _Read] = {}


def _revisions_of(rows: Sequence[Rule]) -> dict[int, _Read | TreeUnusable]:
    """The rules' revisions; those that were not in force before are read now, the others that are gone forgotten."""
    wanted = {row.revision_id for row in rows if row.revision_id is not None}
    for gone in _read.keys() - wanted:
        del _read[gone]
    for place in [place for place in _overridden if place[0] not in wanted]:
        del _overridden[place]
    found: dict[int, _Read | TreeUnusable] = {}
    missing = RuleRevision.objects.filter(pk__in=wanted - _read.keys())
    for revision in missing.select_related("compiled").defer("source_text") if wanted - _read.keys() else ():
        try:
            _read[revision.pk] = _read_revision(revision)
        except TreeUnusable as error:
            found[revision.pk] = error
    return found | _read


def _read_revision(revision: RuleRevision) -> _Read:
    definition = definition_of(revision)
    return _Read(revision.number, definition, load_logic(definition, revision), bytes(revision.logic_hash))


def _active(row: Rule, revision: _Read | TreeUnusable | None, exceptions: tuple[ActiveException, ...]) -> ActiveRule:
    if revision is None:
        raise TreeUnusable("It has no revision; load its file again.")
    if isinstance(revision, TreeUnusable):
        raise revision
    definition = effective(revision.definition, row.overrides)
    logic, name = _logic_of(row, revision, definition)
    return ActiveRule(
        id=row.pk,
        revision_id=row.revision_id or 0,
        revision_number=revision.number,
        name=row.name,
        team_id=row.team_id,
        definition=definition,
        logic=logic,
        logic_hash=name,
        exceptions=_told_apart(exceptions, logic.plan),
        revision_logic_hash=revision.logic_hash,
    )


_overridden: dict[tuple[int, bytes], Logic] = {}


def _logic_of(row: Rule, revision: _Read, definition: RuleDefinition) -> tuple[Logic, bytes]:
    """What the rule looks for, with what people here set over it; compiled once a process."""
    if not changes_logic(row.overrides):
        return revision.logic, revision.logic_hash
    place = row.revision_id or 0, logic_hash(definition)
    if place not in _overridden:
        _overridden[place] = compiled_anew(definition)
    return _overridden[place], place[1]


def _told_apart(exceptions: tuple[ActiveException, ...], plan: Plan | None) -> tuple[ActiveException, ...]:
    """The exceptions, with which of them are asked of rows."""
    if not exceptions or not isinstance(plan, Pipeline):
        return exceptions
    try:
        of_rows = asked_of(plan).of_rows
    except EngineError as error:
        raise TreeUnusable(f"Its query can no longer be read. {error}") from error
    return tuple(replace(item, on_row=not of_rows.isdisjoint(asked_fields(item.tree))) for item in exceptions)


_parsed: dict[int, tuple[Any, ActiveException]] = {}
"""Exceptions by what they were read of: their entries, and the states of the lists that these ask for."""


def _exceptions() -> dict[str, tuple[ActiveException, ...]]:
    """The trees of the exceptions in force, by rule. One that cannot be read is left out: rather an alert too many."""
    items: dict[str, list[ActiveException]] = defaultdict(list)
    in_force = ExceptionItem.objects.filter(enabled=True, expired=False, removed_at=None)
    kept: dict[int, tuple[Any, ActiveException]] = {}
    rows = list(in_force.only("id", "rule_id", "entries").order_by("pk"))
    lists = _lists_of(rows)
    for item in rows:
        try:
            asked = item.entries, [lists.get(name) for name in lists_named(item.entries)]
            kept[item.pk] = asked, _exception(item, asked)
            items[item.rule_id].append(kept[item.pk][1])
        except (EngineError, TypeError, ValueError, KeyError):
            log.exception("an exception cannot be loaded", exception_item=item.pk)
    _parsed.clear()
    _parsed.update(kept)
    return {rule_id: tuple(found) for rule_id, found in items.items()}


def _lists_of(items: Sequence[ExceptionItem]) -> dict[str, Stamp]:
    """The state of each list that one of them asks for; a query where one does."""
    named = {name for item in items for name in lists_named(item.entries)}
    return stamps(named) if named else {}


def _exception(item: ExceptionItem, asked: object) -> ActiveException:
    """The exception as it was read before, while its entries and lists are the same."""
    read_of, known = _parsed.get(item.pk, (None, None))
    if known is not None and read_of == asked:
        return known
    return ActiveException(item.pk, parse_entries(item.entries, values_of))


def key_of(rule_id: str, part: str) -> str:
    """The matcher's key of one of a rule's filters; no rule id has a `#`."""
    return f"{rule_id}#{part}"


def rule_and_part(key: str) -> tuple[str, str]:
    """The rule and the filter that a key of the matcher names."""
    rule_id, _, part = key.partition("#")
    return rule_id, part


def expressions_of(rule: ActiveRule) -> list[Expression]:
    """What the matcher is asked for the rule: an expression for each of its filters."""
    return [Expression(key_of(rule.id, part.name), part.tree, part.indices) for part in rule.parts]


def _report_broken() -> None:
    """Quarantine what could not be loaded, until a transaction that says so has been committed."""
    for rule_id, reason in list(_to_quarantine.items()):
        # The one place below a door that asks for the time: whoever needs the rule set has no use for a clock.
        _set_aside(rule_id, reason, clock.now())
        transaction.on_commit(partial(_to_quarantine.pop, rule_id, None))


@transaction.atomic
def _set_aside(rule_id: str, reason: str, now: datetime) -> None:
    """Set one aside; what stood back for it is in this rule set already, and judges what is stored too.

    No epoch is counted: no process has it in force, and whoever needs the rule set may hold the epoch already.
    """
    if set_aside(rule_id=rule_id, reason=reason, now=now):
        superseding.gave_back(rule_id, now=now, after_epoch=epoch.read())
