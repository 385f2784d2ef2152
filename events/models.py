"""What happened: events as thin rows, their documents in compressed blocks, and the batches that wait to be judged.

`Event` and `EventBlock` are partitioned by day and written by COPY (events/store.py); Django only knows their shape.
No foreign key points at events: days are dropped whole.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.models import ApiKey, Team


class Event(models.Model):
    """The columns of an event that a person or SQL pivots on. The document lies in its block.

    `odd` marks an event whose document says more than the columns can (several values in a one-value column, a value
    too long for an index), so narrowing by columns must always let it through.
    """

    pk = models.CompositePrimaryKey("day", "team_id", "index", "uid")
    day = models.DateField()
    team_id = models.BigIntegerField()
    index = models.TextField()
    uid = models.BinaryField(max_length=16)
    time = models.DateTimeField()
    ingested = models.DateTimeField()
    dataset = models.TextField(null=True)
    category = ArrayField(models.TextField(), null=True)
    action = ArrayField(models.TextField(), null=True)
    host_name = models.TextField(null=True)
    user_name = models.TextField(null=True)
    process_entity_id = models.TextField(null=True)
    process_parent_entity_id = models.TextField(null=True)
    source_ip = models.TextField(null=True)
    destination_ip = models.TextField(null=True)
    odd = models.BooleanField(default=False)
    block_id = models.BigIntegerField()
    position = models.SmallIntegerField()

    class Meta:
        managed = False
        db_table = "event"


class EventBlock(models.Model):
    """Up to 1,000 documents of one batch and day as normalised NDJSON, compressed with zstd."""

    pk = models.CompositePrimaryKey("day", "id")
    day = models.DateField()
    id = models.BigIntegerField()
    batch_id = models.BigIntegerField()
    format = models.SmallIntegerField()
    dictionary_id = models.IntegerField(null=True)
    count = models.SmallIntegerField()
    raw_bytes = models.IntegerField()
    data = models.BinaryField()

    class Meta:
        managed = False
        db_table = "event_block"


class ZstdDictionary(models.Model):
    """A trained dictionary that keeps small blocks small; never changed, since blocks refer to it by number."""

    id = models.AutoField(primary_key=True)
    trained_at = models.DateTimeField()
    data = models.BinaryField()


class Batch(models.Model):
    """One ingest request, the unit of evaluation: pending until every enabled rule has judged it, once.

    A batch that keeps failing is retried alone, then halved: the halves are batches with `parent` and a slice
    [`first`, `last`) of the parent's events in stored order (null: all of them).
    """

    class State(models.TextChoices):
        PENDING = "pending"
        DONE = "done"
        SPLIT = "split"
        QUARANTINED = "quarantined"

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    api_key = models.ForeignKey(ApiKey, null=True, on_delete=models.SET_NULL, related_name="+")
    request_key = models.CharField(max_length=128, null=True)
    ingested_at = models.DateTimeField()
    days = ArrayField(models.DateField())
    events = models.IntegerField()
    answer = models.JSONField(null=True)
    state = models.CharField(max_length=11, choices=State.choices, default=State.PENDING)
    epoch = models.BigIntegerField(null=True)
    attempts = models.SmallIntegerField(default=0)
    lease_by = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    alone = models.BooleanField(default=False)
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="halves")
    first = models.IntegerField(null=True)
    last = models.IntegerField(null=True)
    error = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "request_key"], name="batch_request_once"),
        ]
        indexes = [
            models.Index(fields=["id"], name="batch_pending", condition=models.Q(state="pending")),
            models.Index(fields=["ingested_at"], name="batch_age"),
        ]


class DeadLetter(models.Model):
    """An event that was refused at the door, with the reason, as far as it could be kept."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    api_key = models.ForeignKey(ApiKey, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()
    reason = models.CharField(max_length=40)
    detail = models.TextField()
    body = models.BinaryField()
    body_bytes = models.IntegerField()

    class Meta:
        indexes = [models.Index(fields=["-at"], name="dead_letter_newest")]
