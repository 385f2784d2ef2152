"""What the pages of value lists accept."""

from typing import Any

from django import forms

from rules.models import ValueList
from rules.value_lists.reading import MAX_BYTES

_LONGEST = 2 * MAX_BYTES


def _values(label: str, *, required: bool = True) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "class": "input mono"})
    return forms.CharField(label=label, required=required, max_length=_LONGEST, strip=False, widget=widget)


class WithFile(forms.Form):
    """Values as typed, and those of a file after them; `most` bytes of one."""

    most = MAX_BYTES
    file = forms.FileField(
        label="Or a file",
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".txt,.csv,text/plain,text/csv"}),
    )

    def clean_file(self) -> str:
        """The text of the file; nothing without one."""
        upload = self.cleaned_data["file"]
        if upload is None:
            return ""
        if upload.size > self.most:
            raise forms.ValidationError(f"A file has up to {self.most // 1_000_000} MB. Split it, and add the parts.")
        try:
            text = str(upload.read(), "utf-8-sig")
        except UnicodeDecodeError:
            raise forms.ValidationError(
                "This file is no text in UTF-8. Save it as such, then choose it again."
            ) from None
        if "\0" in text:
            raise forms.ValidationError("This file holds bytes that are no text.")
        return text

    def lines(self) -> list[str]:
        """Every line of a form that holds."""
        return [*self.cleaned_data["values"].splitlines(), *self.cleaned_data["file"].splitlines()]


class NewListForm(WithFile):
    """A list with its values, if it has any yet."""

    list_id = forms.CharField(label="Id", max_length=128)
    name = forms.CharField(label="Name", max_length=255)
    type = forms.ChoiceField(label="Type", choices=ValueList.Type.choices)
    description = forms.CharField(label="Description", required=False, max_length=2_000)
    values = _values("Values", required=False)
    skip_bad = forms.BooleanField(label="Pass over lines that cannot be read", required=False)


class ValuesForm(WithFile):
    """Values to add, or to have instead of those that are there."""

    values = _values("Values", required=False)
    how = forms.ChoiceField(choices=[("append", "Add"), ("replace", "Replace all")], initial="append")
    skip_bad = forms.BooleanField(label="Pass over lines that cannot be read", required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1)

    def clean(self) -> dict[str, Any]:
        """One of both is needed."""
        told: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not self.files and not told["values"].strip():
            self.add_error("values", "Type values, or choose a file.")
        return told


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
