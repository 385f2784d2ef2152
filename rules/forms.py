"""What the rule pages accept."""

from typing import Any

from django import forms

from engine import RuleDefinition
from engine.pipelines.types import Multivalue
from engine.rule_types import RULE_TYPES
from engine.rule_types.esql import multivalue_of
from rules.listing import ListFilters, Show, type_title
from rules.models import Rule
from rules.piped import TITLES

_AS_STORED = ("severity", "risk_score", "interval", "max_signals", "multivalue")
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


class LocalForm(forms.Form):
    """What is set on a rule here beside its file. An empty field leaves to the file what it says."""

    severity = forms.ChoiceField(required=False)
    risk_score = forms.IntegerField(required=False, label="Risk score")
    interval = forms.CharField(required=False, max_length=20, label="Every")
    looks_back = forms.CharField(required=False, max_length=20, label="Looks back")
    max_signals = forms.IntegerField(required=False, label="At most")
    multivalue = forms.ChoiceField(required=False, label="Several values")
    tags_added = forms.CharField(required=False, max_length=4_000, label="Tags added")
    tags_removed = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    enabled = forms.ChoiceField(required=False, choices=[("1", "On"), ("0", "Off")], label="On or off")
    note = forms.CharField(required=False, max_length=1_000, label="Why")

    def __init__(self, rule: Rule, file: RuleDefinition, data: Any = None) -> None:
        """The settings as they are, or as they were typed; `file` is the rule without them."""
        super().__init__(data, initial=_typed(rule))
        self.evaluated = rule.evaluated
        choices = [("", f"as the file says ({file.severity})"), *((one, one.capitalize()) for one in SEVERITIES)]
        self.fields["severity"].choices = choices  # type: ignore[attr-defined]
        self.pipeline = file.type == "esql"
        of_file = ("", f"as the file says ({TITLES[multivalue_of(file)].lower()})")
        several = [of_file, *((one.value, TITLES[one]) for one in Multivalue)] if self.pipeline else [of_file]
        self.fields["multivalue"].choices = several  # type: ignore[attr-defined]
        removed = rule.overrides.get("tags_removed", ())
        self.fields["tags_removed"].choices = [  # type: ignore[attr-defined]
            (tag, tag) for tag in dict.fromkeys([*file.tags, *removed])
        ]

    def overrides(self) -> dict[str, Any]:
        """Every setting; None for what is left to the file."""
        said = self.cleaned_data
        back = said["looks_back"].replace(" ", "")
        added = [tag.strip() for tag in said["tags_added"].split(",") if tag.strip()]
        found: dict[str, Any] = {
            "severity": said["severity"] or None,
            "risk_score": said["risk_score"],
            "interval": said["interval"].replace(" ", "") or None,
            "from": (back if back.startswith("now") else f"now-{back}") if back else None,
            "max_signals": said["max_signals"],
            "tags_added": added or None,
            "tags_removed": said["tags_removed"] or None,
        }
        if self.pipeline:
            found["multivalue"] = said["multivalue"] or None
        return found | ({"enabled": said["enabled"] == "1"} if self.evaluated and said["enabled"] else {})

    def refuse(self, key: str, message: str) -> None:
        """Put what the service refused beside its field."""
        field = "looks_back" if key == "from" else key
        self.add_error(field if field in self.fields else None, message)


def _typed(rule: Rule) -> dict[str, Any]:
    """What is set here, as a person types it."""
    told = rule.overrides
    return {
        **{key: told[key] for key in _AS_STORED if key in told},
        "looks_back": str(told.get("from", "")).removeprefix("now-"),
        "tags_added": ", ".join(told.get("tags_added", ())),
        "tags_removed": list(told.get("tags_removed", ())),
        "enabled": "1" if rule.enabled else "0",
    }
