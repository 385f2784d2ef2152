"""What people type on the settings pages."""

from datetime import timedelta

from allauth.account.forms import LoginForm
from django import forms
from django.db.models import QuerySet

from accounts import time_zones
from accounts.models import Team, User
from accounts.scopes import Scope, needs_person

EXPIRY_DAYS = (("30", "30 days"), ("90", "90 days"), ("365", "a year"), ("", "never"))


class SignInForm(LoginForm):  # type: ignore[misc]
    """allauth's form in our words, without placeholders that stand in for labels."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "Name or e-mail"
        self.fields["login"].widget.attrs["autocomplete"] = "username"
        self.fields["password"].help_text = ""
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class NewKeyForm(forms.Form):
    """A new API key: its name, its team, how long it works, and what it may."""

    name = forms.CharField(max_length=80, strip=True)
    team = forms.ModelChoiceField(queryset=Team.objects.none(), empty_label=None)
    days = forms.ChoiceField(choices=EXPIRY_DAYS, required=False, initial="90", label="Works for")
    scopes = forms.MultipleChoiceField(
        choices=Scope.choices,
        initial=[Scope.EVENTS_WRITE.value],
        widget=forms.CheckboxSelectMultiple,
        label="It may",
        error_messages={"required": "Choose what the key may do."},
    )

    def __init__(self, *args: object, teams: "QuerySet[Team]", **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["team"].queryset = teams  # type: ignore[attr-defined]
        self.fields["team"].initial = teams.order_by("-is_default", "name").first()

    @property
    def wants_more(self) -> bool:
        """Whether more than sending events is chosen, so that the list of scopes stays open."""
        return needs_person(self["scopes"].value() or [])

    def lifetime(self) -> timedelta | None:
        """How long the key shall work; none: until it is revoked."""
        days = self.cleaned_data["days"]
        return timedelta(days=int(days)) if days else None


class RevokeKeyForm(forms.Form):
    """Revoking asks for the key's name, because agents stop at once and it cannot be taken back."""

    typed_name = forms.CharField(strip=True, label="Name of the key")

    def __init__(self, *args: object, name: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.name = name

    def clean_typed_name(self) -> str:
        """The typed name, which must be the key's."""
        typed = str(self.cleaned_data["typed_name"])
        if typed != self.name:
            raise forms.ValidationError("This is not the name of the key.")
        return typed


class OwnSettingsForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a person decides alone."""

    time_zone = forms.ChoiceField(choices=lambda: [(name, name) for name in time_zones.names()])

    class Meta:
        model = User
        fields = ("first_name", "last_name", "time_zone", "single_key_shortcuts", "alt_shortcuts", "mail_notices")
        labels = {"single_key_shortcuts": "Single-key shortcuts", "alt_shortcuts": "Alt in front of shortcuts"}
