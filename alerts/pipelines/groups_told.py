"""Rows of groups, out of a window: what STATS makes of several events."""

from collections.abc import Sequence
from datetime import datetime

from alerts.hits import Hit, Joined, Member
from alerts.joins.work import MOST_JUDGED_ANEW
from alerts.lineage import MOST_ALERTS_BEFORE, is_of_alert
from alerts.models import Kind
from alerts.pipelines.groups import Group, judge, name_of_group
from alerts.pipelines.overlay import over
from alerts.pipelines.rows import Source, facts_of_row, row_of
from alerts.pipelines.team import Answer, Team, Window
from alerts.shells import MOST_EVENTS, shared
from engine import Document
from events.store import EventRef
from rules.marks import Span
from rules.schedule import interval

MOST_TOGETHER = 5_000
LEAST_EVENTS = 20
"""So many events are kept with all alerts of a window together, but so many with each of them that has them."""


def tell_groups(team: Team, window: Window, answer: Answer) -> set[datetime]:
    """A hit for each group that alerts; returns when others may that are to be quiet until then."""
    judged = judge(
        window.rows,
        lambda numbers: team.kept.run(numbers, now=window.end)[1],
        times=team.kept.times,
        spans=team.spans_of(name_of_group(row.key) for row in window.rows),
        end=window.end,
        interval=interval(team.work.rule.definition),
        check=team.work.allowance.check,
    )
    judged.alerts.sort(key=lambda group: (group.events[-1], group.name))
    answer.over += len(judged.alerts[team.most_told :])
    del judged.alerts[team.most_told :]
    most = max(min(MOST_EVENTS, MOST_TOGETHER // max(len(judged.alerts), 1)), LEAST_EVENTS)
    team.read(ref for group in judged.alerts for ref in _asked_anew(team, group, most))
    for group in judged.alerts:
        team.work.allowance.check()
        _tell(team, group, window, most, answer)
    return judged.quiet_until


def _asked_anew(team: Team, group: Group, most: int) -> list[EventRef]:
    """The events that are read: those that the alert keeps, or all that exceptions may cover by now."""
    if any(not item.on_row for item in team.work.rule.exceptions):
        return list(map(team.kept.ref, group.events[-MOST_JUDGED_ANEW:]))
    return _members(team, group, most)


def _members(team: Team, group: Group, most: int) -> list[EventRef]:
    """The last events, and before them those that are alerts: what rests on too many of them is not raised."""
    earlier = [ref for ref in map(team.kept.ref, group.events[:-most]) if is_of_alert(ref)]
    return [*earlier[-MOST_ALERTS_BEFORE:], *map(team.kept.ref, group.events[-most:])]


def _tell(team: Team, group: Group, window: Window, most: int, answer: Answer) -> None:
    """The hit of a group, and what it counts from now on; nothing where an exception covers its row."""
    shown = row_of(window.columns, group.row.values)
    members = tuple(Member("event", team.events.judged[ref]) for ref in _members(team, group, most))
    last, times = members[-1].judged, team.kept.times
    if team.is_excepted(over(_shared(members[-most:]), shown.fields), last.event.ref, group.row, answer):
        return
    span = Span(times[group.events[0]], times[group.events[-1]], window.end)
    source = Source(len(group.events), span.first_at, span.last_at)
    facts = facts_of_row(team.asked, shown, source, window=window.stretch)
    joined = Joined(Kind.GROUP, group.name, facts.to_json(), members)
    answer.hits.append(Hit(team.work.rule, last.event, last.document, last.demo, joined=joined, row=shown.fields))
    answer.members += len(members)
    team.count(group.name, span, answer)


def _shared(members: Sequence[Member]) -> Document:
    """What the events of a group share."""
    if len(members) == 1:
        return members[0].judged.document
    return Document.of(shared(member.judged.document.raw for member in members))
