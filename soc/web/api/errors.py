"""Every refusal of the API in one shape, whoever raised it.

    {"error": {"status": 409, "code": "stale", "detail": "Ana closed AL-17 first.", "stale": {"who": …}}}

`detail` is always a sentence of ours. Packages register what their errors mean (`register`); an error that nobody has
registered is none of ours, so it goes to the log and becomes a 500 without a word of it (soc/web/errors.py).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from engine import ExceptionEntryError, LanguageError
from soc.web.errors import CODES, PageError, trouble

Fields = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Told:
    """What the client is told: a code for programs, a sentence for people, and what belongs to single fields."""

    status: int
    code: str
    detail: str
    fields: Fields = field(default_factory=dict)
    stale: Mapping[str, str | None] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class ApiError(Exception):
    """A refusal that the API itself makes; `told` is the answer."""

    def __init__(self, told: Told) -> None:
        super().__init__(told.code)
        self.told = told


def bad_request(code: str, detail: str, fields: Fields | None = None) -> ApiError:
    """400: the request is not what the description of the API says."""
    return ApiError(Told(400, code, detail, fields or {}))


def refused(code: str, detail: str, fields: Fields | None = None) -> ApiError:
    """422: readable, but it cannot be done as it stands."""
    return ApiError(Told(422, code, detail, fields or {}))


def forbidden(code: str, detail: str) -> ApiError:
    """403: not for this person, or not with this key."""
    return ApiError(Told(403, code, detail))


def not_found(detail: str = "") -> ApiError:
    """404: not there, or of a team that the person is not in; the two are never told apart."""
    return ApiError(Told(404, "not_found", detail or trouble(404).sentence))


_REGISTERED: dict[type[Exception], tuple[int, str]] = {}
_TELLERS: dict[type[Exception], Callable[[Any], Told]] = {}


def register(known: Mapping[type[Exception], tuple[int, str]]) -> None:
    """Say what errors of a package mean: status and code. Their `message` or `reason` must be fit for a client."""
    _REGISTERED.update(known)


def register_teller(kind: type[Exception], teller: Callable[[Any], Told]) -> None:
    """Say what one error means, where it takes more than its status."""
    _TELLERS[kind] = teller


def handle(error: Exception, _context: Mapping[str, Any]) -> Response | None:
    """The answer for an exception that a view let through; None for one that is not meant for clients."""
    told = told_of(error)
    return None if told is None else answer(told)


def answer(told: Told) -> Response:
    """The error as a response."""
    content: dict[str, Any] = {"status": told.status, "code": told.code, "detail": told.detail}
    if told.fields:
        content["fields"] = {name: list(sentences) for name, sentences in told.fields.items()}
    if told.stale is not None:
        content["stale"] = dict(told.stale)
    response = Response({"error": content}, status=told.status)
    for name, value in told.headers.items():
        response[name] = value
    return response


def told_of(error: Exception) -> Told | None:
    """What an exception means to a client, as far as anybody said."""
    if isinstance(error, ApiError):
        return error.told
    if isinstance(error, exceptions.ValidationError):
        return _invalid(error)
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    if isinstance(error, LanguageError):
        return _of_query(error)
    if isinstance(error, ExceptionEntryError):
        place = f"entries.{error.index}"
        return Told(422, "bad_entry", _sentence_of(error), {place: [error.message]})
    for kind in type(error).__mro__:
        if kind in _TELLERS:
            return _TELLERS[kind](error)
        if kind in _REGISTERED:
            status, code = _REGISTERED[kind]
            return Told(status, code, _sentence_of(error) or trouble(status).sentence, _fields_of(error), _stale(error))
    return _of_django(error)


def _of_django(error: Exception) -> Told | None:
    if isinstance(error, PageError):
        return Told(error.status, CODES.get(error.status, "refused"), error.sentence)
    if isinstance(error, Http404):
        return not_found().told
    if isinstance(error, PermissionDenied):
        return Told(403, "not_allowed", _sentence_of(error) or trouble(403).sentence)
    return None


def _sentence_of(error: Exception) -> str:
    """The sentence that our own errors carry for people."""
    for name in ("message", "reason", "sentence"):
        text = getattr(error, name, "")
        if isinstance(text, str) and text:
            return text
    return ""


def _fields_of(error: Exception) -> Fields:
    name, sentence = getattr(error, "field", ""), _sentence_of(error)
    return {name: [sentence]} if isinstance(name, str) and name and sentence else {}


def _stale(error: Exception) -> Mapping[str, str | None] | None:
    """Who did what when, of an error that says somebody was first."""
    who, what = getattr(error, "who", None), getattr(error, "what", "changed")
    if not isinstance(who, str) or not isinstance(what, str):
        return None
    when = getattr(error, "when", None)
    return {"who": who, "what": what, "when": when.isoformat() if isinstance(when, datetime) else None}


def _of_query(error: LanguageError) -> Told:
    place = f"Line {error.line}, column {error.column}: {error.message}"
    sentences = [place, error.hint] if error.hint else [place]
    return Told(400, "bad_query", " ".join(sentences), {"kql": sentences})


_FRAMEWORK: Mapping[type[exceptions.APIException], tuple[str, str]] = {
    exceptions.ParseError: ("malformed", "The body is not what its content type says."),
    exceptions.NotAuthenticated: ("not_authenticated", "Present a key: Authorization: ApiKey <key>."),
    exceptions.AuthenticationFailed: ("not_authenticated", "Present a key: Authorization: ApiKey <key>."),
    exceptions.PermissionDenied: ("not_allowed", "Your role or your team does not allow this."),
    exceptions.NotFound: ("not_found", "This is not there."),
    exceptions.MethodNotAllowed: ("method_not_allowed", "This address does not take this method; see Allow."),
    exceptions.NotAcceptable: ("not_acceptable", "The answer is JSON."),
    exceptions.UnsupportedMediaType: ("unsupported_type", "Send the body as application/json."),
}


def _of_framework(error: exceptions.APIException) -> Told | None:
    """What the framework refuses, in our words. Its own 500 is not for clients."""
    if error.status_code >= 500:
        return None
    headers = {"WWW-Authenticate": "ApiKey"} if error.status_code == 401 else {}
    for kind in type(error).__mro__:
        if kind in _FRAMEWORK:
            return Told(error.status_code, *_FRAMEWORK[kind], headers=headers)
    return Told(error.status_code, "refused", trouble(error.status_code).sentence, headers=headers)


def _invalid(error: exceptions.ValidationError) -> Told:
    fields = dict(_flat("", error.detail))
    first = next(iter(fields.items()), ("body", ["This could not be read."]))
    return Told(400, "invalid", f"{first[0]}: {first[1][0]}", fields)


def _flat(path: str, detail: Any) -> list[tuple[str, list[str]]]:
    """The sentences by field; a field inside another as "entries.0.value"."""
    if isinstance(detail, Mapping):
        inside = [_flat(_below(path, str(name)), value) for name, value in detail.items() if value]
        return [pair for pairs in inside for pair in pairs]
    if isinstance(detail, list) and any(isinstance(value, Mapping | list) for value in detail):
        inside = [_flat(_below(path, str(at)), value) for at, value in enumerate(detail) if value]
        return [pair for pairs in inside for pair in pairs]
    sentences = [str(value) for value in detail] if isinstance(detail, list) else [str(detail)]
    return [(path or "body", sentences)]


def _below(path: str, name: str) -> str:
    name = "body" if name == "non_field_errors" and not path else name
    if name == "non_field_errors":
        return path
    return f"{path}.{name}" if path else name
