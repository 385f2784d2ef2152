"""Which language a search is in: the one the address names, else the one that the person used last on this browser."""

from dataclasses import dataclass
from typing import Any

from django.http.response import HttpResponseBase

from events.completing import Language
from events.pages.clauses import address
from events.pages.rows_asked import as_pipeline
from soc.web.http import UserRequest

_COOKIE = "search_language"
_KEPT_SECONDS = 365 * 86_400
_NAMES = {Language.KQL: "KQL", Language.EQL: "EQL", Language.ESQL: "ES|QL"}
_LANGUAGES = frozenset(one.value for one in Language)


@dataclass(frozen=True, slots=True)
class Choice:
    """A language to change to, and where that leads."""

    name: str
    url: str
    current: bool


def asked_language(request: UserRequest) -> str:
    """The language that an address names; one that names none is in KQL, whoever opens it."""
    asked = request.GET.get("lang", "")
    return asked if asked in _LANGUAGES else Language.KQL.value


def language_of(request: UserRequest) -> str:
    """The language of the search page: an address without anything is in the person's own."""
    if request.GET:
        return asked_language(request)
    whose, _, kept = request.COOKIES.get(_COOKIE, "").partition(":")
    if whose != str(request.user.pk) or kept not in _LANGUAGES:
        return Language.KQL.value
    return kept


def remembered(response: HttpResponseBase, request: UserRequest, language: str) -> HttpResponseBase:
    """The answer, with the language kept where the person chose it."""
    if request.GET.get("lang") in _LANGUAGES:
        kept = f"{request.user.pk}:{language}"
        if request.COOKIES.get(_COOKIE) != kept:
            response.set_cookie(
                _COOKIE, kept, max_age=_KEPT_SECONDS, httponly=True, samesite="Lax", secure=request.is_secure()
            )
    return response


def switch(asked: Any, path: str) -> list[Choice]:
    """The three languages. What was written in KQL goes on in ES|QL; other texts mean nothing in another language."""
    current = getattr(asked, "language", Language.ESQL.value)
    choices = []
    for language, name in _NAMES.items():
        text = asked.text if language.value == current else ""
        if language is Language.ESQL and current == Language.KQL.value:
            text = as_pipeline(asked.text)
        url = address(path, lang=language.value, q=text, from_=asked.start, to=asked.end)
        choices.append(Choice(name, url, language.value == current))
    return choices
