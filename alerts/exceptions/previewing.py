"""What an exception would have done, before it is saved: exact, over the source events kept with the rule's alerts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter

from alerts.exceptions.closest import closest_fields
from alerts.exceptions.covering import Judgement, alerts_of, judge_alerts, true_positives_elsewhere
from alerts.exceptions.entries import Entries, field_of, found_in, told
from alerts.exceptions.lints import Carried, Lint, about_counted, about_kept, lints
from alerts.models import Alert, Reason, Status
from alerts.selectors.briefs import briefs_of
from alerts.selectors.shapes import AlertBrief
from engine import Tree, matches
from engine.languages.exceptions import parse_each_entry
from rules.models import Rule

OPEN = "open"  # the "verdict" of alerts that are not closed
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Miss:
    """A condition that the alert at hand does not meet, and what its event has instead."""

    index: int
    field: str
    asked: str
    found: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """Of `total` alerts of the rule, `silenced` would not have been raised.

    `by_verdict`: the silenced ones by reason of closing, and those that are open. `per_entry`: how many alerts are left
    after each condition. `open_matching`: the open ones that closing would close; `left_open` those that it would not,
    since they also stand for `uncovered_hits` further hits, whose events were not held against it. `matches_source`:
    whether the alert at hand is covered (None: none was given); `misses` says why not. `source_of_kept`: it meets every
    condition as far as its events were kept, but it had more.
    """

    total: int
    silenced: int
    by_verdict: dict[str, int]
    true_positives: list[AlertBrief]
    true_positives_elsewhere: int
    hosts: list[tuple[str, int]]
    users: list[tuple[str, int]]
    per_entry: list[int]
    open_matching: int
    left_open: int
    uncovered_hits: int
    matches_source: bool | None
    source_of_kept: bool
    misses: list[Miss]
    lints: list[Lint]
    examined_ms: int
    computed_at: datetime

    @property
    def hides_true_positive(self) -> bool:
        """Whether the true-positive guard speaks up."""
        return bool(self.true_positives) or self.true_positives_elsewhere > 0


def preview(
    *, rule: Rule, entries: Entries, team_ids: Sequence[int], now: datetime, alert: Alert | None = None
) -> Preview:
    """Judge the entries over every alert of the rule that the person may see.

    True positives of other teams are counted but not named. Costs three queries and 50 to 100 µs an alert.

    Raises: ExceptionEntryError for an entry that cannot be read.
    """
    started, trees = perf_counter(), parse_each_entry(entries)
    rows = {row.pk: row for row in alerts_of(rule, team_ids).only(*_COLUMNS)}
    carried, reached, covered = Carried(entries), Counter[int](), []
    of_kept: list[Alert] = []
    at_hand: Judgement | None = None
    for one in judge_alerts([(row.pk, row.team_id) for row in rows.values()], trees):
        carried.look(one.document)
        reached[one.held] += 1
        if one.covered:
            covered.append(rows[one.alert_id])
        elif one.of_kept:
            of_kept.append(rows[one.alert_id])
        if alert is not None and one.alert_id == alert.pk:
            at_hand = one
    misses = _misses(alert, at_hand, entries, trees) if alert else []
    still_open = [row for row in covered if row.status != Status.CLOSED]
    left_open = [row.suppressed for row in still_open if row.suppressed]
    return Preview(
        total=len(rows),
        silenced=len(covered),
        by_verdict=_by_verdict(covered),
        true_positives=briefs_of([row.pk for row in covered if _is_true_positive(row)]),
        true_positives_elsewhere=true_positives_elsewhere(rule, trees, team_ids),
        hosts=_most(row.host_name for row in covered),
        users=_most(row.user_name for row in covered),
        per_entry=_running(reached, len(trees)),
        open_matching=len(still_open) - len(left_open),
        left_open=len(left_open),
        uncovered_hits=sum(left_open),
        matches_source=None if alert is None else not misses,
        source_of_kept=at_hand is not None and at_hand.of_kept,
        misses=misses,
        lints=[
            *about_kept(len(of_kept), sum(map(_is_true_positive, of_kept))),
            *about_counted(len(left_open), sum(left_open)),
            *lints(entries, carried, silenced=len(covered), total=len(rows)),
        ],
        examined_ms=round((perf_counter() - started) * 1_000),
        computed_at=now,
    )


_COLUMNS = ("id", "team_id", "status", "reason", "host_name", "user_name", "suppressed")


def _by_verdict(alerts: Sequence[Alert]) -> dict[str, int]:
    counts = Counter(row.reason if row.status == Status.CLOSED else OPEN for row in alerts)
    return {verdict: counts[verdict] for verdict in (*Reason.values, OPEN)}


def _is_true_positive(row: Alert) -> bool:
    return row.status == Status.CLOSED and row.reason == Reason.TRUE_POSITIVE


def _most(names: Iterable[str | None]) -> list[tuple[str, int]]:
    return Counter(name for name in names if name).most_common(SHOWN)


def _running(reached: Counter[int], entries: int) -> list[int]:
    """How many alerts meet the first condition, the first two, and so on."""
    return [sum(count for held, count in reached.items() if held > at) for at in range(entries)]


def _misses(alert: Alert, judged: Judgement | None, entries: Entries, trees: Sequence[Tree]) -> list[Miss]:
    """The conditions that the alert at hand does not meet; each where only what was kept of it does."""
    if judged is not None and judged.covered:
        return []
    document = closest_fields(alert, trees)
    of_kept = judged is not None and judged.of_kept
    return [
        Miss(at, field_of(entry), told(entry), found_in(document, entry))
        for at, (entry, tree) in enumerate(zip(entries, trees, strict=True))
        if of_kept or not matches(tree, document)
    ]
