"""The managers' overview for programs: every figure as of now or of any past instant, from the record."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from accounts.api.answers import PersonName
from accounts.api.view import ApiView, operation
from accounts.scopes import Scope
from accounts.time_zones import zone_of
from alerts.api.parts import SeverityName
from cases.models import Phase, Status
from cases.overview.figures import Figures, figures
from cases.overview.forms import RANGES
from cases.overview.period import Period, period_of
from soc.web.api.errors import not_found
from soc.web.api.inputs import Id, Moment, Strict

Answer = serializers.Serializer[Any]
_YEARS = (2000, 2199)


class OverviewQuery(Strict):
    """Of which time, as of which instant, for which team."""

    range = serializers.ChoiceField(choices=[name for name, _ in RANGES], required=False, default="7d")
    first = serializers.DateField(required=False, default=None, help_text="With `last`, a range of one's own.")
    last = serializers.DateField(required=False, default=None)
    at = Moment(required=False, default=None, help_text="As of then; now unless said.")
    team = Id(required=False, default=None, help_text="One of one's teams; all of them unless said.")


class PeriodAnswer(Answer):
    """What the figures speak of: (start, at]."""

    start = Moment()
    at = Moment()
    is_past = serializers.BooleanField()


class GroupAnswer(Answer):
    """Open alerts of one severity between two ages."""

    severity = SeverityName()
    older_than_seconds = serializers.SerializerMethodField()
    up_to_seconds = serializers.SerializerMethodField()
    alerts = serializers.IntegerField()
    unowned = serializers.IntegerField()
    past_target = serializers.IntegerField()

    def get_older_than_seconds(self, group: Any) -> int:
        """The younger end."""
        return int(group.older_than.total_seconds())

    def get_up_to_seconds(self, group: Any) -> int | None:
        """The older end; null: none."""
        return int(group.up_to.total_seconds()) if group.up_to is not None else None


class WaitingAnswer(Answer):
    """Everything that was open."""

    open = serializers.IntegerField()
    past_target = serializers.IntegerField()
    unowned = serializers.IntegerField()
    oldest_at = Moment(allow_null=True)
    groups = GroupAnswer(many=True)


class BacklogThenAnswer(Answer):
    """What waited at one instant."""

    at = Moment()
    open = serializers.IntegerField()
    past_target = serializers.IntegerField()


class TookAnswer(Answer):
    """Seconds, of n alerts."""

    n = serializers.IntegerField()
    median = serializers.FloatField(allow_null=True)
    ninetieth = serializers.FloatField(allow_null=True)


class ClosingsAnswer(Answer):
    """Closed alerts by reason."""

    true_positive = serializers.IntegerField()
    benign = serializers.IntegerField()
    false_positive = serializers.IntegerField()
    duplicate = serializers.IntegerField()
    other = serializers.IntegerField()
    by_exception = serializers.IntegerField()


class ColumnAnswer(Answer):
    """What came and went in a window."""

    start = Moment(source="window.start")
    end = Moment(source="window.end")
    opened = serializers.IntegerField()
    closed = serializers.IntegerField()


class WeekAnswer(Answer):
    """A week's times and closings."""

    start = Moment(source="window.start")
    end = Moment(source="window.end")
    acknowledge = TookAnswer()
    resolve = TookAnswer()
    closings = ClosingsAnswer()


class FaultsAnswer(Answer):
    """Why a rule's false positives are false: together they are all of these."""

    rule_logic = serializers.IntegerField()
    data_wrong = serializers.IntegerField()
    unsaid = serializers.IntegerField()


class NoisyAnswer(Answer):
    """A rule, its alerts in the range, and how they were judged."""

    rule = serializers.CharField(source="rule_id")
    name = serializers.CharField()
    alerts = serializers.IntegerField()
    closings = ClosingsAnswer()
    faults = FaultsAnswer()
    few = serializers.BooleanField(help_text="Too few verdicts to speak of a share.")


class OpenCaseAnswer(Answer):
    """A case as it stood."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    severity = SeverityName()
    status = serializers.ChoiceField(choices=Status.choices)
    phase = serializers.ChoiceField(choices=Phase.choices)
    owner = PersonName(allow_null=True)
    next_step = serializers.CharField()
    due_at = Moment(allow_null=True)
    overdue = serializers.BooleanField()
    alerts = serializers.IntegerField()


class CaseworkAnswer(Answer):
    """Cases that were not closed."""

    open = serializers.IntegerField()
    overdue = serializers.IntegerField()
    shown = OpenCaseAnswer(many=True)


class OverviewAnswer(Answer):
    """The figures; what each means is said on the overview page and in docs/figures.md."""

    period = PeriodAnswer()
    waiting = WaitingAnswer()
    backlog = BacklogThenAnswer(many=True)
    a_week_ago = BacklogThenAnswer()
    growing = serializers.BooleanField()
    opened = serializers.IntegerField()
    closings = ClosingsAnswer()
    detect = TookAnswer()
    acknowledge = TookAnswer()
    resolve = TookAnswer()
    columns = ColumnAnswer(many=True)
    weeks = WeekAnswer(many=True)
    tuning = NoisyAnswer(many=True)
    cases = CaseworkAnswer()


class OverviewView(ApiView):
    """The overview."""

    @operation(
        "overview",
        "The managers' figures",
        scope=Scope.CASES_READ,
        query=OverviewQuery,
        answer=OverviewAnswer,
        errors=(404,),
    )
    def get(self) -> Figures:
        """As of now, or of any past instant."""
        team = self.query["team"]
        if team is not None and team not in self.teams:
            raise not_found()
        return figures(team_ids=self.teams if team is None else [team], period=_period(self))


def _period(view: ApiView) -> Period:
    asked = view.query
    first, last = asked["first"], asked["last"]
    if (first is None) != (last is None) or (first and first > last):
        raise ValidationError({"last": ["A range of one's own has a first day and a last one, in this order."]})
    for name in ("first", "last", "at"):
        if asked[name] is not None and not _YEARS[0] <= asked[name].year <= _YEARS[1]:
            raise ValidationError({name: ["That is outside what is recorded."]})
    name = "custom" if first else asked["range"]
    return period_of(name, now=view.now, zone=zone_of(view.user.time_zone), at=asked["at"], first=first, last=last)
