"""How rules are written in answers, and what may be asked of them."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from engine.rule_types import RULE_TYPES
from rules.forms import SEVERITIES
from rules.listing import Show
from rules.models import RuleRun
from rules.overrides import MULTIVALUE
from soc.web.api.inputs import Moment, PageQuery, Strict

Answer = serializers.Serializer[Any]
LARGEST_NUMBER = 2**31 - 1


class RulesQuery(PageQuery):
    """The rule list: quarantined rules first, then those that are on, then the rest, by name."""

    q = serializers.CharField(
        max_length=200,
        required=False,
        default="",
        allow_blank=True,
        help_text="Words of the name, tags, techniques or id.",
    )
    type = serializers.ChoiceField(choices=list(RULE_TYPES), required=False, default="")
    severity = serializers.ChoiceField(choices=SEVERITIES, required=False, default="")
    show = serializers.ChoiceField(choices=[show.value for show in Show], required=False, default=Show.ALL.value)


class RevisionsQuery(Strict):
    """Older revisions."""

    before = serializers.IntegerField(min_value=1, max_value=LARGEST_NUMBER, required=False, default=None)


class StateAnswer(Answer):
    """How a rule is, in a word, and why."""

    tone = serializers.ChoiceField(choices=["failing", "nodata", "off", "slow", "noisy", "silent", "fine"])
    title = serializers.CharField()
    note = serializers.CharField()


class OverridesAnswer(Answer):
    """What is set here beside the rule's file; null: as the file says."""

    severity = serializers.ChoiceField(choices=SEVERITIES, allow_null=True)
    risk_score = serializers.IntegerField(allow_null=True)
    interval = serializers.CharField(allow_null=True)
    max_signals = serializers.IntegerField(allow_null=True)
    tags_added = serializers.ListField(child=serializers.CharField(), allow_null=True)
    tags_removed = serializers.ListField(child=serializers.CharField(), allow_null=True)
    multivalue = serializers.ChoiceField(choices=MULTIVALUE, allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        """With `from`, which Python cannot name."""
        return {**super().get_fields(), "from": serializers.CharField(allow_null=True, help_text="now-9m")}

    def to_representation(self, instance: Mapping[str, Any]) -> dict[str, Any]:
        """Every setting by its name."""
        return {str(name): instance.get(str(name)) for name in self.fields}


class RuleAnswer(Answer):
    """A rule, without its content. Severity, risk score and tags are those in force: see `overrides`."""

    id = serializers.CharField()
    team = serializers.IntegerField(source="team_id", allow_null=True, help_text="Null: it serves every team.")
    name = serializers.CharField()
    type = serializers.CharField()
    severity = serializers.CharField()
    risk_score = serializers.IntegerField()
    tags = serializers.ListField(child=serializers.CharField())
    techniques = serializers.ListField(child=serializers.CharField())
    enabled = serializers.BooleanField()
    enabled_at = Moment(allow_null=True)
    evaluated = serializers.BooleanField(help_text="False: of a type that is loaded and shown but not judged.")
    not_evaluated_because = serializers.CharField()
    quarantined_at = Moment(allow_null=True)
    quarantine_reason = serializers.CharField()
    overrides = OverridesAnswer()
    superseded_by = serializers.CharField(
        source="superseded_by_id",
        allow_null=True,
        help_text="The upstream rule that covers the same; this one judges nothing while that is in force.",
    )
    source = serializers.CharField()  # type: ignore[assignment]
    created_at = Moment()
    updated_at = Moment()


class RuleRowAnswer(Answer):
    """A rule as the list shows it."""

    rule = RuleAnswer()
    state = StateAnswer()
    days = serializers.ListField(child=serializers.IntegerField(), help_text="Alerts by day, the last is today (UTC).")
    alerts = serializers.IntegerField(help_text="In these seven days.")
    over_cap = serializers.IntegerField(help_text="Hits beyond the rule's maximum, in these seven days.")
    last_hit = Moment(allow_null=True)
    exceptions = serializers.IntegerField(help_text="In force now.")


class RulesAnswer(Answer):
    """A page of the rule list."""

    items = RuleRowAnswer(many=True)
    next = serializers.CharField(allow_null=True)
    found = serializers.IntegerField(help_text="How many rules the filters let through.")


class LogicAnswer(Answer):
    """What the rule asks for, as its file says."""

    type = serializers.CharField()
    language = serializers.CharField(allow_null=True)
    query = serializers.CharField()
    index = serializers.ListField(child=serializers.CharField())
    filters = serializers.ListField(child=serializers.DictField())
    new_terms_fields = serializers.ListField(child=serializers.CharField())
    history_window_start = serializers.CharField(allow_null=True)


class ScheduleAnswer(Answer):
    """The schedule, in durations as people write them."""

    every = serializers.CharField()
    looks_back = serializers.CharField()
    at_most = serializers.IntegerField()
    timestamp = serializers.CharField()
    history = serializers.CharField()
    in_practice = serializers.CharField(help_text="What it comes to: when the rule fires, or joins events.")


class PlannedStepAnswer(Answer):
    """One step of a sequence or sample."""

    number = serializers.IntegerField()
    asked = serializers.CharField(help_text="What lets an event in, in words.")
    by = serializers.ListField(child=serializers.CharField(), help_text="Its keys beside the shared ones.")
    missing = serializers.BooleanField(help_text="No such event is to come.")
    runs = serializers.IntegerField(help_text="How many such events in a row.")


class PlannedAnswer(Answer):
    """What a rule does with the events that its filters let in, in words."""

    lead = serializers.CharField()
    steps = PlannedStepAnswer(many=True)
    shared = serializers.ListField(child=serializers.CharField(), help_text="Fields in which the steps agree.")
    until = serializers.CharField()
    meets = serializers.ListField(child=serializers.CharField(), help_text="Any of these ways to meet an indicator.")
    about = serializers.CharField()


class PipedAnswer(Answer):
    """What the pipeline of a rule in ES|QL comes to, in words."""

    at_once = serializers.BooleanField(help_text="Each event is judged as it comes, by itself.")
    aggregating = serializers.BooleanField(help_text="Its rows are groups of events.")
    when = serializers.CharField(help_text="Over what it runs, and how often.")
    rows = serializers.CharField()
    alerts = serializers.CharField(help_text="How rows become alerts.")
    by = serializers.ListField(child=serializers.CharField(), help_text="What names a group.")
    made = serializers.ListField(
        child=serializers.CharField(), help_text="Columns it makes: an exception on one is asked of rows."
    )
    conditions = serializers.ListField(child=serializers.CharField(), help_text="The last, which a row has to meet.")
    any_match = serializers.BooleanField(help_text="Of several values any may meet a comparison; see `multivalue`.")
    several = serializers.CharField()


class RuleSuppressionAnswer(Answer):
    """How alike hits are counted at one alert."""

    fields = serializers.ListField(child=serializers.CharField())  # type: ignore[assignment]
    within = serializers.CharField()
    missing = serializers.CharField(help_text="What becomes of events without one of the fields.")


class JoiningAnswer(Answer):
    """How a rule that joins events stands."""

    due_at = Moment(allow_null=True, help_text="When its candidates are joined next; null: nothing waits.")
    waiting_since = Moment(allow_null=True)
    settled_at = Moment(allow_null=True)
    settled_to = Moment(allow_null=True)
    error = serializers.CharField()
    candidates = serializers.IntegerField(help_text="Past events that may still complete an alert.")
    first_at = Moment(allow_null=True)
    last_at = Moment(allow_null=True)


class FindingAnswer(Answer):
    """What the linter finds in the rule file."""

    code = serializers.CharField()
    message = serializers.CharField()
    key = serializers.CharField()
    line = serializers.IntegerField(help_text="Within the key's text, from 1; 0: the key as a whole.")
    column = serializers.IntegerField()
    width = serializers.IntegerField()


class NamedAnswer(Answer):
    """A tactic or a technique of ATT&CK."""

    id = serializers.CharField()
    name = serializers.CharField()

    def to_representation(self, instance: tuple[str, str]) -> dict[str, Any]:
        """From a pair."""
        return {"id": instance[0], "name": instance[1]}


class StepAnswer(Answer):
    """One thing to do or to weigh."""

    title = serializers.CharField()
    text = serializers.CharField(source="text_md")
    heading = serializers.CharField(allow_null=True)


class GuideAnswer(Answer):
    """The rule's guide in its parts; texts are Markdown of the rule's author, not safe as HTML."""

    intro = serializers.CharField()
    steps = StepAnswer(many=True)
    false_positives = serializers.CharField()
    false_positive_items = StepAnswer(many=True)
    response = serializers.CharField()
    response_steps = StepAnswer(many=True)
    setup = serializers.CharField()
    related_rules = serializers.CharField()
    additional = serializers.CharField()


class SumsAnswer(Answer):
    """What the runs of the last seven days come to."""

    events = serializers.IntegerField()
    hits = serializers.IntegerField()
    alerts = serializers.IntegerField()
    over_cap = serializers.IntegerField()
    suppressed = serializers.IntegerField()
    excepted = serializers.IntegerField()
    milliseconds = serializers.IntegerField()


class LookbackAnswer(Answer):
    """Stored events that the rule has still to judge."""

    start = Moment()
    end = Moment()
    attempts = serializers.IntegerField()
    error = serializers.CharField()


class DiffLineAnswer(Answer):
    """A line of a difference."""

    kind = serializers.ChoiceField(choices=["add", "del", "same"])
    text = serializers.CharField()


class KeyChangeAnswer(Answer):
    """A key of the rule file that a revision changed."""

    key = serializers.CharField()
    lines = DiffLineAnswer(many=True)


class RevisionAnswer(Answer):
    """A revision, and what it changed against the one before."""

    number = serializers.IntegerField(source="revision.number")
    note = serializers.CharField(source="revision.note")
    created_at = Moment(source="revision.created_at")
    created_by = serializers.SerializerMethodField(help_text="Null: loaded by Watchbill itself.")
    current = serializers.BooleanField()
    changes = KeyChangeAnswer(many=True)

    def get_created_by(self, entry: Any) -> str | None:
        """The person's name."""
        by = entry.revision.created_by
        return str(by) if by else None


class RevisionsAnswer(Answer):
    """Revisions, newest first; `before` asks for older ones."""

    items = RevisionAnswer(many=True)
    before = serializers.IntegerField(allow_null=True, help_text="Pass it on for older ones; null at the end.")


class RecordAnswer(Answer):
    """What was done to the rule itself."""

    at = Moment()
    who = serializers.CharField(source="actor_name")
    verb = serializers.CharField()
    note = serializers.CharField()


class RulePageAnswer(Answer):
    """Everything that a rule's page shows; runs are at rules/{id}/runs, older revisions at rules/{id}/revisions."""

    rule = RuleAnswer()
    state = StateAnswer()
    description = serializers.CharField()
    references = serializers.ListField(child=serializers.CharField(), source="definition.references")
    logic = LogicAnswer(source="definition")
    schedule = ScheduleAnswer()
    plan = PlannedAnswer(allow_null=True, help_text="Null: it fires on single events.")
    piped = PipedAnswer(allow_null=True, help_text="Of a rule in ES|QL.")
    needs_model = serializers.BooleanField(help_text="Not evaluated, because its query asks a language model.")
    suppression = RuleSuppressionAnswer(allow_null=True)
    mappings = serializers.ListField(child=serializers.CharField(), help_text="What of an alert the event decides.")
    joining = JoiningAnswer(allow_null=True)
    findings = FindingAnswer(many=True)
    supersedes = serializers.SerializerMethodField(help_text="Shipped rules that stand back for this one.")
    attack = serializers.ListField(child=NamedAnswer(many=True), source="chain", help_text="Paths, tactic first.")
    guide = GuideAnswer()
    exceptions = serializers.IntegerField(help_text="In force now; see exceptions?rule=.")
    held_back = serializers.IntegerField(help_text="Events that exceptions hold back.")
    sums = SumsAnswer()
    lookback = LookbackAnswer(allow_null=True)
    revisions = RevisionAnswer(many=True)
    record = RecordAnswer(many=True)

    def get_supersedes(self, page: Any) -> list[str]:
        """Their ids."""
        return [rule.pk for rule in page.supersedes]


class RunAnswer(Answer):
    """What one pass meant for the rule; passes without hits leave none."""

    kind = serializers.ChoiceField(choices=RuleRun.Kind.choices)
    revision = serializers.IntegerField(source="revision.number")
    at = Moment()
    start = Moment()
    end = Moment()
    events = serializers.IntegerField()
    hits = serializers.IntegerField()
    alerts = serializers.IntegerField()
    excepted = serializers.IntegerField()
    over_cap = serializers.IntegerField(help_text="Hits beyond the rule's maximum.")
    suppressed = serializers.IntegerField(help_text="Hits that were counted at an alert that stands.")
    milliseconds = serializers.IntegerField()


class RunsAnswer(Answer):
    """A page of runs, newest first."""

    items = RunAnswer(many=True)
    next = serializers.CharField(allow_null=True)


class RunsQuery(PageQuery):
    """Runs of a rule."""
