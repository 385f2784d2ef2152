"""A rule run over stored events, with an exception and without it."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any

from alerts.exceptions.groups import parse_groups
from alerts.gathering import by_part
from alerts.hits import Judged
from alerts.models import AlertEvent, Trial
from alerts.trials.joining import Alerts, Counting, counting_for
from engine import Document, Tree, matches
from engine.plan import INDICATOR, Indicators, Pipeline
from engine.tree import all_of, any_of, fields_of
from events.store import StoredEvent, Window, scan
from rules.pipelines import made_by
from rules.ruleset import ActiveRule
from rules.schedule import history

SECONDS = 75.0  # of a task that may take 110
MOST_EVENTS = 200_000
MOST_NAMED = 20_000
SLICES = 24
SHOWN = 5
LOOK_EVERY = 500
Progress = Callable[[float, int], None]
"""Told the share that is done and the events looked at; raises where the trial is to end."""


@dataclass(slots=True)
class _Taken:
    """What the exception takes out of the events."""

    number: int = 0
    hosts: Counter[str] = field(default_factory=Counter)
    users: Counter[str] = field(default_factory=Counter)
    uids: list[bytes] = field(default_factory=list)

    def add(self, event: StoredEvent, document: Document) -> None:
        self.number += 1
        for names, asked in ((self.hosts, "host.name"), (self.users, "user.name")):
            names.update(str(value) for value in document.values(asked)[:1])
        if len(self.uids) < MOST_NAMED:
            self.uids.append(event.uid)


@dataclass(slots=True)
class Asked:
    """What is tried: the exception's groups, those about events and those about what the rule's query makes."""

    of_events: Tree
    of_rows: Tree

    @classmethod
    def of(cls, trial: Trial, rule: ActiveRule) -> "Asked":
        """Told apart as the rule set does. Raises: ExceptionEntryError for a value list that is gone."""
        trees = [all_of(*one) for one in parse_groups(trial.items)]
        made = made_by(rule.plan) if isinstance(rule.plan, Pipeline) else frozenset()
        rows = [tree for tree in trees if not made.isdisjoint(fields_of(tree))]
        return cls(any_of(*(tree for tree in trees if tree not in rows)), any_of(*rows))


def try_out(trial: Trial, rule: ActiveRule, progress: Progress) -> dict[str, Any]:
    """The result as it is kept with the trial. The newest events are read first; where there are too many of them or
    the time is up, `reached` says from when on it holds.

    Raises: ExceptionEntryError, and what `progress` raises.
    """
    asked, until = Asked.of(trial, rule), monotonic() + SECONDS
    counting = counting_for(rule, trial.start, trial.end, lambda row, new: _is_row_taken(rule, asked, row, new=new))
    taken, examined, reached = _Taken(), 0, trial.end
    _learn(trial, rule, asked, counting, until)
    for number, window in enumerate(_slices(trial.start, trial.end)):
        found, whole = _read(rule, window, trial.team_ids, until, examined)
        if not whole and examined:
            break
        examined += len(found)
        _keep(rule, asked, counting, taken, found)
        reached = window.start if whole else found[0].event.time if found else window.end
        progress(0.9 * (number + 1) / SLICES, examined)
        if not whole:
            break
    before, after = _counted(counting, lambda: progress(0.95, examined))
    return _result(trial, rule, taken, examined, reached, before, after)


def _is_row_taken(rule: ActiveRule, asked: Asked, row: Document, *, new: bool) -> bool:
    """Whether a row that the query makes is excepted: by what is in force, or (`new`) by what is tried."""
    return rule.row_excepted_by(row) is not None or (new and matches(asked.of_rows, row))


def _slices(start: datetime, end: datetime) -> Iterator[Window]:
    """The stretch in parts, the newest first."""
    part = (end - start) / SLICES
    for number in range(SLICES):
        to = end - number * part
        yield Window(start if number == SLICES - 1 else to - part, to)


def _read(
    rule: ActiveRule, window: Window, team_ids: Sequence[int], until: float, before: int
) -> tuple[list[Judged], bool]:
    """The events of a window that the rule's filters let in, and whether that is all of them."""
    tree = any_of(*(part.tree for part in rule.parts if part.name != INDICATOR))
    found: list[Judged] = []
    for event in scan(tree=tree, window=window, team_ids=team_ids, indices=rule.definition.indices, by="time"):
        found.append(Judged(event, event.document(), demo=False))
        if before + len(found) >= MOST_EVENTS or (len(found) % LOOK_EVERY == 0 and monotonic() > until):
            return found, False
    return found, monotonic() <= until


