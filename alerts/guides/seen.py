"""How common values are here, for searches that ask so: from what was noted of thirty days, without reading events.

A number is of hosts: those that had the first value that the query names, or how many values few hosts had. What is not
noted yet is not "none": the number says that it is not known.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from time import monotonic

from engine import Tree
from engine.tree import And, Leaf, Op
from events.by_columns import column_of, tells_all, values_by_columns
from events.prevalence import FIELDS, Common, common, rare_ones
from events.searching import Window
from events.summing import Counted

LOOKED_UP = 500
"""So many values of a field are looked up, the least frequent of those that the events have."""
_MOST_NAMED = 10
NOT_NOTED = Counted(0, False, False, unknown=True)


@dataclass(frozen=True, slots=True)
class Seen:
    """On how many hosts a value was seen; `common` says since when, `times` how often among the events at hand."""

    field: str
    value: str
    hosts: int
    of_hosts: int
    common: Common | None = None
    times: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """The number of hosts, or of rare values, and what there is to show of them."""

    total: Counted
    rows: tuple[Seen, ...] = ()


def problem_of(tree: Tree, by: str) -> str:
    """Why nothing will ever be known of what a search asks; empty where it can be. `by` as in Pivot."""
    if by and (by not in FIELDS or column_of(by) is None):
        return f"how common values of {by} are is not noted"
    if by:
        return "" if tells_all(tree) else "rare values are known only of events that are found by noted fields"
    return "" if _asked(_leaves(tree)) else "it names no value of a field of which is noted how common its values are"


def named(tree: Tree, team_ids: Sequence[int]) -> Found:
    """How common each value is that the query names, with since when on the host that it names. One query."""
    leaves = list(_leaves(tree))
    asked = _asked(leaves)
    host = next((leaf.values[0] for leaf in leaves if leaf.field == "host.name"), "")
    known = common(team_ids, asked, host=str(host))
    rows = tuple(
        Seen(*pair, found.hosts, found.of_hosts, found) for pair in asked if (found := known.get(pair)) is not None
    )
    if not rows or (rows[0].field, rows[0].value) != asked[0]:
        return Found(NOT_NOTED, rows)
    return Found(Counted(rows[0].hosts, bool(rows[0].common and rows[0].common.more), False), rows)


def rare(field: str, tree: Tree, window: Window, team_ids: Sequence[int], seconds: float, most: int) -> Found:
    """The values of a field among the events of a query that few hosts had; the query and the field are such as columns
    answer, else nothing is known. Two queries."""
    deadline = monotonic() + seconds
    if problem_of(tree, field):
        return Found(NOT_NOTED)
    here = values_by_columns(
        field=field, tree=tree, window=window, team_ids=team_ids, top=LOOKED_UP, fewest_first=True,
        budget_seconds=seconds,
    )  # fmt: skip
    if here.total.stopped:
        return Found(here.total)
    times = dict(here.most)
    found = rare_ones(team_ids, field, list(times), seconds=max(deadline - monotonic(), 0.02))
    if found is None:
        return Found(Counted(0, False, True))
    few, of_hosts = found
    rows = tuple(Seen(field, value, hosts, of_hosts, times=times[value]) for value, hosts in few[:most])
    return Found(Counted(len(few), here.total.capped or here.total.number > len(times), False), rows)


def _asked(leaves: Iterable[Leaf]) -> list[tuple[str, str]]:
    """The values that the query names of fields that are noted, with their fields."""
    return [(leaf.field, str(value)) for leaf in leaves if leaf.field in FIELDS for value in leaf.values][:_MOST_NAMED]


def _leaves(tree: Tree) -> Iterator[Leaf]:
    """The exact values that must all be there."""
    for part in tree.children if isinstance(tree, And) else (tree,):
        if isinstance(part, Leaf) and part.op in (Op.IS, Op.PHRASE) and not part.wild_field and part.values:
            yield part
