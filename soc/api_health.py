"""The state of the house for programs: the same figures as on the health page, and trying again what was set aside."""

from typing import Any

from rest_framework import serializers

from accounts.api.view import ApiView, operation
from accounts.roles import Permission
from accounts.scopes import Scope
from events import senders
from events.models import Batch
from events.set_aside import try_again
from soc.health.state import Health, health_of
from soc.web.api.inputs import Moment, PageQuery
from soc.web.api.pages import bad_key, page_of

Answer = serializers.Serializer[Any]


class BacklogAnswer(Answer):
    """What waits to be judged."""

    batches = serializers.IntegerField()
    events = serializers.IntegerField()
    oldest_seconds = serializers.FloatField()


class FlowAnswer(Answer):
    """What arrived in 24 hours, and how far judging was behind."""

    per_second = serializers.FloatField(help_text="Lately.")
    events = serializers.IntegerField()
    refused = serializers.IntegerField()
    refused_share = serializers.FloatField(help_text="Between 0 and 1.")


class DetectionAnswer(Answer):
    """Seconds from event to alert, in 24 hours."""

    alerts = serializers.IntegerField()
    median = serializers.FloatField(allow_null=True)
    ninetieth = serializers.FloatField(allow_null=True)


class AgentsAnswer(Answer):
    """How many senders are in each state."""

    silent = serializers.IntegerField()
    clock = serializers.IntegerField(help_text="Their clock is off.")
    dropping = serializers.IntegerField(help_text="Some of what they send is refused.")
    fine = serializers.IntegerField()


class AsideRuleAnswer(Answer):
    """A rule in quarantine, and how many events wait for it."""

    rule = serializers.CharField(source="rule.pk")
    name = serializers.CharField(source="rule.name")
    quarantined_at = Moment(source="rule.quarantined_at")
    reason = serializers.CharField(source="rule.quarantine_reason")
    waiting = serializers.IntegerField()


class BatchAnswer(Answer):
    """Events that no rule could be judged on."""

    id = serializers.IntegerField()
    team = serializers.IntegerField(source="team_id")
    ingested_at = Moment()
    events = serializers.IntegerField()
    attempts = serializers.IntegerField()
    state = serializers.ChoiceField(choices=Batch.State.choices)
    error = serializers.CharField()


class FailedRunAnswer(Answer):
    """A look-back that failed."""

    rule = serializers.CharField(source="rule_id")
    name = serializers.CharField(source="rule.name")
    created_at = Moment()
    attempts = serializers.IntegerField()
    error = serializers.CharField()
    given_up = serializers.SerializerMethodField()

    def get_given_up(self, run: Any) -> bool:
        """Whether it is not tried any more."""
        return run.done_at is not None


class CappedAnswer(Answer):
    """A number with a ceiling."""

    number = serializers.IntegerField()
    capped = serializers.BooleanField()


class TroubleAnswer(Answer):
    """What needs a person: the newest of one's teams by name, everything by number."""

    rules = AsideRuleAnswer(many=True)
    rules_in_all = serializers.IntegerField()
    batches = BatchAnswer(many=True)
    batches_in_all = CappedAnswer()
    runs = FailedRunAnswer(many=True)
    retried = serializers.IntegerField()
    halved = serializers.IntegerField()


class LettersByReasonAnswer(Answer):
    """Events refused in 24 hours that wait, by reason."""

    reason = serializers.CharField()
    events = serializers.IntegerField()
    sendable = serializers.IntegerField()
    host = serializers.CharField(help_text="The one most of them name.")
    newest = Moment()


class DiskAnswer(Answer):
    """The database's disk, in bytes."""

    free = serializers.IntegerField()
    total = serializers.IntegerField()


