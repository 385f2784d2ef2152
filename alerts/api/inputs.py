"""What may be asked of alerts and said to them."""

from dataclasses import fields
from typing import Any

from rest_framework import serializers

from alerts.api.parts import SEVERITIES, Seen
from alerts.models import Fault, Reason, Status
from alerts.selectors import QueueFilters
from alerts.triage import MAX_TEXT
from soc.web.api.inputs import LARGEST_ID, Id, Moment, PageQuery, Strict, Whole

MOST_SELECTED = 500
SORTS = ("urgent", "newest", "oldest")
LACKS, GROUPINGS = ("host", "user", "both"), ("rule", "host", "user")
PERSON = rf"^(me|nobody|[1-9][0-9]{{0,{len(str(LARGEST_ID)) - 2}}})?$"
_TAKEN = {one.name for one in fields(QueueFilters)}


def _text(limit: int, help_text: str, **more: Any) -> serializers.CharField:
    told: dict[str, Any] = {"required": False, "default": "", "allow_blank": True, "help_text": help_text}
    return serializers.CharField(max_length=limit, **told, **more)


class FilterQuery(Strict):
    """The filters of the queue; every one may be left out."""

    status = serializers.MultipleChoiceField(choices=Status.choices, required=False, help_text="Any of these.")
    severity = serializers.MultipleChoiceField(choices=list(SEVERITIES), required=False, help_text="Any of these.")
    rule = _text(64, "The id of a rule.")
    technique = _text(20, "An ATT&CK technique: T1059, T1059.006.")
    host = _text(255, "host.name, exactly.", trim_whitespace=False)
    user = _text(255, "user.name, exactly.", trim_whitespace=False)
    lacks = serializers.ChoiceField(
        choices=LACKS, required=False, default="", allow_blank=True, help_text="Only what has none of this."
    )
    assignee = serializers.RegexField(
        PERSON, required=False, default="", allow_blank=True, help_text="`me`, `nobody`, or the id of a person."
    )
    tag = _text(255, "A tag of the rule.")
    team = Id(required=False, default=None, help_text="One of one's teams.")
    since = Moment(required=False, default=None, help_text="Raised from then on.")
    until = Moment(required=False, default=None, help_text="Raised before then.")
    closed_since = Moment(required=False, default=None)
    kql = _text(4_000, "KQL over the source event and kibana.alert.*; a search stops at 10,000 alerts or 3 seconds.")
    building_blocks = Whole(required=False, default=False, help_text="Also alerts of building-block rules.")
    past_target = Whole(required=False, default=False, help_text="Only those open longer than their target.")


class QueueQuery(FilterQuery, PageQuery):
    """A page of the queue."""

    sort = serializers.ChoiceField(choices=SORTS, required=False, default="urgent")


class GroupsQuery(FilterQuery):
    """A page of the queue's groups."""

    by = serializers.ChoiceField(choices=GROUPINGS, required=False, default="rule")
    page = serializers.IntegerField(min_value=1, max_value=999, required=False, default=1)


class HistogramQuery(FilterQuery):
    """A histogram of the queue; `kql` does not narrow it."""

    buckets = serializers.IntegerField(min_value=1, max_value=200, required=False, default=96)


def filters_of(asked: dict[str, Any]) -> QueueFilters:
    """The filters of a checked query."""
    values: dict[str, Any] = {
        "statuses": tuple(asked.get("status", ())),
        "severities": tuple(sorted(SEVERITIES[name] for name in asked.get("severity", ()))),
        "rule_id": asked["rule"],
        "technique": asked["technique"],
        "host": asked["host"],
        "user_name": asked["user"],
        "lacks": asked["lacks"],
        "assignee": asked["assignee"],
        "tag": asked["tag"],
        "team_id": asked["team"],
        "since": asked["since"],
        "until": asked["until"],
        "closed_since": asked["closed_since"],
        "kql": asked["kql"],
        "building_blocks": asked["building_blocks"],
        "past_target": asked["past_target"],
        "sort": asked.get("sort", "urgent"),
    }
    return QueueFilters(**{name: value for name, value in values.items() if name in _TAKEN})


class Verdict(Strict):
    """Where an alert shall stand. Closing needs a reason, and the reason "other" a note."""

    status = serializers.ChoiceField(choices=Status.choices)
    reason = serializers.ChoiceField(choices=Reason.choices, required=False, default="")
    fault = serializers.ChoiceField(
        choices=Fault.choices,
        required=False,
        default="",
        allow_blank=True,
        help_text="With the reason `false_positive`: whether the rule's logic or the data was wrong, if one says.",
    )
    note = _text(MAX_TEXT, "Kept in the record.")
    duplicate_of = Id(
        required=False,
        default=None,
        allow_null=True,
        help_text="With the reason `duplicate`: the original. Among several alerts that one stays as it is.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Only a duplicate has an original, and only a false positive a fault."""
        if attrs["fault"] and (attrs["status"], attrs["reason"]) != (Status.CLOSED, Reason.FALSE_POSITIVE):
            raise serializers.ValidationError({"fault": ["Only a false positive has a fault."]})
        if attrs["duplicate_of"] is not None and attrs["reason"] != Reason.DUPLICATE:
            raise serializers.ValidationError({"duplicate_of": ["Only a duplicate has an original."]})
        return attrs


class StatusBody(Verdict):
    """Acknowledge, close or reopen one alert."""

    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class AssignBody(Strict):
    """Give one alert an owner, or none (null)."""

    assignee = Id(allow_null=True)
    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class CommentBody(Strict):
    """A comment; @name calls a colleague."""

    text = serializers.CharField(max_length=MAX_TEXT)


class EscalateBody(Strict):
    """Give one alert to another team's queue, with a note that says why."""

    team = Id()
    note = serializers.CharField(max_length=MAX_TEXT)
    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class Several(Strict):
    """Alerts that an act is done to: all of them or, when one has moved on, none."""

    alerts = serializers.ListField(child=Seen(), min_length=1, max_length=MOST_SELECTED)


class BulkStatusBody(Several, Verdict):
    """Acknowledge, close or reopen alerts."""


class BulkAssignBody(Several):
    """Give alerts an owner, or none (null)."""

    assignee = Id(allow_null=True)


class BulkEscalateBody(Several):
    """Give alerts to another team's queue."""

    team = Id()
    note = serializers.CharField(max_length=MAX_TEXT)


class UndoBody(Strict):
    """The act to take back."""

    group = serializers.UUIDField(help_text="`undo` of the answer to the act.")


class TargetBody(Strict):
    """Within how many seconds alerts of a severity are to be closed."""

    seconds = serializers.IntegerField(min_value=60, max_value=366 * 86_400)
    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


def versions_of(body: dict[str, Any]) -> dict[int, int]:
    """The versions that were seen, by alert."""
    return {seen["id"]: seen["version"] for seen in body["alerts"]}
