"""How the API writes what stands behind an alert: clauses, steps, counts, indicators, what it stands for."""

from typing import Any

import orjson
from rest_framework import serializers

from soc.web.api.inputs import Moment

Answer = serializers.Serializer[Any]


class ClauseAnswer(Answer):
    """What the rule asked of a field, and what the event had there."""

    field = serializers.CharField()
    asked = serializers.CharField()
    found = serializers.ListField(child=serializers.CharField())
    held = serializers.BooleanField()
    negated = serializers.BooleanField()
    branch = serializers.CharField(allow_null=True)


class WhyAnswer(Answer):
    """Why the rule fired, by the clauses of the tree that judged the event."""

    asked = ClauseAnswer(many=True)
    also = ClauseAnswer(many=True, help_text="Held, and nearly always so.")
    exclusions = ClauseAnswer(many=True, help_text="Negated, and none applied.")
    branches_not_held = serializers.IntegerField()
    problem = serializers.CharField(help_text="Why there is no explanation; mostly empty.")


class PairAnswer(Answer):
    """A field and its value; null: the events have none."""

    field = serializers.CharField()
    value = serializers.CharField(allow_null=True)


class KeptEventAnswer(Answer):
    """An event kept with the alert."""

    event = serializers.CharField(source="hex", help_text="Its uid.")
    day = serializers.DateField()
    at = Moment()
    role = serializers.CharField()
    document = serializers.SerializerMethodField(help_text="The event as it was kept.")

    def get_document(self, kept: Any) -> dict[str, Any]:
        """The document."""
        document: dict[str, Any] = orjson.loads(kept.raw)
        return document


class SequenceStepAnswer(Answer):
    """One step of a sequence or sample: its event, or that none came."""

    number = serializers.IntegerField()
    event = KeptEventAnswer(allow_null=True)
    gap = serializers.CharField(help_text="The time since the event before, in words.")
    missing = serializers.CharField(help_text="Said of a step for which no event was to come.")
    asked = serializers.CharField(help_text="What was looked for, where none came.")
    why = WhyAnswer()
    block = serializers.IntegerField(source="block_id", allow_null=True, help_text="The alert that the event is.")


class SequenceStepsAnswer(Answer):
    """The events of a sequence or sample, and what they share."""

    ordered = serializers.BooleanField()
    by = PairAnswer(many=True)
    span = serializers.CharField()
    allowed = serializers.CharField()
    until = serializers.CharField()
    rows = SequenceStepAnswer(many=True)


class CardinalityAnswer(Answer):
    """How many different values a field had, and how many it takes."""

    field = serializers.CharField()
    value = serializers.IntegerField()
    needed = serializers.IntegerField()


class ReachedAnswer(Answer):
    """A count that reached its threshold; at most a hundred of its events are kept."""

    terms = PairAnswer(many=True)
    count = serializers.IntegerField()
    needed = serializers.IntegerField()
    cardinality = CardinalityAnswer(allow_null=True)
    first = Moment()
    last = Moment()
    events = KeptEventAnswer(many=True)


class IndicatorAnswer(Answer):
    """A field that had the value of an indicator, and what is known of the indicator."""

    field = serializers.CharField()
    value = serializers.CharField()
    indicator_field = serializers.CharField()
    told = PairAnswer(many=True)


class LearntAnswer(Answer):
    """A combination of new terms."""

    values = serializers.ListField(child=serializers.CharField())
    at = Moment()
    event = serializers.CharField()


class LearningAnswer(Answer):
    """What an alert stands for while its rule learns."""

    since = Moment()
    number = serializers.IntegerField()
    fields = serializers.ListField(child=serializers.CharField())  # type: ignore[assignment]
    examples = LearntAnswer(many=True)


class CountedHereAnswer(Answer):
    """Hits that were counted at the alert; times of the first and the last of them."""

    number = serializers.IntegerField()
    terms = PairAnswer(many=True)
    first = Moment(allow_null=True)
    last = Moment(allow_null=True)


class CompositionAnswer(Answer):
    """What stands behind an alert beside its event; each part only where it is so."""

    steps = SequenceStepsAnswer(allow_null=True)
    reached = ReachedAnswer(allow_null=True)
    indicators = IndicatorAnswer(many=True)
    learning = LearningAnswer(allow_null=True)
    suppression = CountedHereAnswer(allow_null=True)
    step = serializers.CharField(help_text="Of a block: which step of its sequence it is.")
    blocks = serializers.SerializerMethodField(help_text="Of a sequence or sample: the alerts that its events are.")

    def get_blocks(self, told: Any) -> list[int]:
        """Their numbers."""
        return [block.id for block in told.blocks]
