"""How the API writes what stands behind an alert: clauses, steps, counts, indicators, what it stands for."""

from datetime import datetime
from typing import Any

import orjson
from rest_framework import serializers

from alerts.selectors.row_shapes import Made
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


class RowColumnAnswer(Answer):
    """A column of a row."""

    name = serializers.CharField()
    type = serializers.CharField(help_text="As ES|QL calls it.")
    values = serializers.ListField(
        child=serializers.JSONField(), source="held", help_text="Numbers and truth values as such, the rest as text."
    )
    made = serializers.ChoiceField(
        choices=list(Made), help_text="Where it comes from: it names the group, the query makes it, or events have it."
    )
    is_field = serializers.BooleanField(help_text="Events have a field of this name, which the query left as it was.")
    left_out = serializers.IntegerField(help_text="How many values or characters were not kept.")


class MetValueAnswer(Answer):
    """What a column held."""

    name = serializers.CharField()
    value = serializers.JSONField(allow_null=True)

    def to_representation(self, instance: tuple[str, Any]) -> dict[str, Any]:
        """From a pair."""
        return {"name": instance[0], "value": instance[1]}


class MetConditionAnswer(Answer):
    """A condition as the query has it, and what met it."""

    text = serializers.CharField()
    values = MetValueAnswer(many=True)


class WindowAnswer(Answer):
    """A stretch of time."""

    start = Moment()
    end = Moment()

    def to_representation(self, instance: tuple[datetime, datetime]) -> dict[str, Any]:
        """From a pair."""
        data: dict[str, Any] = super().to_representation({"start": instance[0], "end": instance[1]})
        return data


class MadeRowAnswer(Answer):
    """A row that a query in ES|QL made of one event, or of several; of these at most a hundred are kept."""

    grouped = serializers.BooleanField(help_text="It is made of several events.")
    columns = RowColumnAnswer(many=True, source="cells")
    nulls = serializers.ListField(child=serializers.CharField(), help_text="Columns without a value.")
    conditions = MetConditionAnswer(many=True, help_text="The last ones, which the row had to meet.")
    count = serializers.IntegerField(help_text="How many events went into it.")
    first = Moment()
    last = Moment()
    window = WindowAnswer(allow_null=True, help_text="What the query ran over; null: each event as it comes.")
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
    row = MadeRowAnswer(allow_null=True)
    indicators = IndicatorAnswer(many=True)
    learning = LearningAnswer(allow_null=True)
    suppression = CountedHereAnswer(allow_null=True)
    step = serializers.CharField(help_text="Of a block: which step of its sequence it is.")
    blocks = serializers.SerializerMethodField(help_text="Of a sequence or sample: the alerts that its events are.")

    def get_blocks(self, told: Any) -> list[int]:
        """Their numbers."""
        return [block.id for block in told.blocks]
