"""How alerts are written in answers: a row of the queue, and everything that an alert's page shows."""

from typing import Any

import orjson
from rest_framework import serializers

from accounts.api.answers import PersonName
from alerts.api.composed import CompositionAnswer, WhyAnswer
from alerts.api.parts import SeverityName
from alerts.evidence_line import without_marks
from alerts.models import Alert, Fault, Kind, Reason, Status
from alerts.selectors import AlertPage, QueueRow
from alerts.undo import Undone
from rules.api.answers import GuideAnswer
from soc.web.api.inputs import Moment

Answer = serializers.Serializer[Any]
REASONS = [("", "none"), *Reason.choices]
FAULTS = [("", "none"), *Fault.choices]


class CountAnswer(Answer):
    """How many: exact up to 10,000, `capped` beyond."""

    number = serializers.IntegerField()
    capped = serializers.BooleanField()


class VerdictsAnswer(Answer):
    """How the closed alerts of the rule were judged."""

    true_positive = serializers.IntegerField()
    benign_positive = serializers.IntegerField()
    false_positive = serializers.IntegerField()
    duplicate = serializers.IntegerField()
    other = serializers.IntegerField()


class AlertAnswer(Answer):
    """An alert, without what it rests on."""

    id = serializers.IntegerField()
    label = serializers.CharField(source="__str__", help_text="As people name it: AL-17.")  # type: ignore[assignment]
    version = serializers.IntegerField(help_text="Pass it on with an act.")
    team = serializers.IntegerField(source="team_id")
    rule = serializers.CharField(source="rule_id")
    name = serializers.CharField()
    severity = SeverityName()
    risk_score = serializers.IntegerField()
    building_block = serializers.BooleanField()
    kind = serializers.ChoiceField(choices=Kind.choices, help_text="What it rests on.")
    shell = serializers.IntegerField(source="shell_id", allow_null=True, help_text="The sequence it is an event of.")
    depth = serializers.IntegerField(help_text="1: it rests on events; 2: on such alerts; and so on.")
    learning = serializers.BooleanField(help_text="It stands for terms met while the rule's history was short.")
    suppressed = serializers.IntegerField(help_text="Hits that were counted here instead of becoming alerts.")
    techniques = serializers.ListField(child=serializers.CharField())
    tags = serializers.ListField(child=serializers.CharField())
    event_time = Moment()
    created_at = Moment()
    host_name = serializers.CharField(allow_null=True)
    user_name = serializers.CharField(allow_null=True)
    evidence = serializers.SerializerMethodField(help_text="The telling value of the event, in a line.")
    status = serializers.ChoiceField(choices=Status.choices)
    reason = serializers.ChoiceField(choices=REASONS, help_text="Why it was closed; empty while it is not.")
    fault = serializers.ChoiceField(choices=FAULTS, help_text="Why a false positive is one; empty where nobody said.")
    assignee = PersonName(allow_null=True)
    acknowledged_at = Moment(allow_null=True, help_text="The first human act.")
    closed_at = Moment(allow_null=True)
    closed_by_exception = serializers.IntegerField(source="closed_by_exception_id", allow_null=True)
    demo = serializers.BooleanField()

    def get_evidence(self, alert: Alert) -> str:
        """The evidence line without the marks of matched values."""
        return without_marks(alert.evidence)


class AlertRow(AlertAnswer):
    """A row of the queue."""

    verdicts = VerdictsAnswer()
    past_target = serializers.BooleanField(help_text="Open for longer than the target of its severity.")

    def to_representation(self, instance: QueueRow) -> dict[str, Any]:
        """The alert and, beside it, how its rule is usually judged."""
        beside = {"verdicts": VerdictsAnswer(instance.verdicts).data, "past_target": instance.past_target}
        return {**AlertAnswer(instance.alert).data, **beside}


class QueueAnswer(Answer):
    """A page of the queue."""

    items = AlertRow(many=True)
    next = serializers.CharField(allow_null=True, help_text="Pass it on as `after`; null at the end.")
    total = CountAnswer()
    stopped = serializers.BooleanField(help_text="A KQL search ended at its budget: there may be more.")
    examined = serializers.IntegerField(help_text="How many alerts the KQL was tried on.")


