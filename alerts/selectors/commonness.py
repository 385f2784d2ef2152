"""How common here is what met each clause of an alert: all of its values asked for at once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from alerts.selectors.joined_shapes import Composition
from alerts.selectors.shapes import Why
from engine import Clause
from events.prevalence import FIELDS, Common, common

CommonValues: TypeAlias = Mapping[tuple[str, str], Common]
_MOST_OF_A_CLAUSE = 10


def common_here(why: Why, composed: Composition, *, team_ids: Sequence[int], host: str | None) -> CommonValues:
    """How common the values are that met the alert's clauses, those of its steps too. One query, or none."""
    steps = composed.steps.rows if composed.steps else ()
    asked = dict.fromkeys(pair for one in (why, *(row.why for row in steps)) for pair in _values(one.asked))
    return common(team_ids, asked, host=host or "") if asked else {}


def rarest(clause: Clause, known: CommonValues) -> Common | None:
    """Of a clause's values the one that the fewest hosts had; None where nothing is known."""
    found = [known[pair] for pair in _values([clause]) if pair in known]
    return min(found, key=lambda one: (one.hosts or one.of_hosts, -one.first_day.toordinal()), default=None)


def _values(clauses: Iterable[Clause]) -> Iterator[tuple[str, str]]:
    return (
        (clause.field, value)
        for clause in clauses
        if clause.field in FIELDS and not clause.negated
        for value in clause.found[:_MOST_OF_A_CLAUSE]
    )
