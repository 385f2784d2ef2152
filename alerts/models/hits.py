"""What is kept of hits: the events an alert rests on, hits that were counted at one, and how many a rule raised."""

from django.db import models

from alerts.models.alert import Alert
from rules.models import Rule


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


class SignalCount(models.Model):
    """How many alerts a rule raised in one interval bucket of ingest time, and the hits beyond its maximum."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="+")
    bucket = models.DateTimeField()
    raised = models.IntegerField(default=0)
    over = models.IntegerField(default=0)
    over_uids = models.JSONField(default=list)  # capped list of event uids (hex) that went over

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "bucket"], name="signal_count_once")]
