"""While a new-terms rule has less history than it asks for, one alert stands for everything that is new to it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from alerts.facts import MOST_EXAMPLES, LearningExample, LearningFacts
from alerts.shells import Finding
from events.fields import iso


def met_while_learning(
    facts: Mapping[str, Any] | None, findings: Sequence[Finding], *, since: datetime
) -> dict[str, Any]:
    """The facts of the alert with these combinations added: all of them counted, the first twenty kept."""
    before = _before(facts, since)
    examples = [*before.examples, *map(_example, findings[: MOST_EXAMPLES - len(before.examples)])]
    return {"learning": LearningFacts(before.since, before.combinations + len(findings), examples).to_json()}


def _before(facts: Mapping[str, Any] | None, since: datetime) -> LearningFacts:
    try:
        return LearningFacts.from_json((facts or {})["learning"])
    except (KeyError, msgspec.ValidationError):
        return LearningFacts(iso(since), 0, [])


def _example(finding: Finding) -> LearningExample:
    hit = finding.hit
    return LearningExample(list(hit.terms or ()), hit.event.uid.hex(), iso(hit.event.time))
