"""How the API describes itself: the shape of errors, how one presents oneself, and what is refused as unknown."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction
from rest_framework import serializers


class Stale(serializers.Serializer[Any]):
    """Who was first."""

    who = serializers.CharField()
    what = serializers.CharField(help_text="What was done, as a verb: closed.")
    when = serializers.DateTimeField(allow_null=True)


class ErrorDetail(serializers.Serializer[Any]):
    """Why a request was refused."""

    status = serializers.IntegerField(help_text="The HTTP status once more.")
    code = serializers.CharField(help_text="For programs; see docs/api.md.")
    detail = serializers.CharField(help_text="A sentence for people.")
    fields = serializers.DictField(  # type: ignore[assignment]  # the name of the answer's part
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="By field or parameter, what is wrong with it.",
    )
    stale = Stale(required=False, help_text="With a 409: who changed the thing since, and how.")
    reference = serializers.CharField(required=False, help_text="Finds the line in the log; also X-Request-Id.")


class Error(serializers.Serializer[Any]):
    """Every refusal. 429 and 503 carry Retry-After, in seconds."""

    error = ErrorDetail()


class StrictExtension(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Says of what a request may hold that there is nothing beside it."""

    target_class = "soc.web.api.inputs.Strict"
    match_subclasses = True
    priority = 1

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        """The usual schema, closed, and with texts that say something where nothing is not taken."""
        usual: Any = auto_schema._map_serializer  # noqa: SLF001  (the way the framework's guide shows)
        schema = usual(self.target, direction, bypass_extensions=True)
        for name, field in self.target.fields.items():
            _not_blank(schema.get("properties", {}).get(name, {}), field)
        return {**schema, "additionalProperties": False}


def _not_blank(schema: dict[str, Any], field: Any) -> None:
    if isinstance(field, serializers.ListField) and field.child is not None:
        _not_blank(schema.get("items", {}), field.child)
    elif isinstance(field, serializers.CharField) and not field.allow_blank:
        schema.setdefault("minLength", 1)