class StorageAnswer(Answer):
    """The store."""

    events_bytes = serializers.IntegerField()
    database_bytes = serializers.IntegerField()
    disk = DiskAnswer(allow_null=True, help_text="Null: not ours to see.")
    room_days = serializers.FloatField(allow_null=True)
    next_day = serializers.DateField(allow_null=True, help_text="The day of events that goes next.")
    next_at = Moment(allow_null=True)
    kept_with_alerts = CappedAnswer()


class StoreAnswer(Answer):
    """Whether a store answers."""

    there = serializers.BooleanField()
    milliseconds = serializers.FloatField()


class WorkersAnswer(Answer):
    """Those who judge."""

    alive = serializers.IntegerField()
    missing = serializers.IntegerField()
    processes = serializers.IntegerField()
    clock_alive = serializers.BooleanField(help_text="What starts things at their time.")


class HealthAnswer(Answer):
    """Whether the silence can be trusted."""

    now = Moment()
    wrong = serializers.CharField(source="headline.wrong", help_text="What is wrong, in a sentence; empty: nothing.")
    flow = FlowAnswer()
    backlog = BacklogAnswer()
    detection = DetectionAnswer()
    agents = AgentsAnswer(source="agent_counts.by_state")
    trouble = TroubleAnswer()
    letters = LettersByReasonAnswer(many=True)
    storage = StorageAnswer()
    retention_days = serializers.IntegerField()
    workers = WorkersAnswer()
    database = StoreAnswer()
    broker = StoreAnswer()
    working_rules = serializers.IntegerField()
    values_noted_until = Moment(
        source="noted_until", allow_null=True, help_text="Up to when it is known how common values are."
    )


class SendersQuery(PageQuery):
    """Which senders."""

    state = serializers.ChoiceField(choices=list(senders.STATES), required=False, default="")
    q = serializers.CharField(
        max_length=100, required=False, default="", allow_blank=True, help_text="A part of the host or key's name."
    )


class SenderAnswer(Answer):
    """A host by its key, as it does now."""

    key = serializers.CharField(source="key_id")
    key_name = serializers.CharField(allow_null=True)
    host = serializers.CharField()
    team = serializers.IntegerField(source="team_id")
    agent = serializers.CharField()
    state = serializers.ChoiceField(choices=list(senders.STATES))
    first_at = Moment()
    last_at = Moment()
    ahead_ms = serializers.IntegerField(allow_null=True, help_text="Its clock against ours.")
    events = serializers.IntegerField(help_text="Since the hour before this one began.")
    refused = serializers.IntegerField()
    reason = serializers.CharField(help_text="Why the last of them was refused.")


class SendersAnswer(Answer):
    """A page of senders, worst first."""

    items = SenderAnswer(many=True)
    next = serializers.CharField(allow_null=True)


class HealthView(ApiView):
    """The house."""

    @operation("health", "The state of the system", scope=Scope.HEALTH_READ, answer=HealthAnswer)
    def get(self) -> Health:
        """The figures of the health page."""
        return health_of(team_ids=self.teams, now=self.now)


class SendersView(ApiView):
    """Everything that sends."""

    @operation(
        "agents_list",
        "What sends events, worst first",
        scope=Scope.HEALTH_READ,
        query=SendersQuery,
        answer=SendersAnswer,
    )
    def get(self) -> dict[str, Any]:
        """A page of senders. One query."""
        asked = self.query
        page = senders.page(
            team_ids=self.teams,
            now=self.now,
            state=asked["state"],
            find=asked["q"].strip(),
            after=asked["after"] or None,
            limit=asked["limit"],
        )
        if page.notice:
            raise bad_key()
        return page_of(page.items, page.next_key)


class BatchAgainView(ApiView):
    """Events that were set aside."""

    @operation(
        "batch_try_again",
        "Have events that were set aside judged again",
        scope=Scope.EVENTS_WRITE,
        may_who=Permission.OPERATE,
        answer=BatchAnswer,
        errors=(404,),
    )
    def post(self, batch_id: int) -> Batch:
        """Still failing, they are set aside anew."""
        return try_again(batch_id=batch_id, **self.acting_in_teams)
