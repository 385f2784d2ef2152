"""The figures once more, by another road: every entry of the record played forwards in plain Python, nothing by SQL.

It reads only what never changes (an alert's creation, event, severity and rule) and the record, from the first entry
on, using what each says came *after*; the product goes backwards from today's columns, using what came *before*.
Definitions are those of docs/figures.md, written down a second time.
"""

import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from accounts.models import Change
from alerts.models import Alert
from cases.models import Case
from rules.models import Rule

FIRST_TARGETS = {4: timedelta(hours=1), 3: timedelta(hours=4), 2: timedelta(days=1), 1: timedelta(days=3)}
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)


@dataclass
class Life:
    """An alert's states in order of time: (from when, state)."""

    severity: int
    rule_id: str
    event_time: datetime
    created_at: datetime
    states: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)

    def at(self, moment: datetime) -> dict[str, Any] | None:
        """The state in force, None before the alert was there."""
        if self.created_at > moment:
            return None
        return [state for since, state in self.states if since <= moment][-1]


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def lives() -> list[Life]:
    """Every alert's life. Its first team is what its first entry with a team says came before."""
    entries = defaultdict(list)
    for change in Change.objects.filter(object_type="alert").order_by("at", "pk"):
        if "status" in change.after:
            entries[int(change.object_id)].append(change)
    return [
        _life(row, entries[row[0]])
        for row in Alert.objects.filter(building_block=False).values_list(
            "pk", "severity", "rule_id", "event_time", "created_at", "team_id"
        )
    ]


def _life(row: tuple[Any, ...], entries: list[Change]) -> Life:
    _, severity, rule_id, event_time, created_at, team_now = row
    life = Life(severity, rule_id, event_time, created_at)
    team = next((entry.before["team_id"] for entry in entries if "team_id" in entry.before), team_now)
    fresh = {"status": "open", "reason": "", "owner": None, "acted": None, "closed": None, "item": None, "team": team}
    fresh["fault"] = ""
    life.states.append((created_at, fresh))
    for entry in entries:
        after = entry.after
        team = after.get("team_id", team)
        state = {
            "status": after["status"],
            "reason": after["reason"],
            "owner": after["assignee_id"],
            "acted": _time(after["acknowledged_at"]),
            "closed": _time(after["closed_at"]),
            "item": after["closed_by_exception_id"],
            "fault": after.get("fault", ""),
            "team": team,
        }
        life.states.append((entry.at, state))
    return life


def targets(at: datetime) -> dict[int, timedelta]:
    """The targets in force."""
    held = dict(FIRST_TARGETS)
    for change in Change.objects.filter(object_type="target", at__lte=at).order_by("at", "pk"):
        held[int(change.object_id)] = timedelta(seconds=change.after["within_seconds"])
    return held


