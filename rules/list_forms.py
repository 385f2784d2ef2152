"""What the pages of value lists accept."""

from typing import Any

from django import forms

from rules.models import ValueList
from rules.value_lists.reading import MAX_BYTES

_LONGEST = 2 * MAX_BYTES


def _values(label: str, *, required: bool = True) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "class": "input mono"})
    return forms.CharField(label=label, required=required, max_length=_LONGEST, strip=False, widget=widget)


class NewListForm(forms.Form):
    """A list with its values, if it has any yet."""

    list_id = forms.CharField(label="Id", max_length=128)
    name = forms.CharField(label="Name", max_length=255)
    type = forms.ChoiceField(label="Type", choices=ValueList.Type.choices)
    description = forms.CharField(label="Description", required=False, max_length=2_000)
    values = _values("Values", required=False)
    skip_bad = forms.BooleanField(label="Pass over lines that cannot be read", required=False)


class ValuesForm(forms.Form):
    """Values to add, or to have instead of those that are there."""

    values = _values("Values")
    how = forms.ChoiceField(choices=[("append", "Add"), ("replace", "Replace all")], initial="append")
    skip_bad = forms.BooleanField(label="Pass over lines that cannot be read", required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1)


class DescribeForm(forms.Form):
    """Another name and description."""

    name = forms.CharField(label="Name", max_length=255)
    description = forms.CharField(label="Description", required=False, max_length=2_000)
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)


class FindForm(forms.Form):
    """Which values are shown; what makes no sense is left out."""

    q = forms.CharField(required=False, max_length=200)
    after = forms.IntegerField(required=False, min_value=0, max_value=10_000_000)

    def asked(self) -> dict[str, Any]:
        """The words and the place that could be read."""
        self.is_valid()
        return {"q": self.cleaned_data.get("q", ""), "after": self.cleaned_data.get("after") or 0}
