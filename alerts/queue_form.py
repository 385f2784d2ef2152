"""What may stand in the queue's address: its filters, each of which may be left out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from django import forms
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

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
LACKS = (("host", _("a host")), ("user", _("a user")), ("both", _("a host and a user")))
SPANS = {"1h": timedelta(hours=1), "24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}
SORTS = (("urgent", _("Most urgent first")), ("newest", _("Newest first")), ("oldest", _("Oldest first")))
GROUPINGS = (("rule", _("By rule")), ("host", _("By host")), ("user", _("By user")))
UNFOLDED = "off"
# Beyond them no alert is, and times cannot be reckoned with: an hour before the first year is none.
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Named:
    """A person or a team to choose."""

    pk: int
    name: str

    def __str__(self) -> str:
        return self.name


def named(some: Iterable[Any]) -> tuple[Named, ...]:
    """People or teams by their names."""
    return tuple(Named(one.pk, str(one)) for one in some)


def usual_sort(view: str) -> str:
    """The order in which a tab is shown unless another one is chosen."""
    return "newest" if view in ("closed", "all") else "urgent"


def _choice(label: Any, choices: Iterable[tuple[str, Any]], empty: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=[("", empty), *choices], required=False)


def _moment_input(end: str) -> forms.TextInput:
    told = {"placeholder": "2026-11-21T14:05Z", "autocomplete": "off", "spellcheck": "false", "data-brush-input": end}
    return forms.TextInput(attrs=told)


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
    lacks = _choice(_("Lacks"), LACKS, _("nothing in particular"))
    assignee = _choice(_("Owner"), (), _("anybody"))
    tag = forms.CharField(label=_("Tag"), max_length=255, required=False)
    team = _choice(_("Team"), (), _("any team"))
    past_target = _choice(_("Target"), (("1", _("past its target")),), _("past it or not"))
    blocks = _choice(_("Building blocks"), (("1", _("shown too")),), _("kept out"))
    snoozed = _choice(_("Snoozed"), (("1", _("only these")),), _("as the view says"))
    fold = forms.RegexField(r"^(off|[0-9a-f]{32})$", required=False, widget=forms.HiddenInput)
    time = _choice(_("Time"), TIMES, _("Any time"))
    since = forms.CharField(label=_("From"), max_length=40, required=False, widget=_moment_input("from"))
    until = forms.CharField(label=_("To"), max_length=40, required=False, widget=_moment_input("to"))
    saved = forms.RegexField(r"^\d{1,18}$", required=False, widget=forms.HiddenInput)
    sort = forms.ChoiceField(label=_("Order"), choices=SORTS, required=False)

    def __init__(
        self, data: Any, *, rules: Iterable[tuple[str, str]], people: Iterable[Named], teams: Iterable[Named] = ()
    ) -> None:
        """`rules` are (id, name) pairs to choose from, `people` may own an alert, `teams` only if there are several."""
        super().__init__(data)
        self.drawn: dict[tuple[str | None, str], SafeString] = {}  # its filters as markup, by language and grouping
        self.teams = [(str(team.pk), str(team)) for team in teams]
        self.fields["team"].choices = [("", _("any team")), *self.teams]  # type: ignore[attr-defined]
        self.fields["rule"].choices = [("", _("any rule")), *rules]  # type: ignore[attr-defined]
        owners = [("me", _("me")), ("nobody", _("nobody")), *((str(one.pk), one.name) for one in people)]
        self.fields["assignee"].choices = [("", _("anybody")), *owners]  # type: ignore[attr-defined]

    def clean_since(self) -> str:
        """The start of a stretch of time, as an ISO time."""
        return _iso(self.cleaned_data["since"])

    def clean_until(self) -> str:
        """The end of a stretch of time, as an ISO time."""
        return _iso(self.cleaned_data["until"])

    def chosen(self) -> dict[str, str]:
        """The values that are sound; a filter that is not is left out and its error shown beside it. A span that ends
        now takes the place of a stretch with a start and an end.
        """
        self.is_valid()
        left_out = {"since", "until"} if self.cleaned_data.get("time") else set()
        return {name: value for name, value in self.cleaned_data.items() if value and name not in left_out}


@lru_cache(maxsize=32)
def form_over(
    given: tuple[tuple[str, str], ...],
    rules: tuple[tuple[str, str], ...],
    people: tuple[Named, ...],
    teams: tuple[Named, ...],
) -> QueueForm:
    """The form over what an address says, checked. The last few are kept, for everybody who asks the same out of the
    same choices: nobody may change one. Each holds every rule's name, drawn, in as many languages as were asked for.
    """
    form = QueueForm(dict(given), rules=rules, people=people, teams=teams)
    form.is_valid()
    return form


def _iso(text: str) -> str:
    """The moment in UTC. Raises: forms.ValidationError."""
    if not text:
        return ""
    moment: datetime | None
    try:
        moment = datetime.fromisoformat(text)
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        moment = None
    if moment is None or not _EARLIEST <= moment <= _LATEST:
        raise forms.ValidationError(_("Write a time such as 2026-11-21T14:05Z."))
    return moment.isoformat()


def since_of(chosen: dict[str, str], now: datetime) -> datetime | None:
    """The start of the time range a person chose; None for any time."""
    if "since" in chosen:
        return datetime.fromisoformat(chosen["since"])
    span = SPANS.get(chosen.get("time", ""))
    return now - span if span else None


def until_of(chosen: dict[str, str]) -> datetime | None:
    """The end of a stretch of time that a person chose."""
    return datetime.fromisoformat(chosen["until"]) if "until" in chosen else None


def severities_of(chosen: dict[str, str]) -> tuple[int, ...]:
    """The severities a filter such as "high and above" lets through; empty for all."""
    lowest = {"medium": Severity.MEDIUM, "high": Severity.HIGH, "critical": Severity.CRITICAL}.get(
        chosen.get("severity", "")
    )
    return tuple(level for level in Severity.values if lowest and level >= lowest)
