"""The linter: what a rule says that can be read but hardly means what was meant, such as wildcards between quotes.

Public rules have such mistakes too. They are judged as they are written; a finding is for the person who may mend one.
"""

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

from engine.errors import EngineError, LanguageError
from engine.linting.eql import findings_in_eql, maxspan_of
from engine.linting.esql import findings_in_esql, lookback_finding
from engine.linting.filters import findings_in_filters
from engine.linting.finding import Finding
from engine.linting.kql import findings_in_kql
from engine.pipelines import Multivalue
from engine.rule_types.esql import multivalue_of
from engine.rulefile.definition import RuleDefinition
from engine.times import format_duration, lookback_of, parse_duration

MAX_FINDINGS = 50
__all__ = ["Finding", "lint"]


def lint(definition: RuleDefinition) -> tuple[Finding, ...]:
    """The findings of a rule, those of the query first; at most MAX_FINDINGS. A query that cannot be read has none."""
    return tuple(islice(_all_of(definition), MAX_FINDINGS))


def _all_of(definition: RuleDefinition) -> Iterator[Finding]:
    yield from _of_query(definition)
    yield from findings_in_filters(definition.filters)
    yield from _of_schedule(definition)


def _of_query(definition: RuleDefinition) -> list[Finding]:
    find: Any = {"kuery": findings_in_kql, "eql": findings_in_eql}.get(definition.language or "")
    try:
        if definition.language == "esql":
            any_match = multivalue_of(definition) is Multivalue.ANY
            return list(findings_in_esql(definition.query, any_match=any_match))
        return list(find(definition.query)) if find else []
    except LanguageError:
        return []  # the compiler says it, with the place


def _of_schedule(definition: RuleDefinition) -> Iterator[Finding]:
    try:
        back, interval = lookback_of(definition.from_), parse_duration(definition.interval)
        span = _maxspan(definition)
        bucket = lookback_finding(definition.query, back) if definition.language == "esql" else None
    except EngineError:
        return
    if back < interval:
        yield Finding(
            "lookback_below_interval",
            f"It looks back {format_duration(back)} but runs only every {format_duration(interval)}: a scheduled run "
            "would miss what happens in between.",
            "from",
        )
    if bucket is not None:
        yield bucket
    if span is not None and back < span:
        yield Finding(
            "lookback_below_maxspan",
            f"It looks back {format_duration(back)}, but its events may lie {format_duration(span)} apart: "
            "a sequence that takes longer is cut off.",
            "from",
        )


def _maxspan(definition: RuleDefinition) -> timedelta | None:
    return maxspan_of(definition.query) if definition.language == "eql" else None
