"""Doors to the events that were refused: the list, one of them, and sending them again."""

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.urls import reverse

from accounts.access import may, page, reason_against
from accounts.roles import Permission
from accounts.selectors import teams_of
from events import letters, replay
from soc.web import clock
from soc.web.answers import SeeOther
from soc.web.htmx import render_page
from soc.web.http import UserRequest


@page(Permission.MANAGE_KEYS)
def dead_letters(request: UserRequest) -> HttpResponseBase:
    """Events that were refused at the door, newest first; htmx gets further rows, or how far sending has come."""
    now, asked = clock.now(), letters.Asked.of(request.GET.dict())
    found = letters.listing(team_ids=teams_of(request.user), asked=asked, after=request.GET.get("after"), now=now)
    part = "replays" if request.GET.get("part") == "replays" else "rows"
    context = {"letters": found, "now": now, "within": letters.WITHIN, "states": letters.STATES, **_may(request)}
    return render_page(request, "events/dead_letters.html", context, part=part)


@page(Permission.MANAGE_KEYS)
def dead_letter(request: UserRequest, letter_id: int) -> HttpResponseBase:
    """One refused event: what was wrong with it, and its bytes as text."""
    found = letters.letter_for(letter_id=letter_id, team_ids=teams_of(request.user))
    context = {"letter": found, "text": letters.text_of(found), "now": clock.now(), **_may(request)}
    return render_page(request, "events/dead_letter.html", context, part="body")


@page(Permission.OPERATE, methods=("POST",))
def send_again(request: UserRequest, letter_id: int) -> HttpResponseBase:
    """Send one again, and say what became of it."""
    team_ids = teams_of(request.user)
    sent = replay.send_one(letter_id=letter_id, actor=request.user, now=clock.now(), team_ids=team_ids)
    if sent.refused:
        messages.warning(request, f"Refused again: {sent.detail}")
    else:
        messages.success(request, f"{sent.letter.get_state_display()}.")
    return SeeOther(reverse("events:dead_letter", args=[letter_id]))


@page(Permission.OPERATE, methods=("POST",))
def send_all_again(request: UserRequest) -> HttpResponseBase:
    """Send all of a filter again, in the background."""
    asked = letters.Asked.of(request.POST.dict())
    made = replay.ask_for_all(asked=asked, actor=request.user, now=clock.now(), team_ids=teams_of(request.user))
    if made is None:
        messages.info(request, "None of these can be sent again.")
    else:
        messages.success(request, f"{made.total:,} refused event{'' if made.total == 1 else 's'} will be sent again.")
    return SeeOther(reverse("events:dead_letters"))


def _may(request: UserRequest) -> dict[str, object]:
    return {
        "may_operate": may(request.user, Permission.OPERATE),
        "why_not": reason_against(Permission.OPERATE),
    }
