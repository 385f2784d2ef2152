"""What is kept of exceptions beside the rules: drafts, trials, what the last look found, what is to be let go."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.models import Team, User
from alerts.models.alert import Alert
from rules.models import ExceptionItem, Rule


class ExceptionDraft(models.Model):
    """An exception that waits for a second pair of eyes: everything that saving it would take, and nothing in force.

    Approving it saves the exception (alerts/exceptions/drafts.py) after the guard has looked again. A change of a
    stored exception waits likewise: it names in `edits` what it changes, and hangs on no alert.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting for review"
        RETURNED = "returned", "Change asked for"
        APPROVED = "approved", "Approved"
        WITHDRAWN = "withdrawn", "Withdrawn"

    alert = models.ForeignKey("Alert", null=True, on_delete=models.CASCADE, related_name="drafts")
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
    # Further groups of entries (OR: an exception each), and where it is to hold beyond `rule`.
    more = models.JSONField(default=list, db_default=[])
    rule_ids = ArrayField(models.CharField(max_length=64), default=list, db_default=[])
    list_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    item = models.ForeignKey(ExceptionItem, null=True, on_delete=models.SET_NULL, related_name="+")  # what came of it
    edits = models.ForeignKey(ExceptionItem, null=True, on_delete=models.CASCADE, related_name="drafts")
    edits_version = models.PositiveIntegerField(null=True)  # of what it changes, as its author saw it
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [models.Index(fields=["team", "state", "-id"], name="draft_by_state")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(alert__isnull=False, edits__isnull=True, edits_version__isnull=True)
                | models.Q(alert__isnull=True, edits__isnull=False, edits_version__isnull=False),
                name="draft_on_alert_or_exception",
            )
        ]


class Trial(models.Model):
    """What an exception would do over the stored events of a stretch of time: asked for on a page, worked out by a
    worker, kept for a day. What the preview says of alerts is exact without it; this adds what never alerted.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        STOPPED = "stopped", "Stopped"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True)
    actor = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="+")
    team_ids = ArrayField(models.BigIntegerField())
    items = models.JSONField()  # lists of entries: AND inside, OR between
    start = models.DateTimeField()
    end = models.DateTimeField()
    examined = models.BigIntegerField(default=0)
    share = models.FloatField(default=0)  # 0 to 1, of the stretch
    result = models.JSONField(null=True)
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    error = models.TextField(blank=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.SmallIntegerField(default=0)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["created_at"], name="trial_waiting", condition=models.Q(state__in=["waiting", "running"])
            ),
        ]

    @property
    def is_open(self) -> bool:
        """Whether it waits or runs."""
        return self.state in (self.State.WAITING, self.State.RUNNING)


class ExceptionCheck(models.Model):
    """What the last look at an exception found (alerts/reviewing/): whether it hides a true positive, takes out nearly
    all of its rule, or is about a host or user that is gone. A cache: made anew every few minutes and after a change.
    """

    class Hides(models.TextChoices):
        NOTHING = "", "No true positive"
        COVERED = "covered", "A true positive of the rule that it covers"
        ELSEWHERE = "elsewhere", "A true positive that rests on an event it held back"

    item = models.OneToOneField(ExceptionItem, primary_key=True, on_delete=models.CASCADE, related_name="checked")
    item_version = models.PositiveIntegerField()
    hides = models.CharField(max_length=9, choices=Hides.choices, blank=True)
    alert = models.ForeignKey(Alert, null=True, on_delete=models.SET_NULL, related_name="+")  # that it hides
    share = models.FloatField(null=True)  # of the rule's hits of 30 days that it held back; null: too few to say
    broad = models.CharField(max_length=20, blank=True)  # code of the lint that calls it too broad
    gone_field = models.CharField(max_length=20, blank=True)  # host.name or user.name …
    gone = models.TextField(blank=True)  # … of which nothing came for long
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["at"], name="check_oldest")]


class ReleaseDue(models.Model):
    """An exception whose value list changed, so that what it held back (rows of HeldBack up to a number) is looked at
    again by a worker, in portions (alerts/listed/releasing.py)."""

    item = models.OneToOneField(ExceptionItem, primary_key=True, on_delete=models.CASCADE, related_name="+")
    up_to = models.BigIntegerField()
    done_to = models.BigIntegerField(default=0)  # where the portions have come to
    not_before = models.DateTimeField()
    attempts = models.SmallIntegerField(default=0)
