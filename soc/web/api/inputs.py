"""What a request may say: each part named, typed and bounded; a part that nobody knows is refused by its name."""

from collections.abc import Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

from django.http import QueryDict
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

LARGEST_ID = 2**63 - 1
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
MOST_AT_ONCE = 200


class Strict(serializers.Serializer[Any]):
    """A part of a request. What it does not name is refused: a misspelt filter must not list everything."""

    def to_internal_value(self, data: Any) -> Any:
        """The checked values. Raises: ValidationError."""
        if isinstance(data, Mapping):
            unknown = sorted(set(map(str, data)) - set(self.fields))
            if unknown:
                raise serializers.ValidationError({name[:100]: [self._unknown(name)] for name in unknown[:20]})
        return super().to_internal_value(data)

    def _unknown(self, name: str) -> str:
        near = get_close_matches(name, list(self.fields), n=1)
        return f"Unknown; did you mean {near[0]}?" if near else "Unknown."


class Moment(serializers.DateTimeField):
    """A moment in ISO 8601. In a request it says its offset ("Z" or "+02:00"); in an answer it is UTC."""

    default_error_messages = {
        "naive": "Say the offset from UTC, such as 2026-11-21T14:05:00Z.",
        "far": "Say a time between 1970 and 2200.",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default_timezone=UTC, **kwargs)

    def enforce_timezone(self, value: datetime) -> datetime:
        """Aware UTC; refuses what does not say its offset."""
        if value.tzinfo is None:
            self.fail("naive")
        aware: datetime = super().enforce_timezone(value)
        if not EARLIEST <= aware < LATEST:
            self.fail("far")
        return aware


class Id(serializers.IntegerField):
    """The number of something stored."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=LARGEST_ID, **kwargs)


class Whole(serializers.BooleanField):
    """True or false, in a body as JSON says it."""

    def to_internal_value(self, data: Any) -> bool:
        """Only the two values; in a query string their words."""
        if data in ("true", "false"):
            return bool(data == "true")
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class PageQuery(Strict):
    """Every list: how many rows, and where to go on."""

    limit = serializers.IntegerField(
        min_value=1, max_value=MOST_AT_ONCE, required=False, default=50, help_text="Rows in an answer."
    )
    after = serializers.CharField(
        max_length=2_000,
        required=False,
        default="",
        allow_blank=True,
        help_text="`next` of the answer before, unchanged.",
    )


def query_data(kind: type[Strict], query: QueryDict) -> dict[str, Any]:
    """A query string as data of a Strict: repeated names only where a list is taken. Raises: ValidationError."""
    several = {
        name
        for name, one in kind().fields.items()
        if isinstance(one, serializers.ListField | serializers.MultipleChoiceField)
    }
    data: dict[str, Any] = {}
    for name, values in query.lists():
        if name in several:
            data[name] = [piece for value in values for piece in str(value).split(",") if piece]
        elif len(values) > 1:
            raise serializers.ValidationError({name[:100]: [ErrorDetail("Say this once.")]})
        else:
            data[name] = values[0]
    return data
