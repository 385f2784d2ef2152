"""What a question of KQL about an alert itself (`kibana.alert.severity: high`) says of the alert's columns, as a query.

The answer is exact for every alert, odd ones too: no event adds to what an alert says of itself
(alerts/selectors/searching.py). What few values a column holds, the evaluator is asked itself.
"""

from collections.abc import Mapping
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.models import BooleanField, F, Func, Q, TextField, Value

from alerts.models import Reason, Severity, Status
from engine.leaves import value_test
from engine.patterns import Wild, parse_pattern
from engine.tree import Leaf, Op, Scalar

NOTHING = Q(pk__in=[])
EVERYTHING = ~NOTHING
"""Not the empty Q, which an "or" leaves out."""
MOST_PATTERNS = 5
"""So many patterns of one question the database compares with every name: of a million alerts that takes a second. More
are left to the evaluator, which ends in time. So are patterns of tags and techniques: a million lists take longer."""

_Few = tuple[str, Mapping[Any, Scalar | None]]  # a column, and what is said where it holds each of its values
_SEVERITY: _Few = ("severity", {one.value: str(one.label) for one in Severity})
_RISK: _Few = ("risk_score", {score: score for score in range(101)})
_FEW: Mapping[str, _Few] = {
    "kibana.alert.severity": _SEVERITY,
    "kibana.alert.rule.severity": _SEVERITY,
    "kibana.alert.risk_score": _RISK,
    "kibana.alert.rule.risk_score": _RISK,
    "kibana.alert.workflow_status": ("status", {one.value: one.value for one in Status}),
    "kibana.alert.workflow_reason": ("reason", {"": None} | {one.value: one.value for one in Reason}),
    "kibana.alert.building_block_type": ("building_block", {False: None, True: "default"}),
}
_TEXTS = {
    "kibana.alert.rule.name": "name",
    "kibana.alert.rule.uuid": "rule_id",
    "kibana.alert.rule.rule_id": "rule_id",
}
_LISTS = {
    "kibana.alert.rule.tags": "tags",
    "kibana.alert.rule.threat.technique.id": "techniques",
}


class _Fits(Func):
    """Whether a text fits one of the patterns of LIKE."""

    template, arg_joiner, output_field = "(%(expressions)s))", " LIKE ANY (", BooleanField()


def said_of_itself(leaf: Leaf) -> Q | None:
    """The alerts that the question is true of; None where it asks for something else, or columns do not decide it."""
    if leaf.wild_field or not holdable(leaf):
        return None
    if few := _FEW.get(leaf.field):
        return _of_few(leaf, *few)
    if leaf.field in _TEXTS:
        return EVERYTHING if leaf.op is Op.EXISTS else _of_text(leaf, _TEXTS[leaf.field])
    if leaf.field in _LISTS:
        column = _LISTS[leaf.field]
        return ~Q((column, [])) if leaf.op is Op.EXISTS else _is_one_of(leaf, column, "overlap")
    return None


def holdable(leaf: Leaf) -> bool:
    """Whether the database can be asked for its values: a NUL or half a character is in none of its texts."""
    return all("\x00" not in text and _is_whole(text) for text in map(str, leaf.values))


def _is_whole(text: str) -> bool:
    return text.isascii() or text.encode("utf-8", "ignore").decode() == text


def _of_few(leaf: Leaf, column: str, said: Mapping[Any, Scalar | None]) -> Q:
    is_met = value_test(leaf, leaf.field)
    met = [value for value, text in said.items() if text is not None and is_met(text)]
    return EVERYTHING if len(met) == len(said) else Q((f"{column}__in", met))


def _is_one_of(leaf: Leaf, column: str, among: str) -> Q | None:
    """Where the question is for a value as it stands."""
    is_plain = leaf.op in (Op.IS, Op.PHRASE) and not leaf.fold
    return Q((f"{column}__{among}", list(leaf.values))) if is_plain else None


def _of_text(leaf: Leaf, column: str) -> Q | None:
    if leaf.op is not Op.WILDCARD or leaf.fold or len(leaf.values) > MOST_PATTERNS:
        return _is_one_of(leaf, column, "in")
    patterns = [_like(str(text)) for text in leaf.values]
    return Q(_Fits(F(column), Value(patterns, output_field=ArrayField(TextField()))))


def _like(pattern: str) -> str:
    """The pattern in the notation of LIKE."""
    wild = {Wild.RUN: "%", Wild.ONE: "_"}
    parts = parse_pattern(pattern).parts
    return "".join(connection.ops.prep_for_like_query(one) if isinstance(one, str) else wild[one] for one in parts)
