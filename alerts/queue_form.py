"""What may stand in the queue's address: its filters, each of which may be left out."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from alerts.models import Severity, Status

VIEWS = (
    ("triage", _("Triage queue")),
    ("mine", _("Mine")),
    ("urgent", _("High and critical")),
    ("closed", _("Closed today")),
    ("all", _("All")),
)
STATUSES = (
    ("waiting", _("open or acknowledged")),
    (Status.OPEN.value, _("open")),
    (Status.ACKNOWLEDGED.value, _("acknowledged")),
    (Status.CLOSED.value, _("closed")),
    ("any", _("any")),
)
SEVERITIES = (
    ("medium", _("medium and above")),
    ("high", _("high and above")),
    ("critical", _("critical only")),
)
TIMES = (
    ("1h", _("Last hour")),
    ("24h", _("Last 24 hours")),
    ("7d", _("Last 7 days")),
    ("30d", _("Last 30 days")),
)
SPANS = {"1h": timedelta(hours=1), "24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}
SORTS = (("urgent", _("Most urgent first")), ("newest", _("Newest first")))


def _choice(label: Any, choices: Iterable[tuple[str, Any]], empty: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=[("", empty), *choices], required=False)


class QueueForm(forms.Form):
    """The filters of the queue; every one may be left out, so that shared addresses stay short."""

    view = forms.ChoiceField(choices=VIEWS, required=False, widget=forms.HiddenInput)
    q = forms.CharField(label=_("Filter alerts with KQL"), max_length=4_000, required=False)
    status = _choice(_("Status"), STATUSES, _("as the view says"))
    severity = _choice(_("Severity"), SEVERITIES, _("low and above"))
    rule = _choice(_("Rule"), (), _("any rule"))
    technique = forms.CharField(label=_("Technique"), max_length=20, required=False)
    host = forms.CharField(label=_("Host"), max_length=255, required=False)
    user = forms.CharField(label=_("User"), max_length=255, required=False)
    assignee = _choice(_("Owner"), (), _("anybody"))
    tag = forms.CharField(label=_("Tag"), max_length=255, required=False)
    team = _choice(_("Team"), (), _("any team"))
    past_target = _choice(_("Target"), (("1", _("past its target")),), _("past it or not"))
    blocks = _choice(_("Building blocks"), (("1", _("shown too")),), _("kept out"))
    time = _choice(_("Time"), TIMES, _("Any time"))
    sort = forms.ChoiceField(label=_("Order"), choices=SORTS, required=False)

    def __init__(
        self, data: Any, *, rules: Iterable[tuple[str, str]], people: Iterable[User], teams: Iterable[Team] = ()
    ) -> None:
        """`rules` are (id, name) pairs to choose from, `people` may own an alert, `teams` only if there are several."""
        super().__init__(data)
        self.teams = [(str(team.pk), team.name) for team in teams]
        self.fields["team"].choices = [("", _("any team")), *self.teams]  # type: ignore[attr-defined]
        self.fields["rule"].choices = [("", _("any rule")), *rules]  # type: ignore[attr-defined]
        owners = [("me", _("me")), ("nobody", _("nobody")), *((str(user.pk), str(user)) for user in people)]
        self.fields["assignee"].choices = [("", _("anybody")), *owners]  # type: ignore[attr-defined]

    def chosen(self) -> dict[str, str]:
        """The values that are sound; a filter that is not is left out and its error shown beside it."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


def since_of(chosen: dict[str, str], now: datetime) -> datetime | None:
    """The start of the time range a person chose; None for any time."""
    span = SPANS.get(chosen.get("time", ""))
    return now - span if span else None


def severities_of(chosen: dict[str, str]) -> tuple[int, ...]:
    """The severities a filter such as "high and above" lets through; empty for all."""
    lowest = {"medium": Severity.MEDIUM, "high": Severity.HIGH, "critical": Severity.CRITICAL}.get(
        chosen.get("severity", "")
    )
    return tuple(level for level in Severity.values if lowest and level >= lowest)
