"""Rows of single events, out of a window: where the query sorts, limits, or adds what it finds of others."""

from collections import defaultdict

from alerts.hits import Hit, Joined
from alerts.identity import identity_of_event
from alerts.models import Kind
from alerts.pipelines.kept import Row
from alerts.pipelines.overlay import over
from alerts.pipelines.rows import RowTold, Source, facts_of_row, name_of_row, row_of
from alerts.pipelines.team import Answer, Team, Window
from events.store import EventRef


def tell_rows(team: Team, window: Window, answer: Answer) -> None:
    """A hit for each event that has a row, once; for each value where a column was expanded."""
    told = {(hit.event.ref, _name(hit)) for hit in answer.hits}
    named: dict[tuple[EventRef, bytes], list[tuple[Row, RowTold]]] = defaultdict(list)
    for row in window.rows:
        shown = row_of(window.columns, row.values)
        named[team.kept.ref(row.events[-1]), name_of_row(team.asked, shown)].append((row, shown))
    fresh = [one for one in named.items() if one[0] not in told]
    fresh = team.known.without(fresh, lambda one: identity_of_event(team.work.rule.id, *one[0]))
    answer.over += len(fresh[team.most_told :])
    del fresh[team.most_told :]
    team.read(ref for (ref, _), _ in fresh)
    for (ref, name), same in fresh:
        team.work.allowance.check()
        document = team.events.judged[ref].document
        for row, shown in same:
            if not team.is_excepted(over(document, shown.fields), ref, row, answer):
                _tell(team, ref, name, shown, window, answer)
                break


def _tell(team: Team, ref: EventRef, name: bytes, shown: RowTold, window: Window, answer: Answer) -> None:
    one = team.events.judged[ref]
    source = Source(1, one.event.time, one.event.time)
    facts = facts_of_row(team.asked, shown, source, window=window.stretch)
    joined = Joined(Kind.ROW, name, facts.to_json())
    answer.hits.append(Hit(team.work.rule, one.event, one.document, one.demo, joined=joined, row=shown.fields))
    answer.members += 1


def _name(hit: Hit) -> bytes:
    """Which of its event's rows a hit is."""
    return hit.joined.identity if hit.joined else b""
