"""How cases are written in answers."""

from typing import Any

from rest_framework import serializers

from accounts.api.answers import PersonName, TeamName
from alerts.api.answers import BriefAnswer, CountAnswer
from alerts.api.parts import SeverityName
from cases.models import Entry, Outcome, Phase, Status, Task
from cases.selectors import GROUPS
from soc.web.api.inputs import Moment

Answer = serializers.Serializer[Any]
OUTCOMES = [("", "none"), *Outcome.choices]
KINDS = ("comment", "note", "open", "change", "join", "leave", "close", "reopen", "task_add", "task_change")


class CaseAnswer(Answer):
    """A case, without what is in it."""

    id = serializers.IntegerField()
    label = serializers.CharField(source="__str__", help_text="As people name it: CASE-7.")  # type: ignore[assignment]
    version = serializers.IntegerField(help_text="Pass it on with a change.")
    team = serializers.IntegerField(source="team_id")
    title = serializers.CharField()
    summary = serializers.CharField(help_text="Markdown of the person who wrote it: not safe as HTML.")
    severity = SeverityName()
    status = serializers.ChoiceField(choices=Status.choices)
    phase = serializers.ChoiceField(choices=Phase.choices)
    owner = PersonName(allow_null=True)
    next_step = serializers.CharField()
    due_at = Moment(allow_null=True)
    hold_reason = serializers.CharField()
    wake_at = Moment(allow_null=True)
    tags = serializers.ListField(child=serializers.CharField())
    outcome = serializers.ChoiceField(choices=OUTCOMES, help_text="Empty while it is not closed.")
    closing_note = serializers.CharField()
    opened_at = Moment()
    closed_at = Moment(allow_null=True)
    updated_at = Moment()
    demo = serializers.BooleanField()


class CaseRowAnswer(Answer):
    """A case as the list shows it."""

    group = serializers.ChoiceField(choices=list(GROUPS), help_text="When it wants attention.")
    case = CaseAnswer()
    line = serializers.CharField(help_text="What it is about, or what it waits for.")
    tasks_done = serializers.IntegerField()
    tasks_total = serializers.IntegerField()
    alerts = serializers.IntegerField()


class TabsAnswer(Answer):
    """How many cases stand in each tab, whatever the other filters."""

    current = CountAnswer()
    mine = CountAnswer()
    on_hold = CountAnswer()
    overdue = CountAnswer()
    closed = CountAnswer()


class CasesAnswer(Answer):
    """A page of cases: overdue first, then by their dates, on hold, closed lately."""

    items = CaseRowAnswer(many=True)
    next = serializers.CharField(allow_null=True)
    total = CountAnswer()
    counts = TabsAnswer()


class TaskAnswer(Answer):
    """Something to be done."""

    id = serializers.IntegerField()
    version = serializers.IntegerField(help_text="Pass it on with a change.")
    text = serializers.CharField()
    origin = serializers.CharField(help_text="The response step that it came from; empty: somebody's own.")
    owner = PersonName(allow_null=True)
    due_at = Moment(allow_null=True)
    state = serializers.ChoiceField(choices=Task.State.choices)
    settled_by = PersonName(allow_null=True)
    settled_at = Moment(allow_null=True)
    created_at = Moment()


class TasksAnswer(Answer):
    """Tasks: open ones first."""

    items = TaskAnswer(many=True)


class CaseAlertAnswer(Answer):
    """An alert in the case."""

    id = serializers.IntegerField(source="alert_id")
    added_at = Moment()
    alert = BriefAnswer(source="brief", allow_null=True, help_text="Null: another team has it by now.")
    moved_to = serializers.CharField(help_text="That team; mostly empty.")


class EntityAnswer(Answer):
    """A host, user, address or hash."""

    value = serializers.CharField()
    alerts = serializers.IntegerField()
    first = Moment()
    last = Moment()


class EntitiesAnswer(Answer):
    """What the case is about; addresses and hashes come from the events of the first `read` of `total` alerts."""

    hosts = EntityAnswer(many=True)
    users = EntityAnswer(many=True)
    addresses = EntityAnswer(many=True)
    hashes = EntityAnswer(many=True)
    total = serializers.IntegerField()
    read = serializers.IntegerField()


class ChainAnswer(Answer):
    """A tactic, in the order in which they were first seen."""

    tactic = serializers.CharField(source="tactic_id")
    name = serializers.CharField()
    alerts = serializers.IntegerField()
    first = Moment()


class FieldChangeAnswer(Answer):
    """What a change did to one field."""

    field = serializers.CharField()
    old = serializers.CharField()
    new = serializers.CharField()


class MomentAnswer(Answer):
    """One thing that happened."""

    at = Moment()
    actor = serializers.CharField()
    kind = serializers.ChoiceField(choices=KINDS)
    words = serializers.CharField(help_text="The rest of a sentence that begins with the actor.")
    text = serializers.CharField(help_text="Markdown in the person's own words: not safe as HTML.")
    changes = FieldChangeAnswer(many=True)
    alerts = serializers.ListField(child=serializers.IntegerField(), source="alert_numbers")
    task = serializers.CharField()
    entry = serializers.IntegerField(source="entry_id", allow_null=True)


class TimelineAnswer(Answer):
    """What happened, newest first."""

    items = MomentAnswer(many=True)
    next = serializers.CharField(allow_null=True)


class CasePageAnswer(Answer):
    """Everything that a case's page shows; older moments are at cases/{id}/timeline."""

    case = CaseAnswer()
    opened_by = PersonName(allow_null=True)
    team = TeamName()
    alerts = CaseAlertAnswer(many=True, help_text="At most 500.")
    tasks = TaskAnswer(many=True)
    entities = EntitiesAnswer()
    chain = ChainAnswer(many=True)
    timeline = TimelineAnswer()


class JoinedAnswer(Answer):
    """Which alerts came into the case, and which were there."""

    added = serializers.ListField(child=serializers.IntegerField())
    already = serializers.ListField(child=serializers.IntegerField())


class EntryAnswer(Answer):
    """What was written."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=Entry.Kind.choices)
    at = Moment()
    author = PersonName()
    text = serializers.CharField()


class OfferedAnswer(Answer):
    """A response step that is no task yet."""

    key = serializers.CharField()
    text = serializers.CharField()
    origin = serializers.CharField()
    rule_name = serializers.CharField()


class StepsAnswer(Answer):
    """The response steps of the guides of the case's alerts that nobody has taken."""

    items = OfferedAnswer(many=True)


class ClosedAnswer(Answer):
    """The case, and the alerts whose status went with it."""

    case = CaseAnswer()
    alerts = serializers.ListField(child=serializers.IntegerField())


class CaseOfAlertAnswer(Answer):
    """The case that an alert is in."""

    alert = serializers.IntegerField()
    case = serializers.IntegerField()
    title = serializers.CharField()
    status = serializers.ChoiceField(choices=Status.choices)


class CasesOfAlertsAnswer(Answer):
    """Those of the alerts that are in a case."""

    items = CaseOfAlertAnswer(many=True)
