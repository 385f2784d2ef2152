"""What the rule pages accept."""

from django import forms

from engine.rule_types import RULE_TYPES
from rules.listing import ListFilters, Show, type_title

SEVERITIES = ("critical", "high", "medium", "low")


class ListForm(forms.Form):
    """The filters of the list, from the address. What makes no sense there is left out instead of refused."""

    q = forms.CharField(required=False, max_length=200, strip=True)
    type = forms.ChoiceField(
        required=False, choices=[("", "Any type"), *((name, type_title(name)) for name in RULE_TYPES)]
    )
    severity = forms.ChoiceField(
        required=False, choices=[("", "Any severity"), *((name, name.capitalize()) for name in SEVERITIES)]
    )
    show = forms.ChoiceField(required=False, choices=[(show.value, show.value) for show in Show])

    def filters(self) -> ListFilters:
        """The filters that could be read."""
        self.is_valid()
        read = self.cleaned_data
        return ListFilters(
            q=read.get("q", ""),
            type=read.get("type", ""),
            severity=read.get("severity", ""),
            show=Show(read.get("show") or Show.ALL),
        )


class SwitchForm(forms.Form):
    """On or off, said outright, so that pressing twice does not switch back."""

    enabled = forms.TypedChoiceField(choices=[("1", "on"), ("0", "off")], coerce=lambda value: value == "1")