def _keep(rule: ActiveRule, asked: Asked, counting: Counting, taken: _Taken | None, events: Sequence[Judged]) -> None:
    """What no exception in force takes out already; `taken` None: these only teach the rule what it has seen."""
    left = [one for one in events if rule.excepted_by(one.document) is None]
    for one, parts in _with_parts(rule, left):
        is_taken = matches(asked.of_events, one.document)
        counting.keep(parts, one.event, one.document, taken=is_taken)
        if is_taken and taken is not None:
            taken.add(one.event, one.document)


def _with_parts(rule: ActiveRule, events: Sequence[Judged]) -> Iterator[tuple[Judged, list[str]]]:
    """Each event with the rule's parts that let it in."""
    parts: dict[int, list[str]] = {}
    for name, some in by_part(rule, events).items():
        for one in some:
            parts.setdefault(id(one), []).append(name)
    return ((one, parts[id(one)]) for one in events if id(one) in parts)


def _learn(trial: Trial, rule: ActiveRule, asked: Asked, counting: Counting, until: float) -> None:
    """What the rule knew when the stretch began: terms seen before it, and indicators. Bounded like the rest."""
    if isinstance(rule.plan, Indicators):
        window = Window(trial.start - rule.plan.history, trial.end)
        indicators = scan(
            tree=rule.plan.tree, window=window, team_ids=trial.team_ids, indices=rule.plan.indices, by="ingested"
        )
        for number, event in enumerate(indicators):
            if number >= MOST_EVENTS or (number % LOOK_EVERY == 0 and monotonic() > until):
                return
            counting.keep([INDICATOR], event, event.document(), taken=False)
    elif rule.definition.new_terms_fields and (length := history(rule.definition)):
        found, _whole = _read(rule, Window(trial.start - length, trial.start), trial.team_ids, until, MOST_EVENTS // 2)
        _keep(rule, asked, counting, None, found)


def _counted(counting: Counting, check: Callable[[], None]) -> tuple[Alerts, Alerts]:
    return counting.alerts(excepted=False, check=check), counting.alerts(excepted=True, check=check)


def _result(
    trial: Trial, rule: ActiveRule, taken: _Taken, examined: int, reached: datetime, before: Alerts, after: Alerts
) -> dict[str, Any]:
    return {
        "examined": examined,
        "taken": taken.number,
        "never_alerted": _never_alerted(rule.id, taken),
        "alerts": before.total(),
        "gone": (before - after).total(),
        "added": (after - before).total(),
        "hosts": taken.hosts.most_common(SHOWN),
        "users": taken.users.most_common(SHOWN),
        "reached": reached.isoformat() if reached > trial.start else None,
    }


def _never_alerted(rule_id: str, taken: _Taken) -> int:
    """How many of the events it takes out stand behind no alert of the rule; of the newest twenty thousand."""
    alerted = set[bytes]()
    for some in _portions(taken.uids):
        rows = AlertEvent.objects.filter(alert__rule=rule_id, uid__in=some).values_list("uid", flat=True)
        alerted.update(bytes(uid) for uid in rows)
    return len(taken.uids) - len(alerted & set(taken.uids))


def _portions(uids: Sequence[bytes], most: int = 5_000) -> Iterable[Sequence[bytes]]:
    return (uids[at : at + most] for at in range(0, len(uids), most))
