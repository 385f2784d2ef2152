"""What to look for: rules and their immutable revisions, exceptions, the epoch, terms seen, and what runs recorded."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from accounts.models import Change, Team, User


class Rule(models.Model):
    """A definition of what to look for. Its content is in revisions; its id is stable across them."""

    id = models.CharField(primary_key=True, max_length=64)  # rule_id of the rule file
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="+")  # null: all
    name = models.CharField(max_length=255)
    type = models.CharField(max_length=24)
    severity = models.CharField(max_length=8)
    risk_score = models.PositiveSmallIntegerField()
    tags = ArrayField(models.TextField(), default=list)
    techniques = ArrayField(models.TextField(), default=list)
    enabled = models.BooleanField(default=False)
    enabled_at = models.DateTimeField(null=True)
    evaluated = models.BooleanField(default=True)  # false: a type that is loaded and shown but not judged
    not_evaluated_because = models.CharField(max_length=255, blank=True)
    quarantined_at = models.DateTimeField(null=True)
    quarantine_reason = models.TextField(blank=True)
    # Local overrides (rules/overrides.py): what people here set, whatever an update of the file says.
    overrides = models.JSONField(default=dict, db_default={})
    superseded_by = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="supersedes")
    source = models.CharField(max_length=255)  # where it came from, such as "pack"
    revision = models.ForeignKey("RuleRevision", null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["name"], name="rule_by_name")]

    def __str__(self) -> str:
        return self.name


class RuleRevision(models.Model):
    """One version of a rule as it was loaded; never changed afterwards. Alerts point at the revision that raised them.

    A database trigger refuses to update its content or to delete it. `tree` is what the compiler of that day made of
    it; what today's compiler makes of the same source lies in CompiledTree.
    """

    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    definition = models.JSONField()  # engine RuleDefinition.to_json()
    source_text = models.TextField()
    tree = models.JSONField(null=True)  # engine tree_to_json; null when the type is not evaluated
    compiler_version = models.PositiveIntegerField()
    logic_hash = models.BinaryField(max_length=16)
    note = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "number"], name="revision_number_once")]


class CompiledTree(models.Model):
    """A revision's tree as a newer compiler makes it, so that an upgrade parses each rule once and not at every start.

    A cache: it may be rewritten or emptied at any time. The revision itself stays as it was loaded.
    """

    revision = models.OneToOneField(RuleRevision, primary_key=True, on_delete=models.CASCADE, related_name="compiled")
    compiler_version = models.PositiveIntegerField()
    tree = models.JSONField()


class Epoch(models.Model):
    """One row that counts changes of the rule set (rule, exception, due expiry); see rules/epoch.py for its locks."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    number = models.BigIntegerField(default=1)


