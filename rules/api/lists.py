"""Value lists in the API: read them, fill them, take values out, as agents and feeds do."""

from typing import Any

from django.http.response import HttpResponseBase
from rest_framework import serializers
from rest_framework.response import Response

from accounts.api.view import ApiView, operation
from accounts.models import Change
from accounts.roles import Permission
from accounts.scopes import Scope
from rules import value_lists
from rules.errors import ListGone, ListInUse, ListRefused, StaleList
from rules.list_ids import recorded_id
from rules.models import ValueList
from rules.value_lists import Changed
from rules.value_lists.reading import MAX_VALUES
from rules.value_lists.selectors import Row, list_called, lists, usage_of, values_page
from soc.web.api.errors import Told, register, register_teller
from soc.web.api.inputs import Moment, Strict, Whole

READ, WRITE, MANAGE = Scope.RULES_READ, Scope.LISTS_WRITE, Permission.MANAGE_RULES
Answer = serializers.Serializer[Any]
LARGEST = 2**31 - 1
_LONGEST_LINE = 20_000  # so that one that is too long still fits into a request, and is told so

register({ListInUse: (409, "in_use")})


def _refused(error: ListRefused) -> Told:
    lines = [f"Line {number}: {why}" for number, why in error.lines]
    return Told(422, "invalid", error.message, fields={error.field: lines or [error.message]})


def _stale(error: StaleList) -> Told:
    last = (
        Change.objects.filter(object_type="value list", object_id=recorded_id(error.list_id))
        .order_by("-at", "-pk")
        .first()
    )
    who, verb = (last.actor_name or "Watchbill", last.verb) if last else ("Somebody", "change")
    return Told(409, "stale", error.message, stale={"who": who, "what": verb, "when": error.changed_at.isoformat()})


register_teller(ListRefused, _refused)
register_teller(StaleList, _stale)
register_teller(ListGone, lambda _error: Told(404, "not_found", "There is no such list."))


class ValuesQuery(Strict):
    """A page of a list's values."""

    q = serializers.CharField(max_length=200, required=False, default="", allow_blank=True, help_text="A part of them.")
    after = serializers.IntegerField(min_value=0, max_value=LARGEST, required=False, default=0)
    limit = serializers.IntegerField(min_value=1, max_value=1_000, required=False, default=100)


def _lines(required: bool = True) -> serializers.ListField:
    child = serializers.CharField(max_length=_LONGEST_LINE, allow_blank=True, trim_whitespace=False)
    told = "Values, or the lines of a table's CSV, its header first. A request holds up to a megabyte; append the rest."
    return serializers.ListField(child=child, max_length=MAX_VALUES + 1, required=required, help_text=told)


class NewListBody(Strict):
    """A list."""

    list_id = serializers.CharField(max_length=128)
    name = serializers.CharField(max_length=255, required=False, default="", allow_blank=True)
    description = serializers.CharField(max_length=2_000, required=False, default="", allow_blank=True)
    type = serializers.ChoiceField(choices=ValueList.Type.values)
    values = _lines(required=False)
    skip_bad = Whole(required=False, default=False)


class AddValuesBody(Strict):
    """Values to add."""

    values = _lines()
    skip_bad = Whole(required=False, default=False, help_text="Pass over what cannot be read, instead of nothing.")


class ReplaceValuesBody(AddValuesBody):
    """What the list is to hold."""

    version = serializers.IntegerField(min_value=1, max_value=LARGEST, required=False, help_text="As it was read.")


class RemoveValuesBody(Strict):
    """Values to take out."""

    values = _lines()


class ListAnswer(Answer):
    """A list, without its values."""

    list_id = serializers.CharField(source="value_list.pk")
    name = serializers.CharField(source="value_list.name")
    description = serializers.CharField(source="value_list.description")
    type = serializers.ChoiceField(choices=ValueList.Type.values, source="value_list.type")
    columns = serializers.JSONField(source="value_list.columns")
    count = serializers.IntegerField(source="value_list.count")
    version = serializers.IntegerField(source="value_list.version")
    updated_at = Moment(source="value_list.updated_at")
    exceptions = serializers.IntegerField(help_text="How many exceptions ask for it.")
    rules = serializers.IntegerField(help_text="How many rules join it.")


class ListsAnswer(Answer):
    """Every list."""

    items = ListAnswer(many=True)


class ValuesAnswer(Answer):
    """Some values; a row of a table is a list of its cells. `after` asks for what follows."""

    items = serializers.JSONField()
    found = serializers.IntegerField()
    after = serializers.IntegerField(allow_null=True)


class BadLineAnswer(Answer):
    """A line that was passed over."""

    line = serializers.IntegerField()
    why = serializers.CharField()

    def to_representation(self, instance: tuple[int, str]) -> dict[str, Any]:
        """From the pair that the service gives."""
        return dict(zip(("line", "why"), instance, strict=True))


