"""What may be set on a rule through the API."""

from typing import Any

from rest_framework import serializers

from rules.forms import SEVERITIES
from rules.overrides import MULTIVALUE
from soc.web.api.inputs import Strict, Whole

MOST_TAGS = 100


def _text(help_text: str) -> serializers.CharField:
    return serializers.CharField(max_length=40, required=False, allow_null=True, help_text=help_text)


def _tags(help_text: str) -> serializers.ListField:
    tag = serializers.CharField(max_length=256)
    return serializers.ListField(child=tag, max_length=MOST_TAGS, required=False, allow_null=True, help_text=help_text)


class OverridesBody(Strict):
    """What is named is set, null takes a setting back, the rest stays."""

    severity = serializers.ChoiceField(choices=SEVERITIES, required=False, allow_null=True)
    risk_score = serializers.IntegerField(min_value=0, max_value=100, required=False, allow_null=True)
    interval = _text("As rule files write it: 5m.")
    max_signals = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False, allow_null=True)
    tags_added = _tags("Beside the file's.")
    tags_removed = _tags("Of the file's.")
    multivalue = serializers.ChoiceField(
        choices=MULTIVALUE,
        required=False,
        allow_null=True,
        help_text="Of rules in ES|QL: what a comparison makes of a field with several values.",
    )
    enabled = Whole(required=False)
    note = serializers.CharField(max_length=1_000, required=False, default="", allow_blank=True, help_text="Why.")

    def get_fields(self) -> dict[str, Any]:
        """With `from`, which Python cannot name."""
        return {**super().get_fields(), "from": _text("How far it looks back, as rule files write it: now-9m.")}