class ExceptionItem(models.Model):
    """Entries that take events out of a rule: AND inside an item, OR between items of a rule."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="exceptions")
    name = models.CharField(max_length=255)
    entries = models.JSONField()  # Kibana's exception entries
    reason = models.TextField()
    owner = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    from_alert = models.BigIntegerField(null=True)  # number of the alert it was written on
    # Where it was imported from: the list and item of Kibana's export, so that a second import updates it.
    list_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    item_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    imported = models.JSONField(null=True)  # {"list", "item"} as they were exported; null for one written here
    # Why it cannot be applied as it is; such an item stays off, so that nothing is hidden by what was not understood.
    not_applied_because = models.TextField(blank=True, default="", db_default="")
    enabled = models.BooleanField(default=True)
    expires_at = models.DateTimeField(null=True)
    expired = models.BooleanField(default=False)
    review_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)  # taken off the rule; kept for the record and for undo
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["rule", "-id"], name="exception_of_rule"),
            models.Index(fields=["list_id"], name="exception_of_list", condition=~models.Q(list_id="")),
            models.Index(
                fields=["expires_at"],
                name="exception_due",
                condition=models.Q(expires_at__isnull=False, expired=False, removed_at__isnull=True),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "list_id", "item_id"], name="exception_imported_once", condition=~models.Q(item_id="")
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SharedList(models.Model):
    """An exception list that several rules share, as Kibana's are: each of its items holds for all of its rules.

    An item stands in ExceptionItem once per rule, with the list's id and its own; rules/shared keeps them the same.
    """

    list_id = models.CharField(primary_key=True, max_length=255)
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    rules = models.ManyToManyField(Rule, related_name="shared_lists")
    owner = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class ValueList(models.Model):
    """Values under a name that exceptions ask for (`list` entries) and pipelines join (LOOKUP JOIN, ENRICH).

    With `columns` it is a table: the first column is the key, and `values` hold a row each.
    """

    class Type(models.TextChoices):  # Kibana's types of value lists, those that we can tell apart
        KEYWORD = "keyword", "Words"
        TEXT = "text", "Text"
        IP = "ip", "Addresses"
        IP_RANGE = "ip_range", "Networks"
        TABLE = "table", "Table"

    list_id = models.CharField(primary_key=True, max_length=128)
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    type = models.CharField(max_length=8, choices=Type.choices)
    columns = models.JSONField(default=list)  # of a table: [{"name", "type"}, …]
    count = models.IntegerField(default=0)  # values, or rows
    data = models.BinaryField(default=bytes)  # zstd of NDJSON: a value, or an array of a row's values, a line
    owner = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class FormerValues(models.Model):
    """What a value list held before a large change, for the few minutes in which that can be taken back."""

    change = models.OneToOneField(Change, primary_key=True, on_delete=models.CASCADE, related_name="+")
    value_list = models.ForeignKey(ValueList, on_delete=models.CASCADE, related_name="former")
    columns = models.JSONField(default=list)
    count = models.IntegerField()
    data = models.BinaryField()  # as in ValueList
    after = models.CharField(max_length=64)  # digest of what the list held right after the change
    at = models.DateTimeField(db_index=True)


class RemovedList(models.Model):
    """A value list that was removed, for the few minutes in which that can be taken back."""

    change = models.OneToOneField(Change, primary_key=True, on_delete=models.CASCADE, related_name="+")
    list_id = models.CharField(max_length=128)
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    type = models.CharField(max_length=8)
    columns = models.JSONField(default=list)
    count = models.IntegerField()
    data = models.BinaryField()  # as in ValueList
    owner = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    version = models.PositiveIntegerField()
    created_at = models.DateTimeField()
    at = models.DateTimeField(db_index=True)


class HeldBack(models.Model):
    """An event that an exception kept from alerting, so that undoing or disabling the exception can raise it."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="+")
    item = models.ForeignKey(ExceptionItem, on_delete=models.CASCADE, related_name="held_back")
    team_id = models.BigIntegerField()
    day = models.DateField()
    index = models.TextField()
    uid = models.BinaryField(max_length=16)
    time = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "team_id", "day", "index", "uid"], name="held_back_once")
        ]


class SeenTerm(models.Model):
    """When a combination of new-terms values was seen, a row per day, so that history windows need no scan."""

    pk = models.CompositePrimaryKey("logic_hash", "team_id", "terms_hash", "day")
    logic_hash = models.BinaryField(max_length=16)
    team_id = models.BigIntegerField()
    terms_hash = models.BinaryField(max_length=16)
    day = models.DateField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        db_table = "seen_term"


