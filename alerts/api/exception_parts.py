"""What requests and answers about exceptions are made of."""

from datetime import datetime, timedelta
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.access import may, reason_against
from accounts.api.answers import PersonName
from accounts.models import User
from accounts.roles import Permission
from alerts.api.answers import Answer, BriefAnswer
from alerts.exceptions import Added
from alerts.forms import REVIEW_AFTER
from alerts.models import Reason
from alerts.triage import MAX_TEXT
from rules.exceptions import MAX_ENTRIES, MAX_NAME, MAX_REASON
from rules.models import ExceptionItem
from rules.storable import is_storable
from soc.web.api.errors import refused
from soc.web.api.inputs import Id, Moment, PageQuery, Strict

LONGEST_LIFE = timedelta(days=180)
STATES = ("in_force", "off", "expired", "any")
_TEXT = {"type": "string", "pattern": "^[^\\x00]*$"}
_PARTS = {
    "field": _TEXT,
    "type": {"type": "string", "enum": ["match", "match_any", "wildcard", "exists", "nested", "list"]},
    "operator": {"type": "string", "enum": ["included", "excluded"]},
    "value": {"oneOf": [_TEXT, {"type": "array", "items": _TEXT}]},
    "case_sensitive": {"type": "boolean"},
}
_PART = {"type": "object", "properties": _PARTS, "required": ["field", "type"], "additionalProperties": False}
_NAMED = {"type": "object", "properties": {"id": _TEXT, "type": _TEXT}, "additionalProperties": False}
_ENTRY = {
    **_PART,
    "description": "One condition in Kibana's schema; the conditions of an exception all have to hold.",
    "properties": {**_PARTS, "list": _NAMED, "entries": {"type": "array", "items": _PART}},
    "example": {"field": "process.parent.name", "type": "match", "operator": "included", "value": "cron"},
}


@extend_schema_field(_ENTRY)
class EntryField(serializers.Field[Any, Any, Any, Any]):
    """A condition. What it means is read by the engine; here only that it can be kept at all."""

    default_error_messages = {"entry": "This is no condition, or holds parts, text or numbers that cannot be kept."}

    def to_internal_value(self, data: Any) -> Any:
        """The entry, if it can be stored."""
        if not is_storable(data):
            self.fail("entry")
        return data

    def to_representation(self, value: Any) -> Any:
        """As it is stored."""
        return value


class ExceptionQuery(PageQuery):
    """The ledger of exceptions."""

    rule = serializers.CharField(max_length=64, required=False, default="", help_text="The id of a rule.")
    state = serializers.ChoiceField(choices=STATES, required=False, default="any")


class EntriesBody(Strict):
    """Conditions to try out."""

    entries = serializers.ListField(child=EntryField(), min_length=1, max_length=MAX_ENTRIES)


class WrittenBody(EntriesBody):
    """What an exception says."""

    reason = serializers.CharField(max_length=MAX_REASON, help_text="Why this is safe.")
    name = serializers.CharField(max_length=MAX_NAME, required=False, default="", allow_blank=True)
    expires_at = Moment(allow_null=True, help_text="At most 180 days ahead; null, for never, needs the engineer role.")


class Overriding(Strict):
    """The true-positive guard, overridden by who may."""

    override_guard_reason = serializers.CharField(
        max_length=MAX_REASON,
        required=False,
        default="",
        allow_blank=True,
        help_text="Save it although it would have hidden a true positive; needs the engineer role.",
    )


class ClosingBody(WrittenBody):
    """An exception, and what to do with the open alerts that it covers."""

    close_matching = serializers.ChoiceField(
        choices=Reason.choices, required=False, allow_null=True, default=None, help_text="Close what it covers as this."
    )
    close_note = serializers.CharField(max_length=MAX_TEXT, required=False, default="", allow_blank=True)


class ExceptionBody(ClosingBody, Overriding):
    """A new exception."""


class DraftBody(ClosingBody):
    """A new exception for review."""

    replaces = Id(required=False, allow_null=True, default=None, help_text="One's own returned draft: it is withdrawn.")


