"""What administrators type about people, teams and roles. The rules are the services'; a form only reads."""

from typing import Any

from django import forms

from accounts.models import RolePolicy, Team, User
from accounts.people_list import STATES, PeopleFilters
from accounts.policy import writes_exceptions
from accounts.roles import Role
from accounts.teams import MAX_NAME


class PersonForm(forms.Form):
    """What an administrator decides about a person."""

    first_name = forms.CharField(max_length=150, required=False, strip=True)
    last_name = forms.CharField(max_length=150, required=False, strip=True)
    email = forms.CharField(max_length=254, required=False, strip=True, label="E-mail")
    role = forms.ChoiceField(choices=Role.choices)
    teams = forms.ModelMultipleChoiceField(
        queryset=Team.objects.order_by("name"), required=False, widget=forms.CheckboxSelectMultiple
    )

    @classmethod
    def of(cls, user: User, data: Any = None) -> "PersonForm":
        """The form as it stands for a person, or as it was sent."""
        initial = {
            "first_name": user.first_name,
            "last_name": user.last_name,
            "email": user.email,
            "role": user.role,
            "teams": [team.pk for team in user.teams.all()],
        }
        return cls(data, initial=initial)


class InviteForm(PersonForm):
    """Somebody new."""

    username = forms.CharField(max_length=150, strip=True, label="Name to sign in with")
    mail_it = forms.BooleanField(required=False, label="Also send the sign-in link by mail")
    field_order = ("username", "first_name", "last_name", "email", "role", "teams", "mail_it")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].initial = Role.ANALYST.value
        self.fields["teams"].initial = [team.pk for team in Team.objects.filter(is_default=True)]
        self.fields["username"].widget.attrs |= {"autocomplete": "off", "autocapitalize": "none"}


class PeopleFilterForm(forms.Form):
    """Which people to list."""

    q = forms.CharField(max_length=100, required=False, strip=True, label="Name or e-mail")
    role = forms.ChoiceField(choices=[("", "any role"), *Role.choices], required=False)
    team = forms.ModelChoiceField(queryset=Team.objects.order_by("name"), required=False, empty_label="any team")
    state = forms.ChoiceField(choices=STATES, required=False)

    def filters(self) -> PeopleFilters:
        """What was chosen; what cannot be read is left out."""
        self.is_valid()
        chosen = self.cleaned_data
        team = chosen.get("team")
        return PeopleFilters(
            q=chosen.get("q", ""),
            role=chosen.get("role", ""),
            team=team.pk if team else None,
            state=chosen.get("state", ""),
        )


class TeamForm(forms.Form):
    """A team's name."""

    name = forms.CharField(max_length=MAX_NAME, strip=True, label="Name of the team")


class MemberForm(forms.Form):
    """Somebody who is not in the team yet."""

    person = forms.ModelChoiceField(queryset=User.objects.none(), empty_label="Choose a person")

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = User.objects.filter(is_active=True).exclude(teams=team)
        self.fields["person"].queryset = others.order_by("username")  # type: ignore[attr-defined]


class PolicyForm(forms.Form):
    """The policy of one role."""

    exceptions = forms.ChoiceField(choices=RolePolicy.Exceptions.choices, required=False)
    second_factor = forms.BooleanField(required=False, label="Nobody works without a second factor")

    @classmethod
    def of(cls, policy: RolePolicy, data: Any = None) -> "PolicyForm":
        """The form for a role, whose fields carry its name."""
        initial = {"exceptions": policy.exceptions, "second_factor": policy.second_factor}
        form = cls(data, initial=initial, prefix=policy.role)
        form.fields["exceptions"].label = "Exceptions"
        if not writes_exceptions(policy.role):
            del form.fields["exceptions"]
        return form
