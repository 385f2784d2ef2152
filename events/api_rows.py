"""ES|QL for programs: the same queries, window and bounds as on the search page."""

from datetime import datetime
from typing import Any

import orjson
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from accounts.api.view import ApiView, operation
from accounts.scopes import Scope
from engine import LanguageError
from engine.pipelines.reading import to_json
from engine.pipelines.types import Multivalue
from engine.times import TimeExpressionError
from events.errors import Busy, TooDear
from events.pages.asked import USUAL_END, USUAL_START, window_of
from events.pages.rows_asked import MAX_QUERY_LENGTH, ROWS
from events.pipelines import Prepared, Rows, prepare, run
from events.searching import Window
from soc.web.api.errors import Told, bad_request, refused, register_teller
from soc.web.api.inputs import Strict

MOST_BYTES = 8 * 1024 * 1024
_RETRY_AFTER = {"Retry-After": "5"}
Answer = serializers.Serializer[Any]

register_teller(TooDear, lambda error: Told(422, "too_dear", error.sentence))
register_teller(Busy, lambda error: Told(503, "try_again", error.sentence, headers=_RETRY_AFTER))


class RowsBody(Strict):
    """A query and the time that it is asked about."""

    query = serializers.CharField(max_length=MAX_QUERY_LENGTH, trim_whitespace=False, help_text="ES|QL.")
    start = serializers.CharField(
        max_length=100, required=False, default=USUAL_START, help_text="A time, or date math: now-24h."
    )
    end = serializers.CharField(
        max_length=100,
        required=False,
        default=USUAL_END,
        help_text="A time, or date math, not included; now() is this.",
    )
    limit = serializers.IntegerField(min_value=1, max_value=ROWS, required=False, default=ROWS, help_text="Most rows.")
    multivalue = serializers.ChoiceField(
        [one.value for one in Multivalue],
        required=False,
        default=Multivalue.STRICT.value,
        help_text="What a comparison with a field of several values is: strict: null; any: true when it is of any.",
    )


class RowsColumnAnswer(Answer):
    """A column of the answer."""

    name = serializers.CharField()
    type = serializers.CharField(help_text="As ES|QL calls it; unknown: a field that is in no table of fields.")


class RowsWarningAnswer(Answer):
    """Values that could not be worked out and are null."""

    message = serializers.CharField()
    count = serializers.IntegerField()


class RowEventAnswer(Answer):
    """The event that a row is."""

    id = serializers.CharField(help_text="Its uid in hexadecimal: events/{uid} has all of it.")
    day = serializers.DateField()


@extend_schema_field({"type": "array", "items": {"type": "array", "items": {}}})
class _Values(serializers.Field[Any, Any, Any, Any]):
    """Rows of JSON values, built already."""

    def to_representation(self, value: Any) -> Any:
        return value


class RowsAnswer(Answer):
    """The first rows of a query, and what it took."""

    columns = RowsColumnAnswer(many=True)
    rows = _Values(help_text="A list of values for each row; several values of a cell are a list.")
    events = RowEventAnswer(many=True, help_text="The event of each row; empty where rows are groups.")
    more = serializers.BooleanField(help_text="There are more rows.")
    stopped = serializers.BooleanField(help_text="Ten seconds were over: only the newest events were looked at.")
    examined = serializers.IntegerField(help_text="Events that were read.")
    seconds = serializers.FloatField()
    warnings = RowsWarningAnswer(many=True)


class EventRowsView(ApiView):
    """Rows of a pipeline."""

    @operation(
        "events_esql",
        "Ask events in ES|QL",
        scope=Scope.EVENTS_READ,
        body=RowsBody,
        answer=RowsAnswer,
        errors=(422,),
        description="The first rows, at most eight megabytes of them. A query that needs all events before it has a "
        "row and takes longer than ten seconds, or too much memory, is refused (too_dear). Where as many run as may "
        "run at once, the answer is a 503.",
        examples={"shells": {"query": 'FROM logs-* | WHERE process.name == "sh" | STATS n = COUNT(*) BY host.name'}},
    )
    def post(self) -> dict[str, Any]:
        """The rows."""
        prepared, window, now = _read(self)
        return _answer(run(prepared, window=window, team_ids=self.teams, now=now))


def _read(view: ApiView) -> tuple[Prepared, Window, datetime]:
    """What is asked, or a 400 that says where it cannot be read."""
    body = view.body
    try:
        prepared = prepare(body["query"], limit=body["limit"], multivalue=Multivalue(body["multivalue"]))
        window = window_of(body["start"], body["end"], view.now)
    except LanguageError as error:
        sentence = f"Line {error.line}, column {error.column}: {error.message}. {error.hint or ''}".strip()
        raise bad_request("bad_query", sentence, {"query": [sentence]}) from None
    except TimeExpressionError as error:
        raise ValidationError({"start": [f"{error}."]}) from None
    return prepared, window, view.now if body["end"] == USUAL_END else window.end


def _answer(found: Rows) -> dict[str, Any]:
    rows = _within_bytes(found)
    return {
        "columns": [{"name": column.name, "type": column.type.value} for column in found.columns],
        "rows": rows,
        "events": [{"id": event.uid.hex(), "day": event.day} for event in found.events[: len(rows)]],
        "more": found.more or len(rows) < len(found.rows),
        "stopped": found.stopped,
        "examined": found.examined,
        "seconds": round(found.seconds, 3),
        "warnings": [{"message": words, "count": count} for words, count in found.warnings.most_common()],
    }


def _within_bytes(found: Rows) -> list[list[Any]]:
    """As many rows as an answer may carry."""
    rows: list[list[Any]] = []
    size = 0
    for row in found.rows:
        values = [to_json(value) for value in row]
        size += len(orjson.dumps(values, option=orjson.OPT_PASSTHROUGH_DATETIME, default=str))
        if size > MOST_BYTES:
            break
        rows.append(values)
    if found.rows and not rows:
        raise refused(
            "too_large", "The first row alone has more than eight megabytes; MV_SLICE and KEEP make it smaller."
        )
    return rows