class EffectAnswer(Answer):
    """What became of true positives, and of events that exceptions held back."""

    hides = serializers.IntegerField(help_text="True positives that are hidden now and were not; the owners are told.")
    alerts = serializers.IntegerField(help_text="Held-back events that are alerts now.")
    waiting = serializers.IntegerField(help_text="Held-back events that are still to be looked at again.")


class ListChangedAnswer(Answer):
    """What came of the lines."""

    list_id = serializers.CharField(source="value_list.pk")
    version = serializers.IntegerField(source="value_list.version")
    count = serializers.IntegerField(source="value_list.count")
    added = serializers.IntegerField()
    removed = serializers.IntegerField()
    duplicates = serializers.IntegerField(help_text="That were there already, or came twice.")
    passed = serializers.IntegerField(help_text="That could not be read, or were not there.")
    bad = BadLineAnswer(many=True, help_text="The first of those that could not be read.")
    effect = EffectAnswer(help_text="What it means to the exceptions that ask for the list.")
    kept_off = serializers.IntegerField(
        help_text="Imported exceptions that waited for the list and stay off, since they would hide true positives."
    )


class ListsView(ApiView):
    """All lists."""

    @operation("lists_list", "Value lists and tables", scope=READ, answer=ListsAnswer)
    def get(self) -> dict[str, Any]:
        """All of them: there are at most a thousand. Three queries."""
        return {"items": lists()}

    @operation(
        "list_create",
        "Make a value list or table",
        scope=WRITE,
        may_who=MANAGE,
        body=NewListBody,
        answer=ListChangedAnswer,
        status=201,
        errors=(422,),
        examples={"scanners": {"list_id": "scanners", "type": "ip_range", "values": ["192.0.2.0/28"]}},
    )
    def post(self) -> Changed:
        """With its values, if it has any yet."""
        told = dict(self.body)
        lines = told.pop("values", ())
        return value_lists.create_list(lines=lines, **told, **self.acting)


class ListView(ApiView):
    """One list."""

    @operation("list_get", "One value list", scope=READ, answer=ListAnswer, errors=(404,))
    def get(self, list_id: str) -> Row:
        """Without its values. Three queries."""
        return usage_of(list_called(list_id))

    @operation(
        "list_remove",
        "Remove a value list that nothing asks for",
        scope=WRITE,
        may_who=MANAGE,
        answer=None,
        status=204,
        errors=(404, 409),
    )
    def delete(self, list_id: str) -> HttpResponseBase:
        """Refused (409) while an exception or rule asks for it."""
        value_lists.remove_list(list_id=list_id, version=None, **self.acting)
        return Response(status=204)


class ValuesView(ApiView):
    """What is in a list."""

    @operation("list_values", "Values of a list", scope=READ, query=ValuesQuery, answer=ValuesAnswer, errors=(404,))
    def get(self, list_id: str) -> Any:
        """A page of values."""
        return values_page(list_called(list_id), **self.query)

    @operation(
        "list_append",
        "Add values to a list",
        scope=WRITE,
        may_who=MANAGE,
        body=AddValuesBody,
        answer=ListChangedAnswer,
        errors=(404, 409, 422),
        description="What is there already is counted, so that sending the same again changes nothing.",
        examples={"two": {"values": ["192.0.2.7", "198.51.100.0/24"]}},
    )
    def post(self, list_id: str) -> Changed:
        """In force from the next claim on."""
        return value_lists.append_values(
            list_id=list_id, lines=self.body["values"], skip_bad=self.body["skip_bad"], **self.acting
        )

    @operation(
        "list_replace",
        "Let a list hold these values and no others",
        scope=WRITE,
        may_who=MANAGE,
        body=ReplaceValuesBody,
        answer=ListChangedAnswer,
        errors=(404, 409, 422),
    )
    def put(self, list_id: str) -> Changed:
        """With `version`, only while it is the one that was read."""
        told = dict(self.body)
        lines, version = told.pop("values"), told.pop("version", None)
        return value_lists.replace_values(list_id=list_id, lines=lines, version=version, **told, **self.acting)


class RemoveValuesView(ApiView):
    """Values out of a list."""

    @operation(
        "list_remove_values",
        "Take values out of a list",
        scope=WRITE,
        may_who=MANAGE,
        body=RemoveValuesBody,
        answer=ListChangedAnswer,
        errors=(404, 409, 422),
        description="Of a table, the rows whose first column they are.",
    )
    def post(self, list_id: str) -> Changed:
        """What is not in it is counted as passed over."""
        return value_lists.remove_values(list_id=list_id, values=self.body["values"], **self.acting)