class AlertGroupAnswer(Answer):
    """The alerts of one rule, host or user."""

    name = serializers.CharField(allow_null=True, help_text="The id of the rule, the host or the user; null for none.")
    severity = SeverityName(help_text="The highest of its alerts.")
    alerts = serializers.IntegerField()
    unowned = serializers.IntegerField(help_text="How many of them nobody owns.")
    past_target = serializers.IntegerField(
        source="late", help_text="Open for longer than the target of their severity."
    )
    rules = serializers.IntegerField(help_text="Of how many rules they are.")
    hosts = serializers.IntegerField(help_text="Of how many hosts they are.")
    oldest = Moment()
    newest = Moment()


class AlertGroupsAnswer(Answer):
    """A page of groups, the gravest first, then the largest."""

    items = AlertGroupAnswer(many=True, source="rows")
    groups = serializers.IntegerField(source="number", help_text="How many groups there are in all.")
    further = serializers.IntegerField(help_text="How many come after this page.")
    alerts = serializers.IntegerField(help_text="How many alerts were grouped.")
    capped = serializers.BooleanField(help_text="There are more alerts than were grouped: each number is the least.")
    examined = serializers.IntegerField(help_text="How many alerts the KQL was tried on.")


class ViewsAnswer(Answer):
    """The tabs above the queue, with how many stand in each."""

    triage = CountAnswer()
    mine = CountAnswer()
    urgent = CountAnswer()
    closed = CountAnswer(help_text="Closed today, by UTC.")
    all = CountAnswer()
    newest = serializers.IntegerField(help_text="The highest number among the alerts one sees; 0 without any.")


class HistogramBar(Answer):
    """One bucket."""

    start = Moment()
    low = serializers.IntegerField()
    medium = serializers.IntegerField()
    high = serializers.IntegerField()
    critical = serializers.IntegerField()


class HistogramAnswer(Answer):
    """Alerts over time."""

    seconds = serializers.IntegerField(help_text="The length of a bucket.")
    buckets = HistogramBar(many=True)


class PartAnswer(Answer):
    """A piece of the sentence above an alert."""

    text = serializers.CharField()
    strong = serializers.BooleanField()


class NewTermsAnswer(Answer):
    """What had not been seen before."""

    fields = serializers.ListField(child=serializers.CharField())  # type: ignore[assignment]
    values = serializers.ListField(child=serializers.CharField())
    history = serializers.CharField()
    history_start = Moment()
    history_end = Moment()
    earlier = Moment(allow_null=True)
    later = Moment(allow_null=True)


class ProcessAnswer(Answer):
    """A process around the event."""

    entity_id = serializers.CharField()
    name = serializers.CharField()
    executable = serializers.CharField()
    command_line = serializers.CharField()
    user = serializers.CharField()
    pid = serializers.CharField()
    time = Moment(allow_null=True)
    event = serializers.SerializerMethodField(help_text="The uid of its event; null when none is stored.")

    def get_event(self, node: Any) -> str | None:
        """The uid in hexadecimal."""
        return node.ref.uid.hex() if node.ref else None


class ProcessTreeAnswer(Answer):
    """A process among its relatives; ancestors from the oldest down."""

    process = ProcessAnswer()
    ancestors = ProcessAnswer(many=True)
    children = ProcessAnswer(many=True)
    siblings = ProcessAnswer(many=True)
    more = serializers.BooleanField(help_text="Some lists were cut.")


class FieldAnswer(Answer):
    """A field of the source event."""

    name = serializers.CharField()
    values = serializers.ListField(child=serializers.CharField())
    highlighted = serializers.BooleanField(help_text="The rule asks to look at it.")


class FieldGroupAnswer(Answer):
    """Fields that belong together."""

    title = serializers.CharField()
    fields = FieldAnswer(many=True)  # type: ignore[assignment]


class ActivityAnswer(Answer):
    """What somebody did, or what he wrote."""

    at = Moment()
    who = serializers.CharField()
    verb = serializers.CharField()
    text = serializers.CharField(help_text="The rest of a sentence that begins with who.")
    note = serializers.CharField()
    is_comment = serializers.BooleanField()
    group = serializers.UUIDField(allow_null=True)
    undoable = serializers.BooleanField()


