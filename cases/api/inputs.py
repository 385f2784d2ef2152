"""What may be asked of cases and said to them. How long a text may be, and who may own what, the services say."""

from typing import Any

from rest_framework import serializers

from alerts.api.inputs import PERSON
from alerts.api.parts import SEVERITIES, SeverityName
from cases.checking import MAX_STEP, MAX_TAG, MAX_TAGS, MAX_TASK, MAX_TEXT, MAX_TITLE
from cases.machine import SETTABLE
from cases.models import Entry, Outcome, Phase, Status, Task
from cases.selectors import KINDS, CaseFilters
from soc.web.api.inputs import Id, Moment, PageQuery, Strict, Whole

MOST_ALERTS = 500


def _version() -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=2**31 - 1)


def _text(limit: int, help_text: str = "", **more: Any) -> serializers.CharField:
    return serializers.CharField(
        max_length=limit, required=False, allow_blank=True, help_text=help_text, **{"default": "", **more}
    )


def _ids() -> serializers.ListField:
    return serializers.ListField(child=Id(), min_length=1, max_length=MOST_ALERTS)


def _tags() -> serializers.ListField:
    return serializers.ListField(child=serializers.CharField(max_length=MAX_TAG), max_length=MAX_TAGS, required=False)


class CasesQuery(PageQuery):
    """The list of cases; without `status` everything in hand, and what was closed within seven days."""

    status = serializers.MultipleChoiceField(choices=Status.choices, required=False, help_text="Any of these.")
    severity = serializers.MultipleChoiceField(choices=list(SEVERITIES), required=False, help_text="Any of these.")
    owner = serializers.RegexField(
        PERSON, required=False, default="", allow_blank=True, help_text="`me`, `nobody`, or the id of a person."
    )
    phase = serializers.ChoiceField(choices=Phase.choices, required=False, default="")
    tag = _text(MAX_TAG)
    text = _text(200, "Words of the title, or a number.")
    team = Id(required=False, default=None)
    overdue = Whole(required=False, default=False)
    closed_since = Moment(required=False, default=None)


class AlertsQuery(Strict):
    """Alerts whose cases are asked for."""

    alert = serializers.ListField(child=Id(), min_length=1, max_length=200)


class TimelineQuery(PageQuery):
    """What happened in a case."""

    kind = serializers.ChoiceField(choices=list(KINDS), required=False, default="all")


class NewCaseBody(Strict):
    """A case, of alerts or empty. Without a title it is named after the first alert."""

    team = Id()
    alerts = serializers.ListField(child=Id(), max_length=MOST_ALERTS, required=False, default=list)
    title = _text(MAX_TITLE)
    severity = SeverityName(required=False, allow_null=True, default=None)
    summary = _text(MAX_TEXT, "Markdown.")
    owner = Id(required=False, allow_null=True, default=None)
    next_step = _text(MAX_STEP)
    due_at = Moment(required=False, allow_null=True, default=None)
    tags = _tags()


class ChangeBody(Strict):
    """What to change; what is not named stays."""

    version = _version()
    note = _text(MAX_TEXT, "Kept in the record.")
    title = serializers.CharField(max_length=MAX_TITLE, required=False)
    summary = serializers.CharField(max_length=MAX_TEXT, required=False, allow_blank=True)
    severity = SeverityName(required=False)
    status = serializers.ChoiceField(choices=list(SETTABLE), required=False)
    phase = serializers.ChoiceField(choices=Phase.choices, required=False)
    owner = Id(required=False, allow_null=True)
    next_step = serializers.CharField(max_length=MAX_STEP, required=False, allow_blank=True)
    due_at = Moment(required=False, allow_null=True)
    hold_reason = serializers.CharField(max_length=MAX_STEP, required=False, allow_blank=True)
    wake_at = Moment(required=False, allow_null=True)
    tags = _tags()


class AddAlertsBody(Strict):
    """Alerts that belong to the case."""

    alerts = _ids()


class RemoveAlertBody(Strict):
    """Why the alert does not belong to the case."""

    note = _text(MAX_TEXT)


class EntryBody(Strict):
    """A comment to colleagues, or a note that belongs to the findings; @name calls a colleague."""

    text = serializers.CharField(max_length=MAX_TEXT)
    kind = serializers.ChoiceField(choices=Entry.Kind.choices, required=False, default=Entry.Kind.COMMENT.value)


class NewTaskBody(Strict):
    """Something to be done."""

    text = serializers.CharField(max_length=MAX_TASK)
    owner = Id(required=False, allow_null=True, default=None)
    due_at = Moment(required=False, allow_null=True, default=None)


class TaskBody(Strict):
    """What to change of a task; what is not named stays."""

    version = _version()
    text = serializers.CharField(max_length=MAX_TASK, required=False)
    owner = Id(required=False, allow_null=True)
    due_at = Moment(required=False, allow_null=True)
    state = serializers.ChoiceField(choices=Task.State.choices, required=False)


class StepsBody(Strict):
    """Response steps to take on as tasks."""

    keys = serializers.ListField(child=serializers.CharField(max_length=40), min_length=1, max_length=100)
    owner = Id(required=False, allow_null=True, default=None)


class CloseBody(Strict):
    """What the case turned out to be."""

    version = _version()
    outcome = serializers.ChoiceField(choices=Outcome.choices)
    note = _text(MAX_TEXT)
    close_alerts = Whole(required=False, default=True, help_text="Give its open alerts the verdict of that name.")
    drop_tasks = Whole(required=False, default=False, help_text="Mark open tasks as not needed.")


class ReopenBody(Strict):
    """Go on with a closed case."""

    version = _version()
    note = _text(MAX_TEXT)
    undo = Whole(required=False, default=False, help_text="Within ten minutes: alerts and tasks as before, too.")


def filters_of(asked: dict[str, Any]) -> CaseFilters:
    """The filters of a checked query."""
    return CaseFilters(
        statuses=tuple(sorted(asked.get("status", ()))),
        owner=asked["owner"],
        severities=tuple(sorted(SEVERITIES[name] for name in asked.get("severity", ()))),
        tag=asked["tag"],
        phase=asked["phase"],
        overdue=asked["overdue"],
        text=asked["text"],
        team_id=asked["team"],
        closed_since=asked["closed_since"],
    )
