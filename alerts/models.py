"""What was found: alerts, the events they rest on, comments, and the counters that keep a noisy rule in check."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from accounts.models import Team, User
from rules.models import ExceptionItem, Rule, RuleRevision


class Severity(models.IntegerChoices):
    """Stored as a number so that the queue sorts by it."""

    LOW = 1, "low"
    MEDIUM = 2, "medium"
    HIGH = 3, "high"
    CRITICAL = 4, "critical"


class Status(models.TextChoices):
    OPEN = "open", "Open"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    CLOSED = "closed", "Closed"


class Reason(models.TextChoices):
    """Why an alert was closed."""

    TRUE_POSITIVE = "true_positive", "True positive"
    BENIGN_POSITIVE = "benign_positive", "Benign positive"
    FALSE_POSITIVE = "false_positive", "False positive"
    DUPLICATE = "duplicate", "Duplicate"
    OTHER = "other", "Other"


class Kind(models.TextChoices):
    """What an alert rests on, and so what its page shows."""

    EVENT = "event", "One event"
    NEW_TERMS = "new_terms", "A new value"
    SEQUENCE = "sequence", "A sequence of events"  # the shell: its events are also building blocks of its own
    SAMPLE = "sample", "A sample of events"
    BLOCK = "block", "An event of a sequence"  # building block, belongs to a shell
    THRESHOLD = "threshold", "A count of events"
    INDICATOR = "indicator", "An indicator"
    ROW = "row", "An event's row"  # what a pipeline made of one event
    GROUP = "group", "A group of events"  # a row that a pipeline made of several


class Alert(models.Model):
    """A stored hit that an analyst works on. What raised it is frozen in `revision`; workflow state lives only here."""

    id = models.BigAutoField(primary_key=True)  # shown as AL-<id>
    identity = models.BinaryField(max_length=16, unique=True)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="alerts")
    revision = models.ForeignKey(RuleRevision, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=255)
    severity = models.PositiveSmallIntegerField(choices=Severity.choices)
    risk_score = models.PositiveSmallIntegerField()
    building_block = models.BooleanField(default=False)
    techniques = ArrayField(models.TextField(), default=list)
    tags = ArrayField(models.TextField(), default=list)
    event_time = models.DateTimeField()
    created_at = models.DateTimeField()
    host_name = models.TextField(null=True)
    user_name = models.TextField(null=True)
    process_hash = models.TextField(null=True)  # process.hash.sha256, for alerts about the same binary
    odd = models.BooleanField(default=False)  # the event has several hosts or users: the columns do not say it all
    evidence = models.TextField(blank=True)  # the evidence line; matched values stand between U+E000 and U+E001
    new_terms = models.JSONField(null=True)  # {"fields": [...], "values": [...], "history_start": ...}
    kind = models.CharField(max_length=9, choices=Kind.choices, default=Kind.EVENT, db_default=Kind.EVENT)
    facts = models.JSONField(null=True)  # what the kind adds; shapes in alerts/facts.py
    shell = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="blocks")
    depth = models.PositiveSmallIntegerField(default=1, db_default=1)  # 1: rests on events; 2: on such alerts; …
    learning = models.BooleanField(default=False, db_default=False)  # stands for terms met while history was short
    # Suppression: further hits of the same group are counted here instead of becoming alerts.
    suppression_key = models.BinaryField(max_length=16, null=True)
    suppression = models.JSONField(null=True)  # [{"field": ..., "value": ...}]
    suppression_at = models.DateTimeField(null=True)  # when its first event arrived: from then on it counts
    suppressed = models.PositiveIntegerField(default=0, db_default=0)
    suppressed_from = models.DateTimeField(null=True)
    suppressed_until = models.DateTimeField(null=True)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.OPEN)
    reason = models.CharField(max_length=16, choices=Reason.choices, blank=True)
    assignee = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    acknowledged_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by_exception = models.ForeignKey(ExceptionItem, null=True, on_delete=models.SET_NULL, related_name="+")
    version = models.PositiveIntegerField(default=1)
    demo = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["team", "status", "-severity", "-risk_score", "-id"], name="alert_urgent"),
            # What waits, in the queue's order: few rows, whatever was closed. The trailing columns are only looked at.
            models.Index(
                *(models.F(name).desc() for name in ("severity", "risk_score", "id")),
                "team",
                "created_at",
                name="alert_waiting",
                condition=~models.Q(status="closed"),
            ),
            models.Index(fields=["team", "-created_at", "-id"], name="alert_newest"),
            models.Index(fields=["rule", "-id"], name="alert_of_rule"),
            models.Index(fields=["host_name", "-id"], name="alert_of_host"),
            models.Index(fields=["user_name", "-id"], name="alert_of_user"),
            models.Index(
                fields=["process_hash", "-id"], name="alert_of_hash", condition=models.Q(process_hash__isnull=False)
            ),
            models.Index(
                fields=["suppression_key", "-id"],
                name="alert_suppressing",
                condition=models.Q(suppression_key__isnull=False),
            ),
            models.Index(fields=["shell", "id"], name="alert_of_shell", condition=models.Q(shell__isnull=False)),
            GinIndex(fields=["tags"], name="alert_tags"),
            GinIndex(fields=["techniques"], name="alert_techniques"),
        ]

    def __str__(self) -> str:
        return f"AL-{self.pk}"


class AlertEvent(models.Model):
    """An event an alert rests on, kept with the alert, so that retention never empties an alert."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="events")
    role = models.CharField(max_length=24, default="source")  # source; of a sequence "step 1", …; "indicator"
    position = models.PositiveIntegerField(default=0, db_default=0)  # its place among the alert's events
    uid = models.BinaryField(max_length=16)
    day = models.DateField()
    index = models.TextField()
    time = models.DateTimeField()
    ingested = models.DateTimeField()
    document = models.BinaryField()  # zstd of the normalised JSON

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alert", "role", "uid"], name="evidence_once")]
        indexes = [models.Index(fields=["alert", "position"], name="evidence_in_order")]