class EditBody(WrittenBody, Overriding):
    """An exception as it shall be."""

    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class DraftChangeBody(WrittenBody):
    """A stored exception as it shall be, for review."""

    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1, help_text="Of the exception, as it was seen.")
    close_matching = serializers.ChoiceField(
        choices=Reason.choices, required=False, allow_null=True, default=None, help_text="Close what it covers as this."
    )
    replaces = Id(
        required=False, allow_null=True, default=None, help_text="One's own change that was returned or waits."
    )


class VersionBody(Strict):
    """The version that was seen."""

    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class EnableBody(VersionBody, Overriding):
    """Switch on again; the guard looks anew."""


class ExceptionAnswer(Answer):
    """An exception."""

    id = serializers.IntegerField()
    rule = serializers.CharField(source="rule_id")
    rule_name = serializers.CharField(source="rule.name")
    name = serializers.CharField()
    entries = serializers.ListField(child=EntryField())
    reason = serializers.CharField()
    owner = PersonName(allow_null=True)
    from_alert = serializers.IntegerField(allow_null=True)
    in_force = serializers.SerializerMethodField()
    enabled = serializers.BooleanField()
    expired = serializers.BooleanField()
    expires_at = Moment(allow_null=True)
    review_at = Moment(allow_null=True)
    version = serializers.IntegerField()
    created_at = Moment()
    updated_at = Moment()

    def get_in_force(self, item: ExceptionItem) -> bool:
        """Whether it takes events out of its rule now."""
        return item.enabled and not item.expired and item.removed_at is None


class ExceptionsAnswer(Answer):
    """A page of the ledger."""

    items = ExceptionAnswer(many=True)
    next = serializers.CharField(allow_null=True)


class MissAnswer(Answer):
    """A condition that the alert does not meet."""

    index = serializers.IntegerField()
    field = serializers.CharField()
    asked = serializers.CharField()
    found = serializers.ListField(child=serializers.CharField())


class LintAnswer(Answer):
    """What is probably not meant."""

    code = serializers.CharField()
    message = serializers.CharField()
    entry = serializers.IntegerField(allow_null=True)


class NumberOf(Answer):
    """How often a value occurs."""

    value = serializers.CharField()
    alerts = serializers.IntegerField()

    def to_representation(self, instance: tuple[str, int]) -> dict[str, Any]:
        """From a pair."""
        return {"value": instance[0], "alerts": instance[1]}


class PreviewAnswer(Answer):
    """What the conditions would have silenced, judged over the events kept with the rule's alerts."""

    total = serializers.IntegerField()
    silenced = serializers.IntegerField()
    by_verdict = serializers.DictField(child=serializers.IntegerField())
    true_positives = BriefAnswer(many=True, help_text="The newest fifty; `by_verdict` counts all.")
    true_positives_elsewhere = serializers.IntegerField(help_text="Of other teams: counted, not named.")
    hosts = NumberOf(many=True)
    users = NumberOf(many=True)
    per_entry = serializers.ListField(child=serializers.IntegerField(), help_text="Alerts left after each condition.")
    open_matching = serializers.IntegerField(help_text="Open alerts that it covers and would close.")
    left_open = serializers.IntegerField(help_text="Open alerts that it covers and leaves: they stand for more.")
    uncovered_hits = serializers.IntegerField(help_text="Hits counted at those, which it may not cover.")
    matches_source = serializers.BooleanField(allow_null=True, help_text="Whether the alert at hand is covered.")
    misses = MissAnswer(many=True)
    lints = LintAnswer(many=True)
    beyond = serializers.IntegerField(help_text="Older alerts that there was no time for.")
    positives_beyond = serializers.IntegerField(
        help_text="True positives that there was no time for, of other teams too; saving looks at all."
    )
    examined_ms = serializers.IntegerField()
    computed_at = Moment()


class SuggestionAnswer(Answer):
    """Conditions to begin with; each is true of the alert's event."""

    entries = serializers.ListField(child=EntryField())


