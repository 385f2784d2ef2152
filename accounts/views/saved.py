"""What one does with something saved (accounts/saved.py): plain forms, each answered by the page it is of.

Views of the queue and searches differ in what they keep of their page and in how it speaks: that is told by `Doors`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from django.http import HttpResponseBase
from django.utils.translation import gettext as _

from accounts import saved
from accounts.errors import SavedError
from accounts.models import SavedQuery, Team
from accounts.selectors import teams_of
from soc.web import clock
from soc.web.http import UserRequest

T = TypeVar("T", bound=SavedQuery)


@dataclass(frozen=True, slots=True)
class Doors(Generic[T]):
    """The doors of a kind of saved thing. `asked`: what the page asks now, as it is kept; `show` leads to a saved one
    with a sentence, `deleted` to the page with the way to bring it back, `refuse` to the page with the reason."""

    kind: type[T]
    asked: Callable[[UserRequest], str]
    show: Callable[[UserRequest, T, str], HttpResponseBase]
    deleted: Callable[[UserRequest, UUID], HttpResponseBase]
    refuse: Callable[[UserRequest, SavedError], HttpResponseBase]

    def save(self, request: UserRequest) -> HttpResponseBase:
        """Save what the page asks."""
        try:
            row = saved.create(
                self.kind, name=request.POST.get("name", ""), query=self.asked(request), team=_team(request),
                actor=request.user, now=clock.now(), team_ids=teams_of(request.user),
            )  # fmt: skip
        except SavedError as error:
            return self.refuse(request, error)
        return self.show(request, row, _("Saved “%(name)s”.") % {"name": row.name})

    def change(self, request: UserRequest, saved_id: int) -> HttpResponseBase:
        """Rename it, share it, or let it ask what the page asks now."""
        try:
            row = saved.change(
                self.kind, saved_id=saved_id, name=request.POST.get("name", ""), team=_team(request),
                query=self.asked(request) if request.POST.get("filters") else None, actor=request.user,
                now=clock.now(), team_ids=teams_of(request.user),
            )  # fmt: skip
        except SavedError as error:
            return self.refuse(request, error)
        return self.show(request, row, _("Changed “%(name)s”.") % {"name": row.name})

    def move(self, request: UserRequest, saved_id: int) -> HttpResponseBase:
        """One place to the left or to the right."""
        try:
            by = -1 if request.POST.get("to") == "left" else 1
            row = saved.move(self.kind, saved_id=saved_id, by=by, actor=request.user, now=clock.now())
        except SavedError as error:
            return self.refuse(request, error)
        return self.show(request, row, "")

    def remove(self, request: UserRequest, saved_id: int) -> HttpResponseBase:
        """Delete it; the page that follows can bring it back."""
        try:
            group = saved.remove(self.kind, saved_id=saved_id, actor=request.user, now=clock.now())
        except SavedError as error:
            return self.refuse(request, error)
        return self.deleted(request, group)

    def restore(self, request: UserRequest, group: UUID) -> HttpResponseBase:
        """Bring back what was deleted."""
        try:
            row = saved.restore(
                self.kind, group=group, actor=request.user, now=clock.now(), team_ids=teams_of(request.user)
            )
        except SavedError as error:
            return self.refuse(request, error)
        return self.show(request, row, _("“%(name)s” is back.") % {"name": row.name})


def _team(request: UserRequest) -> Team | None:
    """The team to share with; none of it is his own."""
    return saved.team_to_share(teams_of(request.user), request.POST.get("share", ""))
