"""What is said after an act: a sentence at the foot of the page, with the way to undo it for ten minutes."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from soc.web.answers import SeeOther
from soc.web.htmx import render_page, wants_part
from soc.web.http import UserRequest

KEY = "alerts.said"
FINAL = "final"
"""In place of the address of an undo: there is none, and none of what was done before."""


class Offer(StrEnum):
    """What is offered after an alert was closed."""

    CASE = "case"
    EXCEPTION = "exception"
    TUNE = "tune"


@dataclass(frozen=True, slots=True)
class Spoken:
    """One sentence; `group` names the act to undo; `problem` says that it is bad news.

    `offers` are what to do next about the `alerts`. `act`: what a worker does of it meanwhile, shown with its progress
    and its own undo.
    """

    text: str
    group: UUID | None = None
    problem: bool = False
    offers: tuple[Offer, ...] = ()
    alerts: tuple[int, ...] = ()
    act: UUID | None = None


def say(request: UserRequest, spoken: Spoken) -> None:
    """Keep the sentence for the next alert page; it goes into the session, since Django's messages know no undo."""
    group = str(spoken.group or "")
    request.session[KEY] = [spoken.text, group, spoken.problem, list(spoken.offers), list(spoken.alerts)]
    request.session[KEY].append(str(spoken.act or ""))


def tell(request: UserRequest, spoken: Spoken, undo_url: str = FINAL) -> None:
    """The sentence for whichever page comes next. Without an undo of its own an act has what was done before it
    forgotten, so that `z` never takes back what the person was not looking at; a problem changed nothing.
    """
    level = messages.ERROR if spoken.problem else messages.SUCCESS
    messages.add_message(request, level, spoken.text, extra_tags="" if spoken.problem else undo_url)


def said(request: UserRequest) -> Spoken | None:
    """What was kept, once."""
    kept = request.session.pop(KEY, None)
    if not kept:
        return None
    text, group, problem, *rest = kept  # a session from before there were offers has no rest
    offers, alerts, act = [*rest, "", "", ""][:3]
    named = tuple(Offer(offer) for offer in offers)
    return Spoken(text, _uuid(group), problem, named, tuple(alerts), _uuid(act))


def _uuid(kept: str) -> UUID | None:
    return UUID(kept) if kept else None


def answer(
    request: UserRequest,
    spoken: Spoken,
    *,
    redirect_to: str,
    template: str,
    part: str,
    context: Callable[[], dict[str, Any]],
) -> HttpResponseBase:
    """The changed part with the sentence for htmx; for everybody else a redirect, after which the sentence is shown."""
    if not wants_part(request):
        say(request, spoken)
        return see_other(redirect_to)
    return render_page(request, template, context() | {"spoken": spoken}, part=part)


def fragment(request: UserRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """A template that is only ever a part of a page, so never to be kept for one that a browser asks for itself."""
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request", "HX-Boosted", "HX-History-Restore-Request"])
    return response


def see_other(address: str) -> SeeOther:
    """A redirect after a POST."""
    return SeeOther(address)