class Lookback(models.Model):
    """Stored events that a rule still has to judge because it was enabled or its logic changed."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="lookbacks")
    revision = models.ForeignKey(RuleRevision, on_delete=models.CASCADE, related_name="+")
    start = models.DateTimeField()
    end = models.DateTimeField()
    learnt_until = models.DateTimeField(null=True)  # how far a new-terms rule has learnt its history
    after_epoch = models.BigIntegerField()  # judged once no batch claimed under an older epoch is pending
    lease_by = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.SmallIntegerField(default=0)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["id"], name="lookback_pending", condition=models.Q(done_at__isnull=True))]


class RuleRun(models.Model):
    """What one pass meant for one rule; appended, never updated. A pass without hits leaves no row here."""

    class Kind(models.TextChoices):
        BATCH = "batch", "new events"
        LOOKBACK = "lookback", "look-back"
        RELEASE = "release", "exception taken back"
        SETTLING = "settling", "events joined"
        GAP = "gap", "gap filled"

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="runs")
    revision = models.ForeignKey(RuleRevision, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    at = models.DateTimeField()
    start = models.DateTimeField()
    end = models.DateTimeField()
    events = models.IntegerField()
    hits = models.IntegerField()
    alerts = models.IntegerField()
    excepted = models.IntegerField(default=0)
    over_cap = models.IntegerField(default=0)
    suppressed = models.IntegerField(default=0, db_default=0)
    milliseconds = models.IntegerField(default=0)

    class Meta:
        # Runs are appended in time: a small index says where the old ones are that retention drops.
        indexes = [models.Index(fields=["rule", "-at"], name="run_newest"), BrinIndex(fields=["at"], name="run_oldest")]


class CandidateBlock(models.Model):
    """What one pass let into one filter of a rule: packed, and joined when settling.

    `data` holds the candidates (rules/candidates.py). They are the rule's own, not those of every rule of the same
    logic: its exceptions have taken theirs out. Kept as long as one of them may still complete an alert.
    """

    rule_id = models.CharField(max_length=64)
    logic_hash = models.BinaryField(max_length=16)
    team_id = models.BigIntegerField()
    part = models.CharField(max_length=9)  # name of the filter: event, 1, 2, until, indicator
    first_at = models.DateTimeField()  # what the candidates cover of the time by which the rule joins
    last_at = models.DateTimeField()
    count = models.IntegerField()
    data = models.BinaryField()
    settled = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    arrived_at = models.DateTimeField()  # of the newest of the events

    class Meta:
        indexes = [
            models.Index(fields=["rule_id", "logic_hash", "team_id", "last_at"], name="candidate_window"),
            models.Index(fields=["rule_id", "id"], name="candidate_new", condition=models.Q(settled=False)),
        ]


class Settling(models.Model):
    """When a rule's candidates are to be joined next, and who does it now. Due times are on the database's clock."""

    rule = models.OneToOneField(Rule, primary_key=True, on_delete=models.CASCADE, related_name="settling")
    due_at = models.DateTimeField(null=True)  # null: nothing waits
    waiting_since = models.DateTimeField(null=True)  # when the oldest candidates came that are not joined
    settled_at = models.DateTimeField(null=True)
    settled_to = models.DateTimeField(null=True)  # the `to` of the last run
    lease_by = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.SmallIntegerField(default=0)  # that began since one ended, well or not
    failures = models.SmallIntegerField(default=0, db_default=0)  # that ended with an error since one ended well
    error = models.TextField(blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="settling_due", condition=models.Q(due_at__isnull=False))]


class GroupMark(models.Model):
    """What one alert of a threshold rule's group has counted: nothing in that stretch of time counts again.

    Kept as long as events are stored, since late events and look-backs reach that far.
    """

    pk = models.CompositePrimaryKey("rule_id", "logic_hash", "team_id", "group_hash", "first_at")
    rule_id = models.CharField(max_length=64)
    logic_hash = models.BinaryField(max_length=16)
    team_id = models.BigIntegerField()
    group_hash = models.BinaryField(max_length=16)
    first_at = models.DateTimeField()  # times of the first and the last event that counted
    last_at = models.DateTimeField()
    alerted_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["rule_id", "alerted_at"], name="mark_rested"),
            models.Index(fields=["alerted_at"], name="mark_oldest"),
        ]


class TeamHistory(models.Model):
    """How far back a team's history goes that was ever judged: new-terms rules learn until that is far enough for them.

    It begins when the team's first events arrived, or earlier where enough older ones were sent later. `oldest_at` only
    ever gets earlier: that retention drops old events does not make a rule learn again.
    """

    team_id = models.BigIntegerField(primary_key=True)
    since = models.DateTimeField()  # when the first events arrived; names the alert that learning is folded into
    oldest_at = models.DateTimeField()
    early = models.JSONField(default=dict, db_default={})  # events so far of days before, by day: too few to count yet
