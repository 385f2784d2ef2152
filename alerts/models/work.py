"""What people do on alerts: comments, steps done, acts on all that match; and the filters they keep."""

from django.db import models

from accounts.models import SavedQuery, User
from alerts.models.alert import Alert


class Comment(models.Model):
    """What a person wrote on an alert."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    text = models.TextField()


class StepDone(models.Model):
    """That somebody did a step of the rule's guide, or a response step, on an alert. Unticking deletes the row; who
    ticked and unticked what, and when, stays in the record (object type "alert", verbs "step" and "unstep").
    """

    class Kind(models.TextChoices):
        GUIDE = "guide", "Investigation step"
        RESPONSE = "response", "Response step"

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="steps_done")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    key = models.CharField(max_length=32)  # of the step's text, so that it survives a reordered guide
    title = models.CharField(max_length=300)  # as it read then
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alert", "kind", "key"], name="step_done_once")]


class BulkAct(models.Model):
    """One act on every alert that filters let through at a moment, done in portions by a worker; `id` is its group in
    the record, so that it is taken back whole.
    """

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        STOPPED = "stopped", "Stopped"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True)
    actor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    verb = models.CharField(max_length=20)
    arguments = models.JSONField(default=dict)
    query = models.TextField()  # the queue's query string
    as_of = models.DateTimeField()  # alerts created later are left alone
    up_to_id = models.BigIntegerField()
    total = models.IntegerField()
    done = models.IntegerField(default=0)
    skipped = models.IntegerField(default=0)  # changed by somebody meanwhile, or not allowed
    last_key = models.JSONField(null=True)  # where the portions have come to
    state = models.CharField(max_length=7, choices=State.choices, default=State.RUNNING)
    undoing = models.BooleanField(default=False)
    error = models.TextField(blank=True)
    lease_by = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.SmallIntegerField(default=0)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="bulk_running", condition=models.Q(state="running"))]


class SavedView(SavedQuery):
    """Filters of the queue under a name."""

    noun = "view"

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="view_named_once")]
        indexes = [models.Index(fields=["team"], name="view_of_team", condition=models.Q(team__isnull=False))]