@dataclass
class Replayed:
    """Everybody's states at an instant, and the figures from them."""

    at: datetime
    teams: list[int]
    lives: list[Life]

    def __post_init__(self) -> None:
        pairs = [(life, life.at(self.at)) for life in self.lives]
        self.then = [(life, state) for life, state in pairs if state is not None and state["team"] in self.teams]

    def open(self) -> list[tuple[Life, dict[str, Any]]]:
        return [(life, state) for life, state in self.then if state["status"] != "closed"]

    def past_target(self) -> list[tuple[Life, dict[str, Any]]]:
        held = targets(self.at)
        return [(life, state) for life, state in self.open() if life.created_at + held[life.severity] < self.at]

    def unowned(self, severity: int) -> int:
        return sum(life.severity == severity and state["owner"] is None for life, state in self.open())

    def by_age(self) -> Counter[Any]:
        """(severity, age of the group's youngest) → count; the steps are the usual ones and the targets."""
        steps = sorted({timedelta(), HOUR, 4 * HOUR, DAY, 3 * DAY, *targets(self.at).values()})
        counts: Counter[Any] = Counter()
        for life, _ in self.open():
            age = self.at - life.created_at
            counts[life.severity, max([step for step in steps if step < age], default=timedelta())] += 1
        return counts

    def opened(self, start: datetime, end: datetime) -> list[tuple[Life, dict[str, Any]]]:
        return [(life, state) for life, state in self.then if start < life.created_at <= end]

    def closed(self, start: datetime, end: datetime) -> list[tuple[Life, dict[str, Any]]]:
        return [(life, state) for life, state in self.then if state["closed"] and start < state["closed"] <= end]

    def reasons(self, start: datetime, end: datetime) -> Counter[Any]:
        return Counter("exception" if state["item"] else state["reason"] for _, state in self.closed(start, end))

    def detect(self, start: datetime, end: datetime) -> tuple[Any, ...]:
        return summary([max(_s(life.created_at - life.event_time), 0) for life, _ in self.opened(start, end)])

    def acknowledge(self, start: datetime, end: datetime) -> tuple[Any, ...]:
        acted = [(life, s) for life, s in self.then if s["acted"] and start < s["acted"] <= end]
        counted = [(life, s) for life, s in acted if not (s["item"] and s["acted"] == s["closed"])]
        return summary([_s(state["acted"] - life.created_at) for life, state in counted])

    def resolve(self, start: datetime, end: datetime) -> tuple[Any, ...]:
        counted = [(life, s) for life, s in self.closed(start, end) if s["reason"] != "duplicate" and s["item"] is None]
        return summary([_s(state["closed"] - life.created_at) for life, state in counted])

    def by_rule(self, start: datetime, end: datetime) -> dict[str, Counter[str]]:
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for life, state in self.closed(start, end):
            found[life.rule_id]["exception" if state["item"] else state["reason"]] += 1
        return found

    def faults(self, start: datetime, end: datetime) -> dict[str, Counter[str]]:
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for life, state in self.closed(start, end):
            if state["item"] is None and state["reason"] == "false_positive":
                found[life.rule_id][state["fault"] or "unsaid"] += 1
        return found


def worth_tuning(opened: Counter[str], judged: dict[str, Counter[str]], faults: dict[str, Counter[str]]) -> list[str]:
    """Six rules: first those with ten verdicts and more, by the alerts that tuning is expected to spare: benign ones
    and false ones, without those whose data were wrong."""

    def rank(rule_id: str) -> tuple[Any, ...]:
        counts = judged.get(rule_id, Counter())
        vain = counts["benign_positive"] + counts["false_positive"]
        verdicts = vain + counts["true_positive"]
        spared = vain - faults.get(rule_id, Counter())["data_wrong"]
        expected = opened[rule_id] * spared / verdicts if verdicts else 0
        return verdicts < 10, -expected, -opened[rule_id], rule_id

    return sorted((name for name in opened if rank(name)[0] or rank(name)[1]), key=rank)[:6]


def _s(span: timedelta) -> float:
    return span.total_seconds()


def summary(seconds: list[float]) -> tuple[int, float | None, float | None]:
    """How many, their median and 90th percentile (linear between neighbours)."""
    if not seconds:
        return 0, None, None
    ordered = sorted(seconds)
    place = 0.9 * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return len(ordered), statistics.median(ordered), ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def cases(at: datetime, teams: list[int]) -> dict[int, dict[str, Any]]:
    """The cases not closed, each as its last entry left it, with its alerts."""
    found: dict[int, dict[str, Any]] = {}
    inside: dict[int, set[int]] = defaultdict(set)
    numbers = set(Case.objects.values_list("pk", flat=True))
    for change in Change.objects.filter(object_type="case", at__lte=at).order_by("at", "pk"):
        number = int(change.object_id)
        inside[number] |= set(change.after.get("added", ()))
        inside[number] -= set(change.after.get("removed", ()))
        if "phase" in change.after:
            found[number] = change.after
    return {
        number: state | {"alerts": len(inside[number])}
        for number, state in found.items()
        if number in numbers and state["status"] != "closed" and state["team_id"] in teams
    }


def quarantined(at: datetime) -> set[str]:
    """The rules that stood in quarantine."""
    found: set[str] = set()
    for change in Change.objects.filter(object_type="rule", at__lte=at).order_by("at", "pk"):
        if change.verb == "quarantine":
            found.add(change.object_id)
        if change.verb == "release":
            found.discard(change.object_id)
    return found & set(Rule.objects.values_list("pk", flat=True))
