"""What the page of a rule shows, tab by tab, as plain values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from accounts.models import Change, User
from engine import Guide, RuleDefinition, format_duration, split_guide
from rules import schedule, selectors
from rules.highlight import Line, highlight
from rules.listing import State, state_of, type_title
from rules.models import Lookback, Rule, RuleRun
from rules.selectors import RelatedRule, RevisionEntry, RunSums
from rules.trees import TreeUnusable, definition_of

TABS = ("logic", "guide", "false_positives", "response", "setup", "exceptions", "runs", "history")
_TITLES = {
    "logic": "Logic",
    "guide": "Guide",
    "false_positives": "False positives",
    "response": "Response",
    "setup": "Set-up",
    "exceptions": "Exceptions",
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
    """The schedule as written, in durations that pages print."""

    every: str
    looks_back: str
    at_most: int
    timestamp: str
    history: str


@dataclass(frozen=True, slots=True)
class RulePage:
    """One rule, whole. What a tab does not show is not read."""

    rule: Rule
    definition: RuleDefinition
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
    def description(self) -> str:
        """The description on one line: files break it where their editor does."""
        return " ".join(self.definition.description.split())

    @property
    def chain(self) -> list[list[tuple[str, str]]]:
        """The ATT&CK mapping as paths (id, name): tactic, technique, sub-technique."""
        return [path for tactic in self.definition.threat for path in _paths(tactic)]


def rule_page(*, user: User, rule: Rule, tab: str, now: datetime, before: int | None = None) -> RulePage:
    """Everything one tab of the rule's page shows. Six to eight queries, whatever the rule.

    Raises: TreeUnusable when the stored definition cannot be read.
    """
    if rule.revision is None:
        raise TreeUnusable("It has no revision; load its file again.")
    definition = definition_of(rule.revision)
    guide = split_guide(definition.note, definition.setup, definition.false_positives, definition.name)
    sums = selectors.run_sums(rule, since=now - selectors.WEEK)
    lookback, exceptions = selectors.waiting_lookback(rule), selectors.exceptions_in_force(rule)
    return RulePage(
        rule=rule,
        definition=definition,
        guide=guide,
        tab=tab,
        tabs=_tabs(rule, guide, tab, exceptions),
        language=LANGUAGES.get(definition.language or "", ""),
        type_title=type_title(definition.type),
        state=state_of(rule, looking_back=lookback is not None, over_cap=sums.over_cap, hit=sums.last is not None),
        schedule=_schedule(definition),
        exceptions=exceptions,
        sums=sums,
        held_back=selectors.held_back(rule),
        lookback=lookback,
        **_of_tab(user, rule, definition, guide, tab, before),
    )


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
        "history": rule.revision.number if rule.revision else 0,
    }
    return tuple(Tab(name, _TITLES[name], str(numbers.get(name) or ""), name == current) for name in TABS)


def _schedule(definition: RuleDefinition) -> Schedule:
    history = schedule.history(definition)
    return Schedule(
        every=format_duration(schedule.interval(definition)),
        looks_back=format_duration(schedule.lookback(definition)),
        at_most=definition.max_signals,
        timestamp=definition.timestamp_override or "@timestamp",
        history=_in_words(history) if history else "",
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
