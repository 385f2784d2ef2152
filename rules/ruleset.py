"""The rules that fire now, with their exceptions, ready to judge events: one per process, renewed when the epoch moves.

Loading reads trees from JSON and parses nothing. A rule whose tree cannot be loaded is quarantined alone.
"""

import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import structlog
from django.db import transaction

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
from rules import epoch
from rules.effective import effective
from rules.models import ExceptionItem, Rule
from rules.quarantine import set_aside
from rules.superseding import without_superseded
from rules.trees import TreeUnusable, definition_of, load_logic
from soc.web import clock

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ActiveException:
    """An exception in force: what it covers does not become an alert."""

    id: int
    tree: Tree


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

    def excepted_by(self, document: Document) -> int | None:
        """The id of the first exception that covers the event; None when none does."""
        return next((item.id for item in self.exceptions if matches(item.tree, document)), None)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Every rule in force at an epoch, by id, and the matcher that judges a batch by all of them in one pass.

    The matcher's keys are those of `key_of`. Which team a rule is for is not its business: see ActiveRule.team_id.
    """

    epoch: int
    rules: Mapping[str, ActiveRule]
    matcher: Matcher


_lock = threading.Lock()
_cached: RuleSet | None = None
_to_quarantine: dict[str, str] = {}


def current() -> RuleSet:
    """The rule set of the epoch that is committed now.

    One query when nothing changed, else three and well under a millisecond a rule. Within a transaction that holds
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


def _load(number: int) -> RuleSet:
    """Everything in force. The epoch was read before the rows, so a change in between only costs another load."""
    exceptions = _exceptions()
    rules: dict[str, ActiveRule] = {}
    for row in _rows():
        try:
            rules[row.pk] = _active(row, exceptions.get(row.pk, ()))
        except TreeUnusable as error:
            _to_quarantine[row.pk] = str(error)
            log.warning("a rule cannot be loaded", rule=row.pk, reason=str(error))
    return RuleSet(number, rules, Matcher([expression for rule in rules.values() for expression in _expressions(rule)]))


def _rows() -> list[Rule]:
    enabled = Rule.objects.filter(enabled=True, evaluated=True, quarantined_at=None, revision__isnull=False)
    return list(
        without_superseded(enabled).select_related("revision__compiled").defer("revision__source_text").order_by("pk")
    )


def _active(row: Rule, exceptions: tuple[ActiveException, ...]) -> ActiveRule:
    revision = row.revision
    if revision is None:
        raise TreeUnusable("It has no revision; load its file again.")
    definition = definition_of(revision)
    return ActiveRule(
        id=row.pk,
        revision_id=revision.pk,
        revision_number=revision.number,
        name=row.name,
        team_id=row.team_id,
        definition=effective(definition, row.overrides),
        logic=load_logic(definition, revision),
        logic_hash=bytes(revision.logic_hash),
        exceptions=exceptions,
    )


def _exceptions() -> dict[str, tuple[ActiveException, ...]]:
    """The trees of the exceptions in force, by rule. One that cannot be read is left out: rather an alert too many."""
    items: dict[str, list[ActiveException]] = defaultdict(list)
    in_force = ExceptionItem.objects.filter(enabled=True, expired=False, removed_at=None)
    for item in in_force.only("id", "rule_id", "entries").order_by("pk"):
        try:
            items[item.rule_id].append(ActiveException(item.pk, parse_entries(item.entries)))
        except (EngineError, TypeError, ValueError, KeyError):
            log.exception("an exception cannot be loaded", exception_item=item.pk)
    return {rule_id: tuple(found) for rule_id, found in items.items()}


def key_of(rule_id: str, part: str) -> str:
    """The matcher's key of one of a rule's filters; no rule id has a `#`."""
    return f"{rule_id}#{part}"


def rule_and_part(key: str) -> tuple[str, str]:
    """The rule and the filter that a key of the matcher names."""
    rule_id, _, part = key.partition("#")
    return rule_id, part


def _expressions(rule: ActiveRule) -> list[Expression]:
    return [Expression(key_of(rule.id, part.name), part.tree, part.indices) for part in rule.parts]


def _report_broken() -> None:
    """Quarantine what could not be loaded, until a transaction that says so has been committed."""
    for rule_id, reason in list(_to_quarantine.items()):
        # The one place below a door that asks for the time: whoever needs the rule set has no use for a clock.
        set_aside(rule_id=rule_id, reason=reason, now=clock.now())
        transaction.on_commit(partial(_to_quarantine.pop, rule_id, None))
