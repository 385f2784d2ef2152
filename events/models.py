"""What happened: events as thin rows, their documents in compressed blocks, and the batches that wait to be judged.

`Event` and `EventBlock` are partitioned by day and written by COPY (events/store.py); Django only knows their shape.
No foreign key points at events: days are dropped whole. How they arrive is told by notes that requests append
(`ArrivalNote`) and that events/folding.py makes into hours, minutes and senders.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.models import ApiKey, SavedQuery, Team, User


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
            models.Index(fields=["done_at"], name="batch_done", condition=models.Q(done_at__isnull=False)),
            models.Index(fields=["id"], name="batch_set_aside", condition=models.Q(state="quarantined")),
        ]


class DeadLetter(models.Model):
    """An event that was refused at the door, with the reason, kept whole as long as its key's day has room for it.

    One that was kept whole can be sent again, once: `state` says what became of it. `events` is more than one for the
    line that stands for the rest of a request.
    """

    class State(models.TextChoices):
        REFUSED = "refused", "Refused"
        STORED = "stored", "Sent again and stored"
        DUPLICATE = "duplicate", "Was stored already"

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    api_key = models.ForeignKey(ApiKey, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()
    reason = models.CharField(max_length=40)
    detail = models.TextField()
    host = models.TextField(default="", db_default="")  # as far as the bytes tell
    events = models.IntegerField(default=1, db_default=1)
    body = models.BinaryField()
    body_bytes = models.IntegerField()
    kept_bytes = models.IntegerField(default=0, db_default=0)  # of the body
    state = models.CharField(max_length=9, choices=State.choices, default=State.REFUSED, db_default=State.REFUSED)
    tried_at = models.DateTimeField(null=True)
    tried_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    tried_detail = models.TextField(default="", db_default="")  # why it was refused again

    class Meta:
        indexes = [
            models.Index(fields=["-at"], name="dead_letter_newest"),
            models.Index(fields=["team", "-at", "-id"], name="dead_letter_of_team"),
            models.Index(fields=["api_key", "at"], include=["kept_bytes"], name="dead_letter_of_key"),
        ]

    @property
    def whole(self) -> bool:
        """Whether every byte of it was kept, so that it can be sent again."""
        return self.events == 1 and 0 < self.body_bytes == self.kept_bytes


class Replay(models.Model):
    """Sending many dead letters again, piece by piece in the background; its numbers are its progress.

    It covers the letters that there were when it was asked for, and goes on from `last_id` after whatever happens.
    """

    team_ids = ArrayField(models.BigIntegerField())
    asked = models.JSONField()  # the filter, as events.letters.Asked.to_json()
    asked_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField()
    door = models.CharField(max_length=8)
    total = models.IntegerField()
    up_to_id = models.BigIntegerField()
    last_id = models.BigIntegerField(default=0)
    stored = models.IntegerField(default=0)
    duplicate = models.IntegerField(default=0)
    refused = models.IntegerField(default=0)
    attempts = models.SmallIntegerField(default=0, db_default=0)  # that failed, since the last that did not
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["id"], name="replay_running", condition=models.Q(done_at__isnull=True))]

    @property
    def tried(self) -> int:
        """How many letters have been sent again."""
        return self.stored + self.duplicate + self.refused

    @property
    def given_up(self) -> bool:
        """Whether it ended because it failed too often; the letters that remain can be asked for again."""
        return self.done_at is not None and self.attempts > 0


class ArrivalNote(models.Model):
    """What one request brought from one host, appended with its events; soon folded, and then gone.

    Team and key are plain values: a foreign key would have every request lock the same two rows. `host` is empty when
    the events name none, and null for those beyond the number of hosts that one request may name.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    team_id = models.BigIntegerField()
    key_id = models.CharField(max_length=20)
    host = models.TextField(null=True)
    agent = models.TextField()
    events = models.IntegerField()
    refused = models.IntegerField()
    reason = models.TextField()  # why the last of the refused was
    ahead_ms = models.BigIntegerField(null=True)  # how far the newest event's time lay ahead of its arrival


class ArrivalHour(models.Model):
    """What a key sent from a host within an hour. Written by folding alone; kept as long as events are."""

    pk = models.CompositePrimaryKey("hour", "key_id", "host")
    hour = models.DateTimeField()
    team_id = models.BigIntegerField()
    key_id = models.CharField(max_length=20)
    host = models.TextField()
    requests = models.IntegerField()
    events = models.BigIntegerField()
    refused = models.BigIntegerField()
    ahead_ms = models.BigIntegerField(null=True)
    last_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["team_id", "key_id", "host", "-hour"], name="arrival_of_sender")]


class ArrivalMinute(models.Model):
    """What a team's keys sent within a minute, all together. Written by folding alone."""

    pk = models.CompositePrimaryKey("minute", "team_id")
    minute = models.DateTimeField()
    team_id = models.BigIntegerField()
    requests = models.IntegerField()
    events = models.BigIntegerField()
    refused = models.BigIntegerField()


class LagMinute(models.Model):
    """How long the events that were judged within a minute had waited since they arrived.

    `within` counts events by the bounds of events/lag.py; the last number is of those beyond the last bound.
    """

    minute = models.DateTimeField(primary_key=True)
    events = models.BigIntegerField()
    worst_ms = models.BigIntegerField()
    within = ArrayField(models.BigIntegerField())


class Sender(models.Model):
    """What sends: a host by a key, as it was last heard. Written by folding alone."""

    pk = models.CompositePrimaryKey("key_id", "host")
    team_id = models.BigIntegerField()
    key_id = models.CharField(max_length=20)
    host = models.TextField()
    agent = models.TextField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    gap_seconds = models.FloatField()  # how long it is usually quiet between two folds in which it was heard
    ahead_ms = models.BigIntegerField(null=True)
    refused_at = models.DateTimeField(null=True)
    reason = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["team_id", "-last_at"], name="sender_of_team")]


class Pulse(models.Model):
    """That a process of ours lives: a worker, by its own name, or the clock. Each writes its own row and no other."""

    name = models.CharField(primary_key=True, max_length=200)
    kind = models.CharField(max_length=8)  # worker, clock
    processes = models.IntegerField(default=1)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()


class Total(models.Model):
    """How many events came in all, by what became of them: only ever grows. Written by folding alone."""

    name = models.CharField(primary_key=True, max_length=20)
    value = models.BigIntegerField()


class SeenValue(models.Model):
    """On which hosts a value of a telling field was seen, and when: "how common is this here" without a scan.

    A row a value and host; written at most once a day for each, by events/prevalence.py.
    """

    pk = models.CompositePrimaryKey("team_id", "field", "value", "host")
    team_id = models.BigIntegerField()
    field = models.SmallIntegerField()  # number of the field in events/prevalence.py
    value = models.BinaryField(max_length=16)  # hash of the folded value
    host = models.BinaryField(max_length=8)  # hash of host.name; eight zero bytes: without a host
    first_day = models.DateField()
    last_day = models.DateField()
    days = models.IntegerField(default=1, db_default=1)

    class Meta:
        indexes = [models.Index(fields=["last_day"], name="seen_value_oldest")]


class ValuesLearnt(models.Model):
    """Up to which batch the values of events were noted (SeenValue). One row."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    batch_id = models.BigIntegerField(default=0)
    at = models.DateTimeField(null=True)


class SavedSearch(SavedQuery):
    """A search under a name: its language, text, time, what it looks in and its columns."""

    noun = "search"

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="search_named_once")]
        indexes = [models.Index(fields=["team"], name="search_of_team", condition=models.Q(team__isnull=False))]
