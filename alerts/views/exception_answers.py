"""What is said after an act on an exception or a draft, with its own undo, and where its undo leads."""

from uuid import UUID

from django.http import HttpResponseBase, QueryDict
from django.urls import reverse

from accounts.models import Change
from alerts.exception_undo import has_way_back, may_put_back
from alerts.exceptions import Edited
from alerts.views.answers import FINAL, Spoken, say, see_other, tell
from alerts.views.exception_words import changed_words
from alerts.views.way_back import is_ledger
from soc.web.http import UserRequest


def told(request: UserRequest, words: str, group: UUID, to: str) -> HttpResponseBase:
    """To a page, with what was done at its foot; an undo of it, where the person may, leads there, too."""
    tell(request, Spoken(words), undo_of(request, group, to))
    return see_other(to)


def refused(request: UserRequest, words: str, to: str) -> HttpResponseBase:
    """To a page, with why nothing was done at its foot."""
    tell(request, Spoken(words, problem=True))
    return see_other(to)


def told_edited(request: UserRequest, words: str, edited: Edited, to: str) -> HttpResponseBase:
    """The same after an edit, with what followed from it, and with the progress of what a worker closes."""
    said = changed_words(words, edited)
    if edited.act is None:
        return told(request, said, edited.group, to)
    say(request, Spoken(said, edited.group, act=edited.act.pk))
    return see_other(to if is_ledger(to) else reverse("alerts:exceptions"))


def undo_of(request: UserRequest, group: UUID, to: str) -> str:
    """Where the act on exceptions is undone; FINAL where it changed nothing, or the person may not. Two queries."""
    done = Change.objects.filter(group=group, object_type="exception").order_by("pk")
    act = next((one for one in done if has_way_back(one)), None)
    return undo_address(group, to) if act is not None and may_put_back(request.user, act) else FINAL


def undo_address(group: UUID, to: str) -> str:
    """Where an act is undone, and the page on which the person then is."""
    state = QueryDict(mutable=True)
    state["to"] = to
    return f"{reverse('alerts:undo', args=[group])}?{state.urlencode()}"


def tab_of(rule_id: str) -> str:
    """The exceptions on the page of a rule."""
    return reverse("rules:detail", args=[rule_id]) + "?tab=exceptions"
