"""What the page of a rule shows, tab by tab, as plain values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from accounts.models import Change, User
from engine import Guide, Logic, RuleDefinition, format_duration, split_guide
from engine.linting import Finding, lint
from rules import schedule, selectors
from rules.effective import effective_of
from rules.highlight import Line, highlight
from rules.joining import Joining, joining_of
from rules.listing import State, state_of, type_title
from rules.models import Lookback, Rule, RuleRun
from rules.overrides import Override, overrides_of
from rules.piped import Piped, lost_by_strict, needs_model, piped
from rules.pipelines import joins
from rules.planned import Planned, Suppressed, mappings, planned, suppression
from rules.selectors import RelatedRule, RevisionEntry, RunSums
from rules.superseding import stands_back
from rules.trees import TreeUnusable, definition_of, load_logic

TABS = ("logic", "guide", "false_positives", "response", "setup", "exceptions", "local", "runs", "history")
_TITLES = {
    "logic": "Logic",
    "guide": "Guide",
    "false_positives": "False positives",
    "response": "Response",
    "setup": "Set-up",
    "exceptions": "Exceptions",
    "local": "Set here",
    "runs": "Runs",
    "history": "History",
}
LANGUAGES = {"kuery": "KQL", "eql": "EQL", "esql": "ES|QL", "lucene": "Lucene"}


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab's name, title and the number beside it (none: empty)."""

    name: str
    title: str
    number: str
    current: bool


@dataclass(frozen=True, slots=True)
class Schedule:
    """The schedule in force, in durations that pages print; `in_practice` says what it comes to."""

    every: str
    looks_back: str
    at_most: int
    timestamp: str
    history: str
    in_practice: str = ""


@dataclass(frozen=True, slots=True)
class RulePage:
    """One rule, whole. What a tab does not show is not read.

    `definition` is what is in force, the file's with what is set here over it; `file` is the file's alone.
    """

    rule: Rule
    definition: RuleDefinition
    file: RuleDefinition
    guide: Guide
    tab: str
    tabs: tuple[Tab, ...]
    language: str
    type_title: str
    state: State
    schedule: Schedule
    exceptions: int
    sums: RunSums
    held_back: int
    lookback: Lookback | None
    joined: bool = False
    joining: Joining | None = None
    plan: Planned | None = None
    piped: Piped | None = None
    needs_model: bool = False
    lost: tuple[Finding, ...] = ()
    suppression: Suppressed | None = None
    mappings: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    supersedes: Sequence[Rule] = ()
    stands_back: bool = False
    overrides: tuple[Override, ...] = ()
    query: tuple[Line, ...] = ()
    filters: tuple[Line, ...] = ()
    related: Sequence[RelatedRule] = ()
    runs: Sequence[RuleRun] = ()
    revisions: Sequence[RevisionEntry] = ()
    older: int | None = None
    record: Sequence[Change] = ()

    @property
    def ids(self) -> list[str]:
        """The rule, for tags that take several."""
        return [self.rule.pk]

    @property
    def capped(self) -> int:
        """How many of the runs shown reached the rule's maximum."""
        return sum(run.over_cap > 0 for run in self.runs)

    @property
    def description(self) -> str:
        """The description on one line: files break it where their editor does."""
        return " ".join(self.definition.description.split())

    @property
    def chain(self) -> list[list[tuple[str, str]]]:
        """The ATT&CK mapping as paths (id, name): tactic, technique, sub-technique."""
        return [path for tactic in self.definition.threat for path in _paths(tactic)]


