"""The door that completes queries while they are written: a list of what fits where the cursor stands."""

from django.http import HttpResponse
from django.shortcuts import render

from accounts.access import page
from accounts.selectors import teams_of
from events.completing import Language, offers, standing
from soc.web import clock
from soc.web.http import UserRequest
from soc.web.numbers import whole

_LONGEST = 10_000


@page()
def complete(request: UserRequest) -> HttpResponse:
    """A listbox of options, or an empty one. Places are in UTF-16 units, as browsers count."""
    text = request.GET.get("q", "")[:_LONGEST]
    asked = request.GET.get("lang", "")
    language = Language(asked) if asked in {one.value for one in Language} else Language.KQL
    place = standing(text, _characters(text, request.GET.get("at", "")), language)
    found = offers(
        place,
        language=language,
        of_alerts=request.GET.get("for") == "alerts",
        team_ids=teams_of(request.user),
        now=clock.now(),
    )
    context = {"offers": found, "start": _units(text[: place.start]), "end": _units(text[: place.end])}
    return render(request, "events/_complete.html", context)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _characters(text: str, at: str) -> int:
    """How many characters are before the cursor; at the end where nobody says."""
    if (place := whole(at, 6)) is None:
        return len(text)
    return len(text.encode("utf-16-le", "surrogatepass")[: place * 2].decode("utf-16-le", "replace"))
