"""EQL for programs: sequences and samples over stored events, with the same bounds as on the search page."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from accounts.api.view import ApiView, operation
from accounts.scopes import Scope
from engine import LanguageError, PatternError
from engine.languages.eql import EqlQuery, parse_eql
from engine.times import TimeExpressionError
from events.pages.asked import MAX_QUERY_LENGTH, USUAL_END, USUAL_START, window_of
from events.searching import Question, Window, indices_asked, search
from events.sequences import MOST_MATCHES, MOST_PIPED, Found, Together, find, piped
from events.stored import StoredEvent
from soc.web.api.errors import bad_request
from soc.web.api.inputs import Strict

_SECONDS = 10.0
Answer = serializers.Serializer[Any]


class EqlBody(Strict):
    """A query and the time that it is asked about."""

    query = serializers.CharField(max_length=MAX_QUERY_LENGTH, trim_whitespace=False, help_text="EQL.")
    start = serializers.CharField(
        max_length=100, required=False, default=USUAL_START, help_text="A time, or date math: now-24h."
    )
    end = serializers.CharField(
        max_length=100, required=False, default=USUAL_END, help_text="A time, or date math, not included."
    )
    limit = serializers.IntegerField(
        min_value=1, max_value=MOST_MATCHES, required=False, default=MOST_MATCHES, help_text="Most matches."
    )


class EqlKeyAnswer(Answer):
    """A value that the events share."""

    field = serializers.CharField()
    value = serializers.CharField(allow_null=True)


class EqlEventAnswer(Answer):
    """An event of a match: events/{uid} has all of it."""

    step = serializers.IntegerField(help_text="Which step it stands at, from 1.")
    missing = serializers.BooleanField(help_text="The step asks for an event that is not there.")
    id = serializers.CharField(allow_null=True, help_text="Its uid in hexadecimal.")
    day = serializers.DateField(allow_null=True)
    time = serializers.DateTimeField(allow_null=True)
    index = serializers.CharField(allow_null=True)


class EqlMatchAnswer(Answer):
    """Events that a query is true of together; of a query for single events each match has one."""

    team = serializers.IntegerField()
    key = EqlKeyAnswer(many=True)
    at = serializers.DateTimeField(help_text="When its last event was.")
    events = EqlEventAnswer(many=True)


class EqlAnswer(Answer):
    """The newest matches, newest first, and what it took."""

    matches = EqlMatchAnswer(many=True)
    number = serializers.IntegerField(help_text="How many there are, of which the newest are here.")
    back_to = serializers.DateTimeField(help_text="From when on the answer is whole.")
    stopped = serializers.CharField(
        allow_blank=True, help_text="Why it does not reach back to the start: time, events, or empty."
    )
    examined = serializers.IntegerField()


class EqlView(ApiView):
    """Matches of a query in EQL."""

    @operation(
        "events_eql",
        "Ask events in EQL",
        scope=Scope.EVENTS_READ,
        body=EqlBody,
        answer=EqlAnswer,
        errors=(422,),
        description="Sequences, samples and single events, the newest first. A search that needs more than ten "
        "seconds, or whose steps let in too many events, answers for the newest part of the time and says from when "
        "on. Where as many run as may run at once, the answer is a 503.",
        examples={
            "shell": {"query": "sequence by host.name with maxspan=1m [process where true] [network where true]"}
        },
    )
    def post(self) -> dict[str, Any]:
        """The matches."""
        query, window = _read(self)
        try:
            return _joined(self, query, window) if query.plan else _single(self, query, window)
        except PatternError as error:
            raise _bad(str(error)) from None


def _read(view: ApiView) -> tuple[EqlQuery, Window]:
    try:
        query = parse_eql(view.body["query"])
        return query, window_of(view.body["start"], view.body["end"], view.now)
    except LanguageError as error:
        raise _bad(f"Line {error.line}, column {error.column}: {error.message}. {error.hint or ''}".strip()) from None
    except PatternError as error:
        raise _bad(str(error)) from None
    except TimeExpressionError as error:
        raise ValidationError({"start": [f"{error}."]}) from None


def _bad(sentence: str) -> Exception:
    return bad_request("bad_query", sentence, {"query": [sentence]})


def _joined(view: ApiView, query: EqlQuery, window: Window) -> dict[str, Any]:
    found = find(
        query,
        window=window,
        team_ids=view.teams,
        now=view.now,
        indices=indices_asked(query.tree),
        most=view.body["limit"],
        seconds=_SECONDS,
    )
    return _answer([_match(one) for one in found.matches], found)


def _answer(matches: list[dict[str, Any]], found: Found) -> dict[str, Any]:
    return {
        "matches": matches,
        "number": found.number,
        "back_to": found.back_to,
        "stopped": found.stopped,
        "examined": found.examined,
    }


def _single(view: ApiView, query: EqlQuery, window: Window) -> dict[str, Any]:
    """Single events: those that the pipes choose, else the newest."""
    question = Question(query.tree, window, view.teams, indices_asked(query.tree))
    back_to, examined = window.start, 0
    if query.pipes:
        events, stopped = piped(query, window=window, team_ids=view.teams, indices=question.indices, seconds=_SECONDS)
    else:
        page = search(
            tree=query.tree,
            window=window,
            team_ids=view.teams,
            indices=question.indices,
            limit=view.body["limit"],
            budget_seconds=_SECONDS,
        )
        events, stopped, examined = page.events, page.stopped, page.examined
        back_to = page.next.at if page.next else back_to
    found = Found([], len(events), back_to, "time" if stopped else "", examined, 0.0)
    return _answer([_alone(event) for event in events[:MOST_PIPED]], found)


def _match(one: Together) -> dict[str, Any]:
    return {
        "team": one.team_id,
        "key": [{"field": field, "value": value} for field, value in one.key],
        "at": one.at,
        "events": [_event(step.step, step.missing, step.event) for step in one.steps],
    }


def _alone(event: StoredEvent) -> dict[str, Any]:
    return {"team": event.team_id, "key": [], "at": event.time, "events": [_event(1, False, event)]}


def _event(step: int, missing: bool, event: StoredEvent | None) -> dict[str, Any]:
    told: dict[str, Any] = dict.fromkeys(("id", "day", "time", "index"))
    if event is not None:
        told = {"id": event.uid.hex(), "day": event.day, "time": event.time, "index": event.index}
    return {"step": step, "missing": missing, **told}
