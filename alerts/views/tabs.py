"""The tabs above the queue: the views that everybody has, and those that were saved."""

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts import saved
from accounts.selectors import teams_of
from alerts import selectors
from alerts.models import SavedView
from alerts.queue_form import VIEWS, named
from alerts.views.asked import Queue, filters_of, without_idle
from alerts.views.frame import queue_address
from soc.web.counts import Count

MOST_COUNTED = 10


@dataclass(frozen=True, slots=True)
class View:
    """A tab above the queue; `whose` says who shares it, of one that is somebody else's."""

    name: str
    title: str
    query: str
    count: Count | None
    current: bool
    whose: str = ""


@dataclass(frozen=True, slots=True)
class OpenView:
    """The saved view that is open: whether it is one's own, and whether the address has left it meanwhile."""

    view: SavedView
    mine: bool
    changed: bool
    first: bool
    last: bool


def tabs(asked: Queue, total: Count | None = None) -> dict[str, Any]:
    """The tabs with their numbers, and the saved view that is open; `total` is what the list shows. Two queries."""
    views = saved.seen(SavedView, asked.user, teams_of(asked.user))
    chosen = {f"{view.pk}": asked.choices.chosen_in(view.query) for view in views[:MOST_COUNTED]}
    filters = {number: filters_of(one, asked.user, asked.now) for number, one in chosen.items()}
    known = {asked.view: total} if total and not asked.narrowed and not asked.saved else {}
    counts = selectors.view_counts(user=asked.user, now=asked.now, saved=filters, known=known)
    opened = next((view for view in views if view.pk == asked.saved), None)
    built_in = [
        View(name, str(title), "" if name == "triage" else f"view={name}", counts.get(name),
             opened is None and name == asked.view)
        for name, title in VIEWS
    ]  # fmt: skip
    return {
        "views": [*built_in, *(_tab(view, counts, asked, opened) for view in views)],
        "counts": counts,
        "opened": _opened(opened, views, asked) if opened else None,
        "teams_to_share": asked.choices.teams or named(asked.user.teams.all()[:1]),
    }


def _tab(view: SavedView, counts: dict[str, Count], asked: Queue, opened: SavedView | None) -> View:
    whose = "" if view.owner_id == asked.user.pk else _("shared by %(name)s") % {"name": view.owner}
    return View(str(view.pk), view.name, view.address, counts.get(str(view.pk)), view == opened, whose)


def _opened(view: SavedView, views: list[SavedView], asked: Queue) -> OpenView:
    mine = [one for one in views if one.owner_id == asked.user.pk]
    kept = without_idle(QueryDict(view.query), asked.choices.chosen_in(view.query))
    changed = queue_address(asked.data, "saved") != queue_address(kept)
    is_mine = view in mine
    return OpenView(view, is_mine, changed, is_mine and view == mine[0], is_mine and view == mine[-1])
