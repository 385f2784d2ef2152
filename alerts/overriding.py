"""What an event says about its own alert: severity, risk score and name, where the rule lets fields of it decide.

Source: Kibana's security alert mappings: the highest matching severity counts, the highest valid risk score of the
first mapped field, and the name only from a text. What cannot be seen in a name is drawn: it is a heading everywhere.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import floor, isfinite
from typing import Any

from alerts.models import Severity
from engine import Document, RuleDefinition
from engine.tree import Scalar
from rules.headings import heading

_NUMERIC = "event.severity"
_LARGEST_SAFE = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Said:
    """Severity, risk score and name of one alert."""

    severity: Severity
    risk_score: int
    name: str


def as_written(definition: RuleDefinition) -> Said:
    """What the rule itself says, whatever the event."""
    return Said(Severity[definition.severity.upper()], definition.risk_score, heading(definition.name))


def overridden(definition: RuleDefinition, document: Document) -> Said:
    """What the rule says with the event's word where the rule asks for it. The document: the alert's own fields."""
    said = as_written(definition)
    return Said(
        _severity(definition.severity_mapping, document) or said.severity,
        said.risk_score if (score := _risk_score(definition.risk_score_mapping, document)) is None else score,
        _name(definition.rule_name_override, document) or said.name,
    )


def _severity(mappings: Iterable[Mapping[str, Any]], document: Document) -> Severity | None:
    """The highest severity whose field has the value that goes with it."""
    met = [_named(mapping.get("severity")) for mapping in mappings if _holds(mapping, document)]
    return max((severity for severity in met if severity is not None), default=None)


def _named(word: object) -> Severity | None:
    return Severity.__members__.get(word.upper()) if isinstance(word, str) else None


def _holds(mapping: Mapping[str, Any], document: Document) -> bool:
    field, wanted = mapping.get("field"), mapping.get("value")
    if not isinstance(field, str) or not isinstance(wanted, str | int | float):
        return False
    values = document.values(field)
    if field == _NUMERIC:  # a number in ECS: 73 and "73" mean the same, 73.5 is none
        number = _number(wanted)
        return number is not None and any(_is_whole(value) and value == floor(number) for value in values)
    return any(_text(value) == str(wanted) for value in values if isinstance(value, str) or _is_whole(value))


def _risk_score(mappings: Iterable[Mapping[str, Any]], document: Document) -> int | None:
    """The highest score from 0 to 100 in the first mapped field."""
    field = next((mapping.get("field") for mapping in mappings), None)
    if not isinstance(field, str):
        return None
    scores = [number for value in document.values(field) if (number := _number(value)) is not None]
    valid = [score for score in scores if 0 <= score <= 100]
    return round(max(valid)) if valid else None


def _name(field: str | None, document: Document) -> str | None:
    """The text of the field; a list has none, as it would be anybody's guess which."""
    values = document.values(field) if field else ()
    if len(values) != 1 or not isinstance(values[0], str):
        return None
    return heading(values[0].replace("\x00", "").strip()) or None


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]  # whatever an event or a rule holds
    except (TypeError, ValueError, OverflowError):
        return None
    return number if isfinite(number) else None


def _is_whole(value: Scalar) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isfinite(value) and float(value).is_integer() and abs(value) <= _LARGEST_SAFE


def _text(value: Scalar) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
