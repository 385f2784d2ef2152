"""Other alerts that a search finds: by the columns of alerts where these say it all, else by their documents."""

from collections.abc import Sequence
from datetime import timedelta
from time import monotonic

from django.db.models import Q

from alerts.models import Alert, Kind
from alerts.selectors.briefs import briefs
from alerts.selectors.narrowing import columns_say
from alerts.selectors.searching import found
from alerts.selectors.shapes import AlertBrief
from engine import Tree
from engine.tree import And, Leaf, Op, text_of
from events.searching import Window
from events.summing import Counted
from soc.web.counts import CAP

_COLUMNS = {"host.name": "host_name", "user.name": "user_name", "process.hash.sha256": "process_hash"}
AHEAD = timedelta(days=1)
"""An alert is raised after its event, but for clocks that are ahead. There is an index of when alerts were raised, so
that those of one host in a week are found without all it ever raised."""
_READ = 500  # so many alerts are read where the columns do not decide


def alerts_found(
    tree: Tree, *, window: Window, team_ids: Sequence[int], without: int, newest: int, seconds: float
) -> tuple[Counted, list[AlertBrief]]:
    """How many other alerts match, and the newest of them. Two queries, or one and the time it takes to read some.

    Building blocks are left out, as in the queue.
    """
    seen = Alert.objects.filter(
        team_id__in=team_ids, event_time__gte=window.start, event_time__lt=window.end, building_block=False,
        created_at__gte=window.start - AHEAD,
    )  # fmt: skip
    seen = seen.exclude(kind=Kind.BLOCK).exclude(pk=without)
    said = _said(tree)
    if said is not None and not seen.filter(odd=True).exists():
        rows = seen.filter(said)
        number = rows.order_by()[: CAP + 1].values("pk").count()
        shown = briefs(rows.order_by("-event_time", "-pk")[:newest]) if newest else []
        return Counted(min(number, CAP), number > CAP, False), shown
    return _read(tree, seen.filter(columns_say(tree).narrowed), newest, seconds)


def _read(tree: Tree, alerts: "object", newest: int, seconds: float) -> tuple[Counted, list[AlertBrief]]:
    deadline = monotonic() + seconds
    loaded = alerts.select_related("rule", "revision", "assignee").order_by("-event_time", "-pk")  # type: ignore[attr-defined]
    chunk = list(loaded[: _READ + 1])
    matching = list(found(chunk[:_READ], tree, lambda: monotonic() < deadline))
    stopped = len(chunk) > _READ or monotonic() >= deadline
    return Counted(len(matching), False, stopped), briefs(matching[:newest])


def _said(tree: Tree) -> Q | None:
    """What the columns have to be, where they decide: exact values of host, user and file, all of them."""
    if isinstance(tree, And):
        parts = [_said(child) for child in tree.children]
        if any(part is None for part in parts):
            return None
        joined = Q()
        for part in parts:
            joined &= part or Q()
        return joined
    if isinstance(tree, Leaf) and not tree.wild_field and not tree.fold and tree.op in (Op.IS, Op.PHRASE):
        column = _COLUMNS.get(tree.field)
        return Q(**{f"{column}__in": [text_of(value) for value in tree.values]}) if column else None
    return None
