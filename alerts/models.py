"""What was found: alerts, the events they rest on, comments, and the counters that keep a noisy rule in check."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from accounts.models import SavedQuery, Team, User
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


LOOKED_AT = ("status", "building_block", "assignee", "snoozed_until", "rule", "fold")
# What an exception closed by itself is no verdict; an event of a sequence is judged as a whole.
JUDGED = models.Q(status="closed", closed_by_exception=None) & ~models.Q(kind="block")


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
    address = models.TextField(null=True)  # the public one of source.ip and destination.ip
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
    # Alerts of one rule that say the same (alerts/folds.py): open ones are one row of the queue. Null: of none.
    fold = models.BinaryField(max_length=16, null=True)
    snoozed_until = models.DateTimeField(null=True)  # open, but not shown as waiting before then
    # Wakes before then once its fold has so many alerts later than `snoozed_after` (alerts/snoozing.py).
    snooze_recurs = models.PositiveSmallIntegerField(null=True)
    snoozed_after = models.BigIntegerField(null=True)
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
            # The queue's orders. Trailing columns are only looked at, so that counting and folding need no rows. What
            # waits has an index of its own: few rows, whatever was closed.
            models.Index(
                *(models.F(name).desc() for name in ("severity", "risk_score", "id")),
                *(models.F(name) for name in ("team", "created_at", *LOOKED_AT)),
                name="alert_waiting",
                condition=~models.Q(status="closed"),
            ),
            models.Index(
                *(models.F(name).desc() for name in ("severity", "risk_score", "id")),
                models.F("team"),
                name="alert_gravest",
            ),
            models.Index(
                *(models.F(name).desc() for name in ("created_at", "id")),
                *(models.F(name) for name in ("team", "severity", "status", "building_block")),
                name="alert_latest",
            ),
            models.Index(
                *(models.F(name).desc() for name in ("closed_at", "id")),
                *(models.F(name) for name in ("team", "building_block", "reason")),
                name="alert_closed",
                condition=models.Q(status="closed"),
            ),
            models.Index(fields=["rule", "-id"], name="alert_of_rule"),
            models.Index(fields=["host_name", "-id"], name="alert_of_host"),
            models.Index(
                models.F("host_name"),
                *(models.F(name).desc() for name in ("severity", "risk_score", "id")),
                *(models.F(name) for name in ("team", "created_at", *LOOKED_AT, "odd")),
                name="alert_waiting_at_host",
                condition=~models.Q(status="closed"),
            ),
            # What waits and is somebody's: few, and counted for a tab of theirs with every queue.
            models.Index(
                *(models.F("assignee"), models.F("id").desc()),
                *(models.F(name) for name in ("team", "status", "building_block", "snoozed_until")),
                name="alert_waiting_owned",
                condition=models.Q(assignee__isnull=False) & ~models.Q(status="closed"),
            ),
            models.Index(fields=["user_name", "-id"], name="alert_of_user"),
            models.Index(
                fields=["process_hash", "-id"], name="alert_of_hash", condition=models.Q(process_hash__isnull=False)
            ),
            models.Index(fields=["address", "-id"], name="alert_of_address", condition=models.Q(address__isnull=False)),
            models.Index(
                fields=["suppression_key", "-id"],
                name="alert_suppressing",
                condition=models.Q(suppression_key__isnull=False),
            ),
            models.Index(fields=["shell", "id"], name="alert_of_shell", condition=models.Q(shell__isnull=False)),
            models.Index(
                *(models.F("fold"), models.F("id").desc(), models.F("team"), models.F("created_at")),
                *(models.F(name) for name in ("status", "building_block", "assignee", "snoozed_until")),
                *(models.F("severity"), models.F("event_time")),
                name="alert_in_fold",
                condition=models.Q(fold__isnull=False) & ~models.Q(status="closed"),
            ),
            models.Index(
                fields=["snoozed_until"], name="alert_until_recurs", condition=models.Q(snooze_recurs__isnull=False)
            ),
            # Few: whether there is one in a stretch of time decides if the columns say all of what lies in it.
            models.Index(fields=["team", "event_time"], name="alert_odd", condition=models.Q(odd=True)),
            # What people found, newest first: of a rule on a host, by a user where there is no host, and of a rule.
            models.Index(
                *(models.F("rule"), models.F("host_name"), models.F("id").desc(), models.F("team"), models.F("reason")),
                name="alert_judged_on_host",
                condition=JUDGED,
            ),
            models.Index(
                *(models.F("rule"), models.F("user_name"), models.F("id").desc(), models.F("team"), models.F("reason")),
                name="alert_judged_by_user",
                condition=models.Q(status="closed", closed_by_exception=None, host_name=None) & ~models.Q(kind="block"),
            ),
            models.Index(
                *(models.F("rule"), models.F("id").desc(), models.F("team"), models.F("reason")),
                name="alert_judged_of_rule",
                condition=JUDGED,
            ),
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
        indexes = [
            models.Index(fields=["alert", "position"], name="evidence_in_order"),
            models.Index(fields=["uid"], name="evidence_of_event"),  # which alerts rest on an event
        ]


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
    # Further groups of entries (OR: an exception each), and where it is to hold beyond `rule`.
    more = models.JSONField(default=list, db_default=[])
    rule_ids = ArrayField(models.CharField(max_length=64), default=list, db_default=[])
    list_id = models.CharField(max_length=255, blank=True, default="", db_default="")
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


class SavedView(SavedQuery):
    """Filters of the queue under a name."""

    noun = "view"

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="view_named_once")]
        indexes = [models.Index(fields=["team"], name="view_of_team", condition=models.Q(team__isnull=False))]


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