def rule_page(*, user: User, rule: Rule, tab: str, now: datetime, before: int | None = None) -> RulePage:
    """Everything one tab of the rule's page shows. Seven to eleven queries, whatever the rule.

    Raises: TreeUnusable when the stored definition cannot be read.
    """
    if rule.revision is None:
        raise TreeUnusable("It has no revision; load its file again.")
    file, definition, logic = definition_of(rule.revision), effective_of(rule), _logic(rule)
    joined = logic is not None and joins(logic.plan)
    guide = split_guide(definition.note, definition.setup, definition.false_positives, definition.name)
    sums = selectors.run_sums(rule, since=now - selectors.WEEK)
    lookback, exceptions = selectors.waiting_lookback(rule), selectors.exceptions_in_force(rule)
    return RulePage(
        rule=rule,
        definition=definition,
        file=file,
        guide=guide,
        tab=tab,
        tabs=_tabs(rule, guide, tab, exceptions),
        language=LANGUAGES.get(definition.language or "", ""),
        type_title=type_title(definition.type),
        state=state_of(rule, looking_back=lookback is not None, over_cap=sums.over_cap, hit=sums.last is not None),
        schedule=_schedule(definition, joined=joined),
        exceptions=exceptions,
        sums=sums,
        held_back=selectors.held_back(rule),
        lookback=lookback,
        joined=joined,
        joining=joining_of(rule) if joined else None,
        plan=planned(logic),
        piped=piped(definition, logic),
        needs_model=needs_model(rule),
        lost=lost_by_strict(definition) if tab == "local" else (),
        suppression=suppression(definition),
        mappings=mappings(definition),
        findings=lint(definition) if tab in ("logic", "history") else (),
        supersedes=selectors.supersedes(rule),
        stands_back=stands_back(rule),
        overrides=overrides_of(rule),
        **_of_tab(user, rule, definition, guide, tab, before),
    )


def _logic(rule: Rule) -> Logic | None:
    """What the rule looks for; None for one that is not evaluated, or that this version cannot read."""
    if not rule.evaluated or rule.revision is None:
        return None
    try:
        return load_logic(definition_of(rule.revision), rule.revision)
    except TreeUnusable:
        return None


def _of_tab(
    user: User, rule: Rule, definition: RuleDefinition, guide: Guide, tab: str, before: int | None
) -> dict[str, Any]:
    """What only this tab needs."""
    if tab == "logic":
        return {
            "query": highlight(definition.query, definition.language),
            "filters": _filters(definition),
            "related": selectors.related_rules(user, rule, definition, guide),
        }
    if tab == "runs":
        return {"runs": selectors.recent_runs(rule)}
    if tab == "history":
        shown = selectors.revisions(rule, before=before)
        older = shown[-1].revision.number if shown and shown[-1].revision.number > 1 else None
        return {"revisions": shown, "older": older, "record": () if before else selectors.record_of(rule)}
    return {}


def _tabs(rule: Rule, guide: Guide, current: str, exceptions: int) -> tuple[Tab, ...]:
    numbers = {
        "guide": len(guide.steps),
        "false_positives": len(guide.false_positive_items),
        "response": len(guide.response_steps),
        "exceptions": exceptions,
        "local": len(rule.overrides),
        "history": rule.revision.number if rule.revision else 0,
    }
    return tuple(Tab(name, _TITLES[name], str(numbers.get(name) or ""), name == current) for name in TABS)


def _schedule(definition: RuleDefinition, *, joined: bool) -> Schedule:
    history = schedule.history(definition)
    return Schedule(
        every=format_duration(schedule.interval(definition)),
        looks_back=format_duration(schedule.lookback(definition)),
        at_most=definition.max_signals,
        timestamp=definition.timestamp_override or "@timestamp",
        history=_in_words(history) if history else "",
        in_practice=schedule.in_practice(definition, joined=joined),
    )


def _in_words(duration: timedelta) -> str:
    """A history as people say it: "5 days"; what is no whole number of days as "12 h"."""
    if duration.seconds or not duration.days:
        return format_duration(duration)
    return f"{duration.days} day{'' if duration.days == 1 else 's'}"


def _filters(definition: RuleDefinition) -> tuple[Line, ...]:
    if not definition.filters:
        return ()
    text = orjson.dumps(list(definition.filters), option=orjson.OPT_INDENT_2).decode()
    return highlight(text, "kuery")


def _paths(tactic: Any) -> list[list[tuple[str, str]]]:
    """A tactic's branches down to the most specific technique."""
    start = (tactic.id, tactic.name)
    paths: list[list[tuple[str, str]]] = []
    for technique in tactic.techniques:
        here = [start, (technique.id, technique.name)]
        paths += [[*here, (below.id, below.name)] for below in technique.subtechniques] or [here]
    return paths or [[start]]
