"""What people ask of several alerts at once, checked before a service sees it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from alerts.errors import FaultRefused
from alerts.folds import FOLD_BYTES
from alerts.models import Fault, Reason
from alerts.seen import Seen
from alerts.snoozing import MOST_RECURRENCES
from soc.web.numbers import whole

NOTE_LIMIT = 10_000
MOST_SELECTED = 500
ACTIONS = ("acknowledge", "assign", "close", "reopen", "escalate", "snooze", "wake", "note")
_MEANT = (("reason", "close"), ("until", "snooze"), ("text", "note"))
SNOOZES = (
    ("1h", _("1 hour")),
    ("4h", _("4 hours")),
    ("tomorrow", _("Tomorrow, 9:00")),
    ("7d", _("7 days")),
)


class SnoozeForm(forms.Form):
    """Until when one alert is to sleep, or that it is to wake."""

    version = forms.IntegerField(min_value=1)
    until = forms.ChoiceField(choices=SNOOZES, required=False)
    recurs = forms.IntegerField(min_value=1, max_value=MOST_RECURRENCES, required=False)
    wake = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any]:
        """One of both has to be asked for."""
        data = super().clean() or {}
        if not data.get("until") and not data.get("wake") and "until" not in self.errors:
            self.add_error("until", _("Choose until when."))
        return data


class ActForm(forms.Form):
    """One action on the alerts that are ticked, on all members of folds, or on all that match.

    Each tick carries `id:version`, so that a stale one is noticed.
    """

    action = forms.ChoiceField(choices=[(name, "") for name in ACTIONS])
    reason = forms.ChoiceField(choices=Reason.choices, required=False)
    fault = forms.ChoiceField(
        choices=Fault.choices, required=False, error_messages={"invalid_choice": FaultRefused().message}
    )
    note = forms.CharField(max_length=NOTE_LIMIT, required=False, strip=True)
    text = forms.CharField(max_length=NOTE_LIMIT, required=False, strip=True)
    assignee = forms.ModelChoiceField(queryset=User.objects.none(), required=False)
    until = forms.ChoiceField(choices=SNOOZES, required=False)
    recurs = forms.IntegerField(min_value=1, max_value=MOST_RECURRENCES, required=False)
    all = forms.BooleanField(required=False)
    seen = forms.CharField(max_length=96, required=False)

    def __init__(self, data: Any, *, people: Any) -> None:
        """`data` is the POST, where pressing a reason means closing, a time snoozing, and sending off a text noting it;
        `people` may own an alert."""
        pressed = next((act for name, act in _MEANT if data.get(name, "").strip()), "")
        if pressed and not data.get("action"):
            data = data.copy()
            data["action"] = pressed
        super().__init__(data)
        self.ticked: list[str] = data.getlist("alert")
        self.folded: list[str] = data.getlist("fold")
        self.fields["assignee"].queryset = people  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Something must be chosen, and closing needs a reason."""
        data = super().clean() or {}
        data["of"] = original_in(self.data)
        data["versions"], data["folds"] = versions_in(self.ticked), folds_in(self.folded)
        data["seen"] = seen_in(data.get("seen", ""))
        if not (data.get("all") or data["versions"] or data["folds"]):
            raise forms.ValidationError(_("Select at least one alert."))
        if data.get("action") == "close":
            self._check_closing(data)
        else:
            data["fault"] = ""  # it was begun as a closing
        if data.get("action") == "snooze" and not data.get("until"):
            self.add_error("until", _("Choose until when."))
        return data

    def _check_closing(self, data: dict[str, Any]) -> None:
        if not data.get("reason"):
            self.add_error("reason", _("Choose a reason for closing."))
        data["note"] = data.get("note") or data.get("text")  # without scripts a note that was begun is this act's
        if data.get("reason") == Reason.OTHER and not data.get("note"):
            self.add_error("note", _("Say why: “other” needs a note."))


def seen_in(text: str) -> Seen | None:
    """Which list the person acts on; None where the form does not tell. Raises: forms.ValidationError."""
    try:
        return Seen.read(text) if text else None
    except ValueError:
        raise forms.ValidationError(_("The selection could not be read. Select the alerts again.")) from None


def original_in(data: Any) -> int | None:
    """The alert that a closed one is said to be a duplicate of, if any."""
    return whole(data.get("of", "").strip().upper().removeprefix("AL-"))


def versions_in(ticked: list[str]) -> dict[int, int]:
    """What was ticked, as {alert id: version seen}. Raises: forms.ValidationError."""
    try:
        pairs = [pair.split(":") for pair in ticked[: MOST_SELECTED + 1]]
        versions = {int(number): int(version) for number, version in pairs}
    except ValueError:
        raise forms.ValidationError(_("The selection could not be read. Select the alerts again.")) from None
    if len(versions) > MOST_SELECTED:
        raise forms.ValidationError(_("Select at most %(most)s alerts at a time.") % {"most": MOST_SELECTED})
    return versions


def folds_in(folded: list[str]) -> list[bytes]:
    """The folds that were ticked. Raises: forms.ValidationError."""
    try:
        folds = [bytes.fromhex(fold) for fold in folded[: MOST_SELECTED + 1]]
    except ValueError:
        folds = [b""]
    if any(len(fold) != FOLD_BYTES for fold in folds):
        raise forms.ValidationError(_("The selection could not be read. Select the alerts again."))
    if len(folds) > MOST_SELECTED:
        raise forms.ValidationError(_("Select at most %(most)s alerts at a time.") % {"most": MOST_SELECTED})
    return folds