class BriefAnswer(Answer):
    """Another alert, in a line."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    severity = SeverityName()
    status = serializers.ChoiceField(choices=Status.choices)
    reason = serializers.ChoiceField(choices=REASONS)
    fault = serializers.ChoiceField(choices=FAULTS)
    event_time = Moment()
    created_at = Moment()
    host_name = serializers.CharField(allow_null=True)
    user_name = serializers.CharField(allow_null=True)
    evidence = serializers.CharField()


class RelatedAnswer(Answer):
    """Alerts that may belong to the same story."""

    same_host = BriefAnswer(many=True)
    same_user = BriefAnswer(many=True)
    same_hash = BriefAnswer(many=True)


class RaisedByAnswer(Answer):
    """The rule, as it was when it raised the alert."""

    id = serializers.CharField(source="alert.rule_id")
    name = serializers.CharField(source="definition.name")
    type = serializers.CharField(source="definition.type")
    description = serializers.CharField(source="definition.description")
    references = serializers.ListField(child=serializers.CharField(), source="definition.references")
    revision = serializers.IntegerField(source="revision.number")
    current_revision = serializers.IntegerField(allow_null=True, source="current_revision.number", default=None)


class AlertPageAnswer(Answer):
    """Everything that an alert's page shows."""

    alert = AlertAnswer()
    rule = RaisedByAnswer(source="*")
    sentence = PartAnswer(many=True)
    why = WhyAnswer()
    new_terms = NewTermsAnswer(allow_null=True)
    composition = CompositionAnswer()
    process_tree = ProcessTreeAnswer(allow_null=True)
    event_stored = serializers.BooleanField(help_text="False: the event left storage, this is what the alert kept.")
    fields = FieldGroupAnswer(many=True)  # type: ignore[assignment]
    all_fields = FieldAnswer(many=True)
    event = serializers.SerializerMethodField(help_text="The event as it was kept.")
    events_of = serializers.CharField(help_text="The team whose events these are, where one is not in it; else empty.")
    guide = GuideAnswer()
    verdicts = VerdictsAnswer()
    activity = ActivityAnswer(many=True)
    related = RelatedAnswer()
    duplicate_of = serializers.IntegerField(
        allow_null=True, source="duplicates.original", help_text="The alert it was closed as a duplicate of."
    )
    duplicates = serializers.ListField(
        child=serializers.IntegerField(),
        source="duplicates.shown",
        help_text="Closed as duplicates of it, 100 at most.",
    )

    def get_event(self, page: AlertPage) -> dict[str, Any]:
        """The document."""
        event: dict[str, Any] = orjson.loads(page.raw)
        return event


class ActAnswer(Answer):
    """What an act changed, and how to take it back."""

    changed = AlertAnswer(many=True, help_text="The alerts as they are now; those that already were so are not here.")
    undo = serializers.UUIDField(allow_null=True, help_text="Post it to alerts/undo within ten minutes.")


class UndoneAnswer(Answer):
    """What stands as before."""

    alerts = serializers.ListField(child=serializers.IntegerField())
    released = serializers.IntegerField(help_text="Events that an undone exception held back and are alerts now.")
    changed_back = serializers.IntegerField(help_text="Exceptions that an import changed, and that are as before.")
    left = serializers.IntegerField(
        help_text="Of those that it changed, the ones that stay: changed since, or guarded."
    )
    on_its_way = serializers.SerializerMethodField(help_text="Whether a worker puts the alerts back: many of them.")

    def get_on_its_way(self, undone: Undone) -> bool:
        """Then `alerts` is empty."""
        return undone.act is not None


class CommentAnswer(Answer):
    """A comment as it was kept."""

    id = serializers.IntegerField(source="comment.pk")
    at = Moment(source="comment.at")
    author = PersonName(source="comment.author")
    text = serializers.CharField(source="comment.text")
    undo = serializers.UUIDField(source="group", help_text="Post it to alerts/undo within ten minutes.")
