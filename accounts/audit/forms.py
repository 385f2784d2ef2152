"""What is looked for in the record, as typed into the page's form."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.timezone import make_aware

from accounts.access import may
from accounts.audit.reading import WATCHBILL, AuditFilters
from accounts.audit.words import KINDS
from accounts.models import Change, Team, User
from accounts.roles import Permission
from accounts.selectors import teams_of

_MOST_PEOPLE = 500
_DAY = {"type": "date"}


class AuditForm(forms.Form):
    """The filters. Days are days of the person's time zone, the last one included."""

    who = forms.ChoiceField(required=False)
    kind = forms.ChoiceField(choices=[("", "anything"), *KINDS.items()], required=False, label="What")
    object_id = forms.CharField(max_length=64, required=False, strip=True, label="Its number")
    verb = forms.CharField(max_length=40, required=False, strip=True, label="Act")
    team = forms.ModelChoiceField(queryset=Team.objects.none(), required=False, empty_label="any team")
    door = forms.ChoiceField(choices=[("", "any door"), *Change.Door.choices], required=False)
    since = forms.DateField(required=False, widget=forms.DateInput(attrs=_DAY, format="%Y-%m-%d"), label="From")
    until = forms.DateField(required=False, widget=forms.DateInput(attrs=_DAY, format="%Y-%m-%d"), label="To")
    text = forms.CharField(max_length=100, required=False, strip=True, label="Words in the note")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = Team.objects.filter(pk__in=teams_of(user)).order_by("name")  # type: ignore[attr-defined]
        people = [(str(person.pk), str(person)) for person in _people(user)]
        self.fields["who"].choices = [("", "anybody"), (WATCHBILL, "Watchbill itself"), *people]  # type: ignore[attr-defined]
        self.fields["verb"].widget.attrs["list"] = "verbs"

    def clean_object_id(self) -> str:
        """A number as people write it: "AL-17" and "CASE-3" are 17 and 3."""
        typed = str(self.cleaned_data["object_id"])
        return typed.removeprefix("AL-").removeprefix("CASE-")

    def filters(self) -> AuditFilters:
        """What is looked for; a field that cannot be read is left out, and says so beside itself."""
        self.is_valid()
        told = self.cleaned_data
        team = told.get("team")
        return AuditFilters(
            who=told.get("who", ""),
            verb=told.get("verb", ""),
            kind=told.get("kind", ""),
            object_id=told.get("object_id", ""),
            team=team.pk if team else None,
            door=told.get("door", ""),
            since=_midnight(told.get("since")),
            until=_midnight(told.get("until"), days=1),
            text=told.get("text", ""),
        )

    @property
    def is_used(self) -> bool:
        """Whether anything is looked for."""
        return any(self.filters().to_json())


def _midnight(day: Any, days: int = 0) -> datetime | None:
    """The begin of a day in the person's time zone; of the day after it, for an end that includes the day."""
    if day is None:
        return None
    try:
        return make_aware(datetime.combine(day + timedelta(days=days), time()))
    except OverflowError:
        return None


def _people(user: User) -> "QuerySet[User]":
    people = User.objects.order_by("first_name", "last_name", "username")
    if not may(user, Permission.MANAGE_USERS):
        people = people.filter(teams__in=teams_of(user)).distinct()
    return people[:_MOST_PEOPLE]