class SuppressedHit(models.Model):
    """A hit that was counted at an alert, by the identity it would have had; kept for as long as its event may be."""

    identity = models.BinaryField(primary_key=True, max_length=16)
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="+")
    day = models.DateField(db_index=True)  # of its event


class Target(models.Model):
    """Within which time an alert of a severity is to be closed. Changes are in the record (object type "target")."""

    severity = models.PositiveSmallIntegerField(primary_key=True, choices=Severity.choices)
    within = models.DurationField()
    version = models.PositiveIntegerField(default=1)


class ToldPastTarget(models.Model):
    """That an alert went past its target was told; `due_at` says which crossing, as targets are changed."""

    alert = models.OneToOneField(Alert, primary_key=True, on_delete=models.CASCADE, related_name="+")
    due_at = models.DateTimeField()


class ExceptionDraft(models.Model):
    """An exception that waits for a second pair of eyes: everything that saving it would take, and nothing in force.

    Approving it saves the exception (alerts/exceptions/drafts.py) after the guard has looked again.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting for review"
        RETURNED = "returned", "Change asked for"
        APPROVED = "approved", "Approved"
        WITHDRAWN = "withdrawn", "Withdrawn"

    alert = models.ForeignKey("Alert", on_delete=models.CASCADE, related_name="drafts")
    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="+")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=255, blank=True)
    entries = models.JSONField()
    reason = models.TextField()
    expires_at = models.DateTimeField(null=True)
    review_at = models.DateTimeField(null=True)
    close_matching = models.CharField(max_length=16, blank=True)
    close_note = models.TextField(blank=True)
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    reviewer = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    reviewed_at = models.DateTimeField(null=True)
    review_note = models.TextField(blank=True)
    item = models.ForeignKey(ExceptionItem, null=True, on_delete=models.SET_NULL, related_name="+")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [models.Index(fields=["team", "state", "-id"], name="draft_by_state")]


class Comment(models.Model):
    """What a person wrote on an alert."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    text = models.TextField()


class SignalCount(models.Model):
    """How many alerts a rule raised in one interval bucket of ingest time, and the hits beyond its maximum."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="+")
    bucket = models.DateTimeField()
    raised = models.IntegerField(default=0)
    over = models.IntegerField(default=0)
    over_uids = models.JSONField(default=list)  # capped list of event uids (hex) that went over

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "bucket"], name="signal_count_once")]
