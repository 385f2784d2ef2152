"""Searching events, and one event, for programs: the same query, window and budget as on the search page."""

from datetime import datetime
from typing import Any

import orjson
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from accounts.api.view import ApiView, operation
from accounts.scopes import Scope
from engine import Tree
from events import store
from events.named import uid_in
from events.overlaying import today
from events.pages.asked import MAX_QUERY_LENGTH, USUAL_END, USUAL_START, Asked, read_asked
from events.searching import SearchKey, SearchPage, Window, indices_asked
from events.stored import StoredEvent
from events.summing import histogram
from soc.web.api.errors import bad_request, not_found
from soc.web.api.inputs import Moment, PageQuery, Strict
from soc.web.api.pages import after_of, page_of
from soc.web.paging import sign_key

SALT = "api.events"
MOST_BYTES = 8 * 1024 * 1024
BUDGET_SECONDS = 10.0
Answer = serializers.Serializer[Any]


def _asked(default: str, help_text: str, limit: int = 100) -> serializers.CharField:
    return serializers.CharField(
        max_length=limit, required=False, default=default, allow_blank=True, help_text=help_text
    )


class SpanQuery(Strict):
    """What is searched for, and when."""

    q = _asked("", "KQL; empty for every event.", MAX_QUERY_LENGTH)
    start = _asked(USUAL_START, "A time, or date math: now-24h.")
    end = _asked(USUAL_END, "A time, or date math; not included.")


class SearchQuery(SpanQuery, PageQuery):
    """A page of events, newest first."""


class HistogramQuery(SpanQuery):
    """Events over time."""

    bars = serializers.IntegerField(min_value=1, max_value=200, required=False, default=60)


class DayQuery(Strict):
    """When an event happened, if that is known: it is found faster."""

    day = serializers.DateField(required=False, default=None)


class EventAnswer(Answer):
    """An event as it is stored."""

    id = serializers.SerializerMethodField(help_text="Its uid in hexadecimal.")
    team = serializers.IntegerField(source="team_id")
    day = serializers.DateField()
    index = serializers.CharField()
    time = Moment()
    ingested = Moment()
    document = serializers.SerializerMethodField()

    def get_id(self, event: StoredEvent) -> str:
        """The uid."""
        return event.uid.hex()

    def get_document(self, event: StoredEvent) -> dict[str, Any]:
        """The normalised JSON."""
        document: dict[str, Any] = orjson.loads(event.raw)
        return document


class EventsAnswer(Answer):
    """A page of events."""

    items = EventAnswer(many=True)
    next = serializers.CharField(allow_null=True)
    stopped = serializers.BooleanField(help_text="Ten seconds were over before the page was full; `next` goes on.")
    examined = serializers.IntegerField()


class BarAnswer(Answer):
    """A stretch of time."""

    start = Moment()
    end = Moment()
    count = serializers.IntegerField()


class TotalAnswer(Answer):
    """How many; `capped` or `stopped`: at least so many, and only the newest were counted."""

    number = serializers.IntegerField()
    capped = serializers.BooleanField()
    stopped = serializers.BooleanField()


class EventHistogramAnswer(Answer):
    """Events over time."""

    buckets = BarAnswer(many=True)
    total = TotalAnswer()


class EventSearchView(ApiView):
    """Events that match."""

    @operation(
        "events_search",
        "Search events",
        scope=Scope.EVENTS_READ,
        query=SearchQuery,
        answer=EventsAnswer,
        description="At most eight megabytes and ten seconds an answer; `next` goes on where it stopped.",
    )
    def get(self) -> dict[str, Any]:
        """A page of events."""
        tree, window = _read(self)
        after = after_of(self.query["after"], SALT).values
        before = SearchKey(datetime.fromisoformat(after[0]), bytes.fromhex(after[1])) if after else None
        page = store.search(
            tree=tree,
            window=window,
            team_ids=self.teams,
            indices=indices_asked(tree),
            limit=self.query["limit"],
            before=before,
            budget_seconds=BUDGET_SECONDS,
        )
        events, last = _within_bytes(page)
        next_key = sign_key((last.at.isoformat(), last.uid.hex()), SALT) if last else None
        return page_of(events, next_key, stopped=page.stopped, examined=page.examined)


class EventHistogramView(ApiView):
    """How many match, over time."""

    @operation(
        "events_histogram",
        "Events over time",
        scope=Scope.EVENTS_READ,
        query=HistogramQuery,
        answer=EventHistogramAnswer,
    )
    def get(self) -> Any:
        """The bars."""
        tree, window = _read(self)
        return histogram(
            tree=tree,
            window=window,
            team_ids=self.teams,
            indices=indices_asked(tree),
            bars=self.query["bars"],
            budget_seconds=BUDGET_SECONDS,
        )


class EventView(ApiView):
    """One event."""

    @operation("event_get", "One event", scope=Scope.EVENTS_READ, query=DayQuery, answer=EventAnswer, errors=(404,))
    def get(self, uid: str) -> StoredEvent:
        """The event, while it is stored."""
        named = uid_in(uid)
        found = store.get(team_ids=self.teams, uid=named, day=self.query["day"]) if named else None
        if found is None:
            raise not_found("No event of your teams has this id, or it has left storage.")
        return today([found])[0]


def _read(view: ApiView) -> tuple[Tree, Window]:
    """What is asked, or a 400 that says where it cannot be read."""
    asked = read_asked(view.query["q"], view.query["start"], view.query["end"], view.now)
    if asked.tree is None or asked.window is None:
        raise _mistaken(asked)
    return asked.tree, asked.window


def _mistaken(asked: Asked) -> Exception:
    if asked.mistake is None:
        return ValidationError({"start": [asked.time_mistake]})
    mistake = asked.mistake
    sentence = f"Line {mistake.line}, column {mistake.column}: {mistake.message}. {mistake.hint}".strip()
    return bad_request("bad_query", sentence, {"q": [sentence]})


def _within_bytes(page: SearchPage) -> tuple[list[StoredEvent], SearchKey | None]:
    """As many events as an answer may carry, and where the next one begins."""
    size = 0
    for at, event in enumerate(page.events):
        size += len(event.raw)
        if size > MOST_BYTES and at:
            last = page.events[at - 1]
            return page.events[:at], SearchKey(last.time, last.uid)
    return page.events, page.next
