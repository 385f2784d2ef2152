"""What a person may choose on the overview: over which time, as of which instant, for which team."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils.timezone import get_current_timezone, is_naive
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from cases.overview.period import Period, period_of

RANGES = (("today", _("Today")), ("7d", _("7 days")), ("30d", _("30 days")), ("quarter", _("Quarter")))
_OFFSET_LOST = re.compile(r" (?=\d\d:?\d\d\Z)")  # a "+" that an address was not told to keep


class InstantField(forms.CharField):
    """A moment as ISO 8601, in UTC then; without an offset it is meant in the person's zone.

    The database knows no offset of sixteen hours or more, and Python knows some that are not whole seconds.
    """

    def clean(self, value: Any) -> datetime | None:
        """Raises ValidationError for anything else."""
        text = _OFFSET_LOST.sub("+", super().clean(value) or "")
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text)
            moment = moment.replace(tzinfo=get_current_timezone()) if is_naive(moment) else moment
            moment = moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise forms.ValidationError(
                _("That is no date and time; write it like 2026-11-20T14:00Z."), code="invalid"
            ) from None
        if not 2000 <= moment.year <= 9000:
            raise forms.ValidationError(_("That is outside what is recorded."), code="invalid")
        return moment


class OverviewForm(forms.Form):
    """Every choice may be left out; one that does not hold is left out too, and the page says so."""

    range = forms.ChoiceField(choices=(*RANGES, ("custom", _("From – to"))), required=False)
    first = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    at = InstantField(label=_("As of"), max_length=40, required=False)
    team = forms.ChoiceField(label=_("Team"), required=False)

    def __init__(self, data: Any, *, teams: Sequence[Team]) -> None:
        """`teams` are the person's; `from` and `to` are words that Python keeps to itself."""
        given = data.copy()
        for theirs, ours in (("from", "first"), ("to", "last")):
            if theirs in given:
                given[ours] = given[theirs]
        super().__init__(given)
        self.teams = list(teams)
        choices = [("", _("All teams")), *((str(team.pk), str(team)) for team in self.teams)]
        self.fields["team"].choices = choices  # type: ignore[attr-defined]
        for name in ("first", "last"):
            self.fields[name].widget.attrs["min"] = "2000-01-01"

    def clean(self) -> dict[str, Any]:
        """A range of one's own needs both ends, in order, and both within reach of a calendar."""
        data = super().clean() or {}
        first, last = data.get("first"), data.get("last")
        if first and last and first > last:
            self.add_error("last", _("The range ends before it begins."))
        for name, day in (("first", first), ("last", last)):
            if day and not 2000 <= day.year <= 9000:
                self.add_error(name, _("That is outside what is recorded."))
        return data

    def period(self, now: datetime) -> Period:
        """What was chosen, soundly."""
        self.is_valid()
        data = self.cleaned_data
        first, last = data.get("first"), data.get("last")
        name = "custom" if first and last else data.get("range") or "7d"
        return period_of(name, now=now, zone=get_current_timezone(), at=data.get("at"), first=first, last=last)

    def team_ids(self) -> list[int]:
        """The chosen team, or all of the person's."""
        self.is_valid()
        chosen = self.cleaned_data.get("team")
        return [int(chosen)] if chosen else [team.pk for team in self.teams]
