"""What people may type on the alert pages, checked before a service sees it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from alerts.errors import FaultRefused
from alerts.models import Fault, Reason, Severity, Status, StepDone, Target
from soc.web.evidence import plain

NOTE_LIMIT = 10_000
MOST_SELECTED = 500


class StatusForm(forms.Form):
    """Acknowledge, close with a reason, or open again one alert."""

    version = forms.IntegerField(min_value=1)
    status = forms.ChoiceField(choices=Status.choices)
    reason = forms.ChoiceField(choices=Reason.choices, required=False)
    fault = forms.ChoiceField(
        choices=Fault.choices, required=False, error_messages={"invalid_choice": FaultRefused().message}
    )
    note = forms.CharField(max_length=NOTE_LIMIT, required=False, strip=True)

    def clean(self) -> dict[str, Any]:
        """Closing needs a reason, and the reason "other" a note, because it says nothing by itself."""
        data = super().clean() or {}
        if data.get("status") == Status.CLOSED and not data.get("reason"):
            self.add_error("reason", _("Choose a reason for closing."))
        if data.get("reason") == Reason.OTHER and not data.get("note"):
            self.add_error("note", _("Say why: “other” needs a note."))
        return data


class AssignForm(forms.Form):
    """Give an alert to somebody, or to nobody."""

    version = forms.IntegerField(min_value=1)
    assignee = forms.ModelChoiceField(queryset=User.objects.none(), required=False)

    def __init__(self, data: Any, *, people: Any) -> None:
        """`people` is the queryset of users who may own the alert."""
        super().__init__(data)
        self.fields["assignee"].queryset = people  # type: ignore[attr-defined]


class StepForm(forms.Form):
    """Tick a step of a guide, or take the tick back."""

    kind = forms.ChoiceField(choices=StepDone.Kind.choices)
    key = forms.RegexField(regex=r"\A[0-9a-f]{32}\Z")
    done = forms.ChoiceField(choices=[("1", ""), ("0", "")])


class CommentForm(forms.Form):
    """What a person wants to leave on an alert."""

    text = forms.CharField(label=_("Comment"), max_length=NOTE_LIMIT, strip=True, widget=forms.Textarea)


def versions_in(ticked: list[str]) -> dict[int, int]:
    """What was ticked, as {alert id: version seen}. Raises: forms.ValidationError."""
    try:
        versions = {int(pair.split(":")[0]): int(pair.split(":")[1]) for pair in ticked[: MOST_SELECTED + 1]}
    except (ValueError, IndexError):
        raise forms.ValidationError(_("The selection could not be read. Select the alerts again.")) from None
    if not versions:
        raise forms.ValidationError(_("Select at least one alert."))
    if len(versions) > MOST_SELECTED:
        raise forms.ValidationError(_("Select at most %(most)s alerts at a time.") % {"most": MOST_SELECTED})
    return versions


EXPIRIES = (("30", _("30 days")), ("90", _("90 days")), ("180", _("180 days")))
REVIEW_AFTER = timedelta(days=90)
REVIEWS = (("", _("when it ends")), *EXPIRIES)
SCOPES = (("rule", _("this rule")), ("rules", _("several rules")))


class ExceptionForm(forms.Form):
    """What an exception needs beside its conditions: why it is safe, until when, and what to do with what it covers."""

    reason = forms.CharField(
        label=_("Why is this safe?"),
        max_length=2_000,
        strip=True,
        widget=forms.Textarea(attrs={"rows": 2, "data-keep": "reason"}),
    )
    name = forms.CharField(label=_("Name"), max_length=255, required=False, strip=True)
    expires = forms.ChoiceField(label=_("Ends after"), choices=EXPIRIES, initial="90")
    review = forms.ChoiceField(label=_("Review again in"), choices=REVIEWS, initial="", required=False)
    scope = forms.ChoiceField(label=_("Applies to"), choices=SCOPES, initial="rule", required=False)
    close = forms.BooleanField(required=False)
    close_reason = forms.ChoiceField(
        choices=[choice for choice in Reason.choices if choice[0] != Reason.OTHER],
        required=False,
        initial=Reason.BENIGN_POSITIVE.value,
    )
    override = forms.CharField(max_length=2_000, required=False, strip=True)

    def __init__(
        self,
        data: Any = None,
        *,
        may_never: bool,
        keeps: datetime | None = None,
        keeps_review: datetime | None = None,
        proposes: datetime | None = None,
        proposes_review: datetime | None = None,
        **initial: Any,
    ) -> None:
        """`may_never` allows an exception without an end; `keeps` is the end a stored one has, to leave as it is, and
        `keeps_review` the day on which it is looked at again; `proposes` and `proposes_review` those of a draft that is
        taken up again."""
        super().__init__(data, initial=initial)
        self.may_never = may_never
        self.keeps = keeps
        choices: list[tuple[str, Any]] = [*EXPIRIES, *([("never", _("never"))] if may_never else [])]
        if keeps:
            choices.insert(0, _on_day("keep", _("as now: %(day)s"), keeps))
        self.proposes, self.proposes_review = proposes, proposes_review
        if proposes:
            choices.insert(0, _on_day("proposed", _("as in your draft: %(day)s"), proposes))
        self.fields["expires"].choices = choices  # type: ignore[attr-defined]
        self.keeps_review = keeps_review
        reviews: list[tuple[str, Any]] = [*REVIEWS]
        if keeps_review:
            reviews.insert(0, _on_day("keep", _("as now: %(day)s"), keeps_review))
        if proposes_review:
            reviews.insert(0, _on_day("proposed", _("as in your draft: %(day)s"), proposes_review))
        self.fields["review"].choices = reviews  # type: ignore[attr-defined]

    def offer_lists(self, lists: Iterable[tuple[str, str, int]]) -> None:
        """Shared lists (id, name, number of rules) that it may be saved in."""
        words = _("shared list: %(name)s, %(n)s rules")
        offered = [(f"list:{list_id}", words % {"name": plain(name), "n": rules}) for list_id, name, rules in lists]
        self.fields["scope"].choices = [*SCOPES, *offered]  # type: ignore[attr-defined]

    def list_id(self) -> str:
        """The shared list that was chosen; empty for none."""
        chosen: str = self.cleaned_data.get("scope") or "rule"
        return chosen.removeprefix("list:") if chosen.startswith("list:") else ""

    def expires_at(self, now: datetime) -> datetime | None:
        """When the exception ends; None for never."""
        chosen = self.cleaned_data["expires"]
        if chosen == "keep":
            return self.keeps
        if chosen == "proposed":
            return self.proposes
        return None if chosen == "never" else now + timedelta(days=int(chosen))

    def review_at(self, now: datetime) -> datetime | None:
        """When it is looked at again: when was chosen, and one without an end in any case."""
        chosen = self.cleaned_data.get("review") or ""
        if chosen == "keep":
            return self.keeps_review
        if chosen == "proposed":
            return self.proposes_review
        if chosen:
            return now + timedelta(days=int(chosen))
        return None if self.expires_at(now) else now + REVIEW_AFTER


def _on_day(value: str, words: Any, day: datetime) -> tuple[str, Any]:
    """A choice that names a day."""
    return value, words % {"day": f"{day:%-d %b %Y}"}


class EscalateForm(forms.Form):
    """Another team, and why. Each alert is `id:version`, so that a stale one is noticed."""

    team = forms.ModelChoiceField(label=_("Team"), queryset=Team.objects.none(), empty_label=_("choose a team"))
    note = forms.CharField(label=_("Why"), max_length=NOTE_LIMIT, strip=True, widget=forms.Textarea(attrs={"rows": 4}))

    def __init__(self, data: Any = None, *, teams: Any, alerts: Iterable[Any] = ()) -> None:
        """`teams` may be chosen from."""
        super().__init__(data)
        self.fields["team"].queryset = teams  # type: ignore[attr-defined]
        self.ticked: list[str] = data.getlist("alert") if data is not None else [str(one.pk) for one in alerts]

    def clean(self) -> dict[str, Any]:
        """Something must be chosen."""
        data = super().clean() or {}
        data["versions"] = versions_in(self.ticked)
        return data


UNITS = (("h", _("hours")), ("d", _("days")))
_HOURS = {"h": 1, "d": 24}


class TargetsForm(forms.Form):
    """A time for each severity, in hours or days, with the version that was seen."""

    def __init__(self, data: Any = None) -> None:
        """As stored, or as typed. One query."""
        super().__init__(data)
        for row in Target.objects.order_by("-severity"):
            number, unit = _in_units(row.within)
            name = Severity(row.severity).label
            self.fields[f"{name}_number"] = forms.DecimalField(
                label=name.capitalize(), min_value=Decimal("0.1"), max_value=9_000, decimal_places=2, initial=number
            )
            self.fields[f"{name}_unit"] = forms.ChoiceField(label=_("Unit"), choices=UNITS, initial=unit)
            self.fields[f"{name}_version"] = forms.IntegerField(
                min_value=1, initial=row.version, widget=forms.HiddenInput
            )

    @property
    def rows(self) -> list[tuple[str, forms.BoundField, forms.BoundField, forms.BoundField]]:
        """Severity, number, unit and version, the gravest first."""
        names = [one.label for one in reversed(Severity) if f"{one.label}_number" in self.fields]
        return [(name, self[f"{name}_number"], self[f"{name}_unit"], self[f"{name}_version"]) for name in names]

    def values(self) -> dict[int, timedelta]:
        """The times by severity."""
        data = self.cleaned_data
        return {
            Severity[name.upper()].value: timedelta(hours=float(data[f"{name}_number"]) * _HOURS[data[f"{name}_unit"]])
            for name, *_fields in self.rows
        }

    def versions(self) -> dict[int, int]:
        """The versions that were seen, by severity."""
        return {Severity[name.upper()].value: self.cleaned_data[f"{name}_version"] for name, *_fields in self.rows}

    def refuse(self, severity: int, message: str) -> None:
        """Put what the service refused beside its field."""
        self.add_error(f"{Severity(severity).label}_number", message)


def _in_units(within: timedelta) -> tuple[Decimal, str]:
    """A time as people write it: whole days as days, everything else in hours."""
    hours = Decimal(int(within.total_seconds())) / 3_600
    if hours % 24 == 0:
        return (hours / 24).normalize(), "d"
    return hours.quantize(Decimal("0.01")).normalize(), "h"