class AddedAnswer(Answer):
    """The new exception, and the alerts that it closed."""

    exception = ExceptionAnswer(source="item")
    closed = serializers.ListField(child=serializers.IntegerField())
    left_open = serializers.ListField(
        child=serializers.IntegerField(), help_text="Covered, but not closed: they also stand for hits counted at them."
    )
    closing = serializers.SerializerMethodField(help_text="Whether a worker closes what it covers: over 200 alerts.")
    undo = serializers.UUIDField(source="group", help_text="Post it to alerts/undo within ten minutes.")

    def get_closing(self, added: Added) -> bool:
        """Then `closed` is empty."""
        return added.act is not None


class ApprovedAnswer(AddedAnswer):
    """The exception that came of a draft: a new one, or the one that the draft changed, with what it let go."""

    released = serializers.IntegerField(default=0, help_text="Held-back events that are alerts now.")


class ChangedAnswer(Answer):
    """The exception after a change, and what became of the events that it held back."""

    exception = ExceptionAnswer(source="item")
    released = serializers.IntegerField(help_text="Held-back events that are alerts now.")
    gone = serializers.IntegerField(help_text="Those that had left storage.")
    over = serializers.IntegerField(help_text="Those beyond the rule's maximum.")
    still_held = serializers.IntegerField(help_text="Those that something else holds back.")
    reopened = serializers.ListField(child=serializers.IntegerField(), default=list)


class DraftAnswer(Answer):
    """An exception that waits for a second pair of eyes."""

    id = serializers.IntegerField()
    alert = serializers.IntegerField(source="alert_id", allow_null=True, help_text="Null for a change.")
    edits = serializers.IntegerField(
        source="edits_id", allow_null=True, help_text="The exception that it would change; null for a new one."
    )
    edits_version = serializers.IntegerField(allow_null=True, help_text="Of that exception, as the author saw it.")
    rule = serializers.CharField(source="rule_id")
    team = serializers.IntegerField(source="team_id")
    name = serializers.CharField()
    entries = serializers.ListField(child=EntryField())
    reason = serializers.CharField()
    expires_at = Moment(allow_null=True)
    review_at = Moment(allow_null=True)
    close_matching = serializers.CharField()
    close_note = serializers.CharField()
    author = PersonName()
    created_at = Moment()
    updated_at = Moment()
    state = serializers.ChoiceField(choices=["waiting", "returned", "approved", "withdrawn"])
    reviewer = PersonName(allow_null=True)
    reviewed_at = Moment(allow_null=True)
    review_note = serializers.CharField()
    exception = serializers.IntegerField(source="item_id", allow_null=True)
    version = serializers.IntegerField()


class DraftsAnswer(Answer):
    """A page of drafts."""

    items = DraftAnswer(many=True)
    next = serializers.CharField(allow_null=True)


class DraftQuery(PageQuery):
    """Drafts of one's teams."""

    state = serializers.MultipleChoiceField(
        choices=["waiting", "returned", "approved", "withdrawn"], required=False, help_text="Any of these."
    )


class ApproveBody(VersionBody, Overriding):
    """Put a draft in force; the guard looks anew."""


class ReturnBody(VersionBody):
    """Ask for a change."""

    note = serializers.CharField(max_length=MAX_REASON)


def ending(user: User, expires_at: datetime | None, now: datetime, kept: datetime | None = None) -> datetime | None:
    """The end that was asked for, if the person may choose it: what the panel offers him, or what the stored one has.

    Raises: ApiError (422).
    """
    if may(user, Permission.OVERRIDE_GUARD) or (expires_at is not None and expires_at == kept):
        return expires_at
    if expires_at is None:
        sentence = f"Say when it ends. One without an end: {reason_against(Permission.OVERRIDE_GUARD)}"
        raise refused("end_needed", sentence, {"expires_at": [sentence]})
    if expires_at > now + LONGEST_LIFE:
        sentence = f"It may last {LONGEST_LIFE.days} days at most. Longer: {reason_against(Permission.OVERRIDE_GUARD)}"
        raise refused("end_too_far", sentence, {"expires_at": [sentence]})
    return expires_at


def looked_at_again(expires_at: datetime | None, now: datetime) -> datetime | None:
    """When an exception without an end is reviewed."""
    return None if expires_at else now + REVIEW_AFTER
