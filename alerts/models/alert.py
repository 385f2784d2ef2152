"""The alert: a stored hit that an analyst works on, and the indexes that the queue and its pages live on."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from accounts.models import Team, User
from alerts.models.words import Fault, Kind, Reason, Severity, Status
from rules.models import ExceptionItem, Rule, RuleRevision

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
    fault = models.CharField(max_length=10, choices=Fault.choices, blank=True, default="", db_default="")
    assignee = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    acknowledged_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by_exception = models.ForeignKey(ExceptionItem, null=True, on_delete=models.SET_NULL, related_name="+")
    duplicate_of = models.ForeignKey(  # the original, of one that was closed as its duplicate (alerts/duplicates.py)
        "self", null=True, on_delete=models.SET_NULL, related_name="duplicates", db_index=False
    )
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
            models.Index(  # an alert's page counts its duplicates
                fields=["duplicate_of", "id"], name="alert_duplicates", condition=models.Q(duplicate_of__isnull=False)
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
