"""What exceptions would have done, before they are saved: exact, over the source events kept with the rules' alerts."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import NamedTuple

from django.db.models import QuerySet

from alerts.exceptions.closest import closest_fields, closest_group, documents_of
from alerts.exceptions.covering import Judgement, alerts_of, is_of_several, judge_alerts, positives_elsewhere
from alerts.exceptions.entries import Entries, field_of, found_in, told
from alerts.exceptions.groups import EntryGroups, Groups, parse_groups
from alerts.exceptions.lints import Carried, Lint, about_counted, about_kept, lints
from alerts.exceptions.steps import Steps, ends, flat, steps_of
from alerts.models import Alert, Reason, Status
from alerts.selectors.briefs import briefs_of
from alerts.selectors.shapes import AlertBrief
from engine import matches
from rules.models import Rule

OPEN = "open"  # the "verdict" of alerts that are not closed
SHOWN = 10
SECONDS = 2.0  # a preview of many alerts is cut short then, and says so
AT_ONCE = 200  # so many alerts are read at a time; the clock is looked at between any two
MOST_COUNTED = 10_000
"""Of what there was no time for so many are counted; `Preview.beyond` is then that much, and there are more."""
MOST_NAMED = 50
"""So many of the true positives that would have been hidden are named; all are counted."""


@dataclass(frozen=True, slots=True)
class Miss:
    """A condition that the alert at hand does not meet, and what its event has instead."""

    index: int
    field: str
    asked: str
    found: tuple[str, ...]
    group: int = 0


@dataclass(frozen=True, slots=True)
class GroupPreview:
    """One group of conditions: how many alerts are left after each, how many it silences by itself, and how many of
    these no group before it does. `inside`: for each condition how many are left after each of its parts, as far as it
    is a nested one of several."""

    per_entry: list[int]
    silenced: int
    adds: int
    inside: list[list[int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Preview:
    """Of `total` alerts of the rules, `silenced` would not have been raised.

    `by_verdict`: the silenced ones by reason of closing, and those that are open. `open_matching`: the open ones that
    closing would close; `left_open` those that it would not, since they also stand for `uncovered_hits` further hits,
    whose events were not held against it. `matches_source`: whether the alert at hand is covered (None: none was
    given); `misses` says why not. `source_of_kept`: it meets every condition as far as its events were kept, but it had
    more. `beyond`: how many older alerts there was no time for; every true positive was looked at all the same.
    `newest_silenced`, `newest_alerting`: the numbers of up to fifty of each.
    """

    total: int
    silenced: int
    by_verdict: dict[str, int]
    true_positives: list[AlertBrief]
    true_positives_elsewhere: int
    hosts: list[tuple[str, int]]
    users: list[tuple[str, int]]
    groups: list[GroupPreview]
    open_matching: int
    left_open: int
    uncovered_hits: int
    matches_source: bool | None
    source_of_kept: bool
    misses: list[Miss]
    lints: list[Lint]
    examined_ms: int
    computed_at: datetime
    beyond: int = 0
    positives_beyond: int = 0
    late: bool = False
    newest_silenced: tuple[int, ...] = ()
    newest_alerting: tuple[int, ...] = ()

    @property
    def per_entry(self) -> list[int]:
        """How many alerts are left after each condition of the first group."""
        return self.groups[0].per_entry

    @property
    def hides_true_positive(self) -> bool:
        """Whether the true-positive guard speaks up."""
        return bool(self.true_positives) or self.true_positives_elsewhere > 0


def preview(
    *,
    rule: Rule,
    entries: Entries,
    team_ids: Sequence[int],
    now: datetime,
    alert: Alert | None = None,
    more: EntryGroups = (),
    rules: Sequence[Rule] = (),
    item_id: int | None = None,
    seconds: float = SECONDS,
    count_beyond: bool = True,
) -> Preview:
    """Judge the entries, and `more` groups of them, over every alert of the rule that the person may see.

    With `rules` over the alerts of these rules too; `item_id` is the stored exception that is being edited. True
    positives of other teams are counted but not named. Costs some ten queries and 20 to 60 µs an alert, and ends after
    some `seconds` however many alerts there are.

    Raises: ExceptionEntryError for an entry that cannot be read.
    """
    started, groups = perf_counter(), [entries, *more]
    trees, scope = parse_groups(groups), list({one.pk: one for one in (rule, *rules)}.values())
    steps = [steps_of(one, told, scope) for one, told in zip(groups, trees, strict=True)]
    seen = _Seen(Carried([entry for one in groups for entry in one]), [Counter[int]() for _ in trees])
    walk = _Walk(scope, team_ids, flat(steps), list(seen.carried.names), started + seconds, count_beyond)
    for row, one in walk.first(alert):
        seen.take(row, one, alert)
    elsewhere = walk.elsewhere()
    for row, one in walk.rest():
        seen.take(row, one, alert)
    misses = _misses(alert, seen.at_hand, groups, trees) if alert else []
    still_open = [row.suppressed for row in seen.covered if row.status != Status.CLOSED]
    shown = [seen.group(at, one) for at, one in enumerate(steps)]
    return Preview(
        total=seen.total,
        silenced=len(seen.covered),
        by_verdict=_by_verdict(seen.covered),
        true_positives=briefs_of(_newest(row.pk for row in seen.covered if _is_true_positive(row))),
        true_positives_elsewhere=elsewhere,
        hosts=_most(row.host_name for row in seen.covered),
        users=_most(row.user_name for row in seen.covered),
        groups=shown,
        open_matching=still_open.count(0),
        left_open=len(still_open) - still_open.count(0),
        uncovered_hits=sum(still_open),
        matches_source=None if alert is None else not misses,
        source_of_kept=seen.at_hand is not None and seen.at_hand.of_kept,
        misses=misses,
        lints=_lints(seen, groups, shown, scope, item_id),
        examined_ms=round((perf_counter() - started) * 1_000),
        computed_at=now,
        beyond=walk.beyond(seen.total),
        positives_beyond=walk.positives_beyond,
        late=walk.late,
        newest_silenced=tuple(_newest(row.pk for row in seen.covered)),
        newest_alerting=tuple(_newest(seen.alerting)),
    )


def _lints(
    seen: "_Seen", groups: EntryGroups, shown: Sequence[GroupPreview], rules: Sequence[Rule], item_id: int | None
) -> list[Lint]:
    """What is doubtful about the conditions themselves, and about alerts that stand for more than was kept of them."""
    standing = [row.suppressed for row in seen.covered if row.status != Status.CLOSED and row.suppressed]
    silenced = [one.silenced for one in shown]
    return [
        *about_kept(len(seen.of_kept), sum(map(_is_true_positive, seen.of_kept))),
        *about_counted(len(standing), sum(standing)),
        *lints(groups, seen.carried, silenced=silenced, total=seen.total, rules=rules, item_id=item_id),
    ]


class _Row(NamedTuple):
    """What is counted of an alert."""

    pk: int
    team_id: int
    status: str
    reason: str
    host_name: str | None
    user_name: str | None
    suppressed: int
    kind: str


@dataclass(slots=True)
class _Seen:
    """What was found so far."""

    carried: Carried
    reached: list[Counter[int]]
    covered: list[_Row] = field(default_factory=list)
    of_kept: list[_Row] = field(default_factory=list)
    alerting: list[int] = field(default_factory=list)
    adds: Counter[int] = field(default_factory=Counter)
    at_hand: Judgement | None = None
    total: int = 0

    def take(self, row: _Row, one: Judgement, alert: Alert | None) -> None:
        """One alert more."""
        self.total += 1
        self.carried.look(one.document)
        for reached, held in zip(self.reached, one.held, strict=True):
            reached[held] += 1
        if one.by is not None:
            self.covered.append(row)
            self.adds[one.by] += 1
        else:
            self.alerting.append(row.pk)
            if one.of_kept:
                self.of_kept.append(row)
        if alert is not None and one.alert_id == alert.pk:
            self.at_hand = one

    def group(self, at: int, steps: Steps) -> GroupPreview:
        """What there is to say of one group."""
        done = ends(steps)
        running = [
            sum(count for held, count in self.reached[at].items() if held > number) for number in range(done[-1])
        ]
        inside = [running[end - len(one) : end] if len(one) > 1 else [] for end, one in zip(done, steps, strict=True)]
        return GroupPreview([running[end - 1] for end in done], self.reached[at][done[-1]], self.adds[at], inside)


@dataclass(slots=True)
class _Walk:
    """The alerts in the order in which they are worth the time: the one at hand, which is always looked at, the true
    positives, those of other teams, then the newest. It ends when the time is up, wherever it is."""

    rules: Sequence[Rule]
    team_ids: Sequence[int]
    trees: Groups
    names: Sequence[str]
    until: float
    counts: bool = True
    looked_at: set[int] = field(default_factory=set)
    positives: int = 0
    positives_beyond: int = 0
    late: bool = False

    @property
    def every(self) -> QuerySet[Alert]:
        """Every alert of the rules that the person may see, newest first."""
        return alerts_of(self.rules, self.team_ids).order_by("-pk")

    def first(self, alert: Alert | None) -> Iterator[tuple[_Row, Judgement]]:
        """The alert at hand and the true positives."""
        if alert is not None:
            yield from self._of(_rows(self.every.filter(pk=alert.pk)))
        positives = self.every.filter(status=Status.CLOSED, reason=Reason.TRUE_POSITIVE)
        yield from self._all(positives)
        self.positives_beyond += self._left(positives, self.positives)

    def elsewhere(self) -> int:
        """How many true positives of other teams it would have hidden, as far as there is time."""
        others = positives_elsewhere(self.rules, self.team_ids)
        held = [one.covered for _, one in self._all(others)]
        self.positives_beyond += self._left(others, len(held))
        return sum(held)

    def rest(self) -> Iterator[tuple[_Row, Judgement]]:
        """What was not looked at yet, newest first."""
        return self._all(self.every)

    def beyond(self, number: int) -> int:
        """How many alerts that the person may see were not looked at. One query, and only when there may be any."""
        return self._left(self.every, number)

    def _left(self, alerts: QuerySet[Alert], looked_at: int) -> int:
        if not self.late or not self.counts:
            return 0
        return max(alerts.order_by()[: looked_at + MOST_COUNTED].count() - looked_at, 0)

    def _all(self, alerts: QuerySet[Alert]) -> Iterator[tuple[_Row, Judgement]]:
        last: int | None = None
        while not self.late and (rows := _rows(alerts.filter(pk__lt=last) if last else alerts, AT_ONCE)):
            for row, one in self._of(rows):
                yield row, one
                if self._is_late():
                    return
            self._is_late()
            last = rows[-1].pk

    def _is_late(self) -> bool:
        self.late = self.late or perf_counter() > self.until
        return self.late

    def _of(self, rows: Sequence[_Row]) -> Iterator[tuple[_Row, Judgement]]:
        fresh = {row.pk: row for row in rows if row.pk not in self.looked_at}
        several = [row.pk for row in fresh.values() if is_of_several(row.kind)]
        alerts = [(row.pk, row.team_id) for row in fresh.values()]
        for one in judge_alerts(alerts, self.trees, self.names, several):
            self.looked_at.add(one.alert_id)
            self.positives += _is_true_positive(fresh[one.alert_id])
            yield fresh[one.alert_id], one


def _rows(alerts: QuerySet[Alert], most: int | None = None) -> list[_Row]:
    return [_Row(*row) for row in alerts.values_list(*_Row._fields)[:most]]


def _newest(numbers: Iterable[int]) -> list[int]:
    return sorted(numbers, reverse=True)[:MOST_NAMED]


def _by_verdict(alerts: Sequence[_Row]) -> dict[str, int]:
    counts = Counter(row.reason if row.status == Status.CLOSED else OPEN for row in alerts)
    return {verdict: counts[verdict] for verdict in (*Reason.values, OPEN)}


def _is_true_positive(row: _Row) -> bool:
    return row.status == Status.CLOSED and row.reason == Reason.TRUE_POSITIVE


def _most(names: Iterable[str | None]) -> list[tuple[str, int]]:
    return Counter(name for name in names if name).most_common(SHOWN)


def _misses(alert: Alert, judged: Judgement | None, groups: EntryGroups, trees: Groups) -> list[Miss]:
    """The conditions of the nearest group that the alert at hand does not meet; each where only what was kept of it
    does."""
    if judged is not None and judged.covered:
        return []
    documents = documents_of(alert)
    nearest = closest_group(documents, trees)
    document = closest_fields(documents, trees[nearest])
    of_kept = judged is not None and judged.of_kept
    return [
        Miss(at, field_of(entry), told(entry), found_in(document, entry), nearest)
        for at, (entry, tree) in enumerate(zip(groups[nearest], trees[nearest], strict=True))
        if of_kept or not matches(tree, document)
    ]
