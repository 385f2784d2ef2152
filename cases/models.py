"""What is done about alerts: cases, the alerts in them, what people write on them, and their tasks.

Who changed what and when is in the record (object type "case"); it is the timeline's other half.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from accounts.models import Team, User
from alerts.models import Alert, Severity


class Status(models.TextChoices):
    OPEN = "open", "Open"
    IN_PROGRESS = "in_progress", "In progress"
    ON_HOLD = "on_hold", "On hold"
    CLOSED = "closed", "Closed"


class Phase(models.TextChoices):
    """Where the work stands, in the order in which it is usually done."""

    CONTAIN = "contain", "Contain"
    INVESTIGATE = "investigate", "Investigate"
    RECOVER = "recover", "Recover"
    REVIEW = "review", "Review"


class Outcome(models.TextChoices):
    """What a closed case turned out to be; each but the last is also a verdict for its alerts."""

    TRUE_POSITIVE = "true_positive", "True positive"
    BENIGN_POSITIVE = "benign_positive", "Benign positive"
    FALSE_POSITIVE = "false_positive", "False positive"
    DUPLICATE = "duplicate", "Duplicate"
    INCONCLUSIVE = "inconclusive", "Inconclusive"


class Case(models.Model):
    """One incident worked on together, from its first alert to its closure. Shown as CASE-<id>."""

    id = models.BigAutoField(primary_key=True)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=200)
    summary = models.TextField(blank=True)  # Markdown
    severity = models.PositiveSmallIntegerField(choices=Severity.choices)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.OPEN)
    phase = models.CharField(max_length=12, choices=Phase.choices, default=Phase.CONTAIN)
    owner = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    next_step = models.CharField(max_length=300, blank=True)
    due_at = models.DateTimeField(null=True)
    hold_reason = models.CharField(max_length=300, blank=True)
    wake_at = models.DateTimeField(null=True)  # when a case on hold wants to be looked at again
    tags = ArrayField(models.CharField(max_length=60), default=list)
    outcome = models.CharField(max_length=16, choices=Outcome.choices, blank=True)
    closing_note = models.TextField(blank=True)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    closed_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()
    told_due_at = models.DateTimeField(null=True)  # the due date and the date to look again whose passing was told
    told_wake_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    demo = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["team", "status", "due_at", "-id"], name="case_by_due"),
            models.Index(fields=["team", "-id"], name="case_newest"),
            models.Index(fields=["owner", "status"], name="case_of_owner"),
            models.Index(fields=["-closed_at", "-id"], name="case_closed", condition=models.Q(status="closed")),
            models.Index(fields=["due_at"], name="case_due", condition=~models.Q(status="closed")),
            GinIndex(fields=["tags"], name="case_tags"),
        ]

    def __str__(self) -> str:
        return f"CASE-{self.pk}"


class CaseAlert(models.Model):
    """An alert in a case. An alert is in one case at a time, so that closing a case settles it."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="joined")
    alert = models.OneToOneField(Alert, on_delete=models.CASCADE, related_name="in_case")
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")


class Entry(models.Model):
    """What a person wrote on a case: a comment to colleagues, or a note that belongs to the findings and the report."""

    class Kind(models.TextChoices):
        COMMENT = "comment", "Comment"
        NOTE = "note", "Note"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="entries")
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.COMMENT)
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    text = models.TextField()  # Markdown

    class Meta:
        indexes = [models.Index(fields=["case", "-at"], name="entry_of_case")]


class Task(models.Model):
    """Something to be done for a case."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        DONE = "done", "Done"
        DROPPED = "dropped", "Not needed"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="tasks")
    text = models.CharField(max_length=500)
    origin = models.CharField(max_length=300, blank=True)  # "Response step 3, Suspicious Python Shell"; empty: own
    step = models.CharField(max_length=40, null=True)  # which response step it came from, so that none is offered twice
    owner = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    due_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    settled_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")  # who ticked it
    settled_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    told_due_at = models.DateTimeField(null=True)  # the due date whose passing was told
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "step"], name="step_once")]
        indexes = [
            models.Index(fields=["owner", "state"], name="task_of_owner"),
            models.Index(fields=["due_at"], name="task_due", condition=models.Q(state="open")),
        ]

    def __str__(self) -> str:
        return self.text
