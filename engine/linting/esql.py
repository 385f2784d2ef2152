"""Findings in ES|QL queries: what three-valued logic and sorted values make of rules that mean something else."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from engine.languages.esql import parse_esql
from engine.languages.esql.nodes import (
    Call,
    Command,
    Comparison,
    Eval,
    Expression,
    From,
    Like,
    Limit,
    Literal,
    Membership,
    MvExpand,
    Name,
    Node,
    Query,
    Rename,
    Sort,
    Stats,
    Timespan,
    Where,
)
from engine.languages.esql.walking import walk
from engine.linting.finding import Finding, in_query, shown
from engine.linting.values import has_literal_star, is_windows_file
from engine.patterns import parse_pattern
from engine.times import format_duration

SEVERAL = frozenset(
    {
        *("event.action", "event.category", "event.type", "process.args", "process.parent.args"),
        *("dns.resolved_ip", "dns.type", "host.ip", "host.mac", "tags", "user.roles"),
        *("related.hash", "related.hosts", "related.ip", "related.user"),
    }
)
"""Fields of which agents send several values at once."""

_ARGUMENTS = ("process.args", "process.parent.args")
_IN_ORDER = frozenset({"mv_concat", "mv_first", "mv_last", "mv_slice"})
_OF_ONE = frozenset({"starts_with", "ends_with", "contains", "length", "substring", "replace", "cidr_match"})
_OF_FILES = ("process.", "file.", "dll.")
_SECONDS = {"millisecond": 0.001, "second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}


@dataclass(slots=True)
class _Columns:
    """What is still a field of the event as it came, up to the first STATS."""

    made: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)

    def several(self, node: Expression) -> str | None:
        """The field that an operand is, when it is one of several values."""
        name = node.name if isinstance(node, Name) else None
        return name if name in SEVERAL and name not in self.made else None


def findings_in_esql(text: str, *, any_match: bool = False) -> Iterator[Finding]:
    """Findings in the order of their places; `any_match`: the rule compares any value of a field with several.

    Raises: LanguageError for a query that cannot be read.
    """
    query = parse_esql(text)
    found = [*_in_commands(query), *_in_values(query), *([] if any_match else _of_several(query))]
    return iter(sorted(found, key=lambda finding: (finding.line, finding.column)))


def longest_bucket(text: str) -> timedelta | None:
    """The longest stretch of time that the query rounds to with DATE_TRUNC, as far as it groups by it.

    Raises: LanguageError for a query that cannot be read.
    """
    query = parse_esql(text)
    if not any(isinstance(command, Stats) for command in query.commands):
        return None
    calls = (node for node in _everything(query) if isinstance(node, Call) and node.name == "date_trunc")
    spans = [span for call in calls if call.arguments and (span := _span(call.arguments[0])) is not None]
    return max(spans, default=None)


def _span(node: Expression) -> timedelta | None:
    if not isinstance(node, Timespan) or node.unit not in _SECONDS or abs(node.amount) > 1_000_000:
        return None
    return timedelta(seconds=node.amount * _SECONDS[node.unit])


def _in_commands(query: Query) -> Iterator[Finding]:
    first, *others = query.commands
    grouped = any(isinstance(command, Stats) and not command.inline for command in others)
    if isinstance(first, From) and not grouped and "_id" not in first.metadata:
        message = (
            "Every row is an event, which Kibana tells apart by METADATA _id, _version, _index: without them it raises "
            "the same events again. (Here they are told apart anyway.)"
        )
        yield _at(query, first, "no_id", message)
    for before, command in zip(query.commands, others, strict=False):
        if isinstance(command, Limit) and not _has_sort(query.commands, command) and not isinstance(before, Sort):
            yield _at(
                query, command, "limit_without_sort", "Without SORT it is left to chance which rows LIMIT lets by."
            )


def _has_sort(commands: tuple[Command, ...], limit: Limit) -> bool:
    """Whether the rows are in order at LIMIT: a SORT comes before it, and no STATS after that."""
    for command in reversed(commands[: commands.index(limit)]):
        if isinstance(command, Sort | Stats):
            return isinstance(command, Sort)
    return False


def _in_values(query: Query) -> Iterator[Finding]:
    names: list[Node] = []
    for node in _everything(query):
        if isinstance(node, Like) and not node.regex:
            yield from _in_patterns(query, node)
        elif isinstance(node, Comparison) and node.operator in ("==", "!="):
            yield from _in_literals(query, (node.left, node.right), node.operator, names)
        elif isinstance(node, Membership):
            yield from _in_literals(query, (node.operand, *node.items), "IN", names)
    yield from _case(query, names)


def _in_patterns(query: Query, node: Like) -> Iterator[Finding]:
    for pattern in node.patterns:
        if parse_pattern(pattern).is_literal:
            message = f"{shown(pattern)} has no wildcard, so LIKE asks for exactly this value. Write ==, or put in a *."
            yield _at(query, node, "like_without_wildcard", message)


def _in_literals(query: Query, nodes: tuple[Expression, ...], sign: str, names: list[Node]) -> Iterator[Finding]:
    of_files = any(isinstance(node, Name) and node.name.startswith(_OF_FILES) for node in nodes)
    for node in nodes:
        if not isinstance(node, Literal) or not isinstance(node.value, str):
            continue
        if has_literal_star(node.value):
            message = f"The star in {shown(node.value)} stands for itself after `{sign}`. Compare with LIKE instead."
            yield _at(query, node, "literal_star", message)
        if of_files and is_windows_file(node.value):
            names.append(node)


def _case(query: Query, names: list[Node]) -> Iterator[Finding]:
    """Names of Windows files compared by case: one finding for all of a rule's, at the first."""
    if names and isinstance(names[0], Literal):
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        message = (
            f"Comparisons heed case, Windows does not: other spellings of {shown(str(names[0].value))}{more} are "
            "missed. Compare TO_LOWER of the field."
        )
        yield _at(query, names[0], "case_sensitive", message)


def _of_several(query: Query) -> Iterator[Finding]:
    columns = _Columns()
    for command in query.commands:
        if isinstance(command, Stats):
            return
        for node in _nodes_of(command):
            yield from _compared(query, node, columns)
        match command:
            case MvExpand(column):
                columns.made.add(column.name)
            case Eval(assignments):
                columns.made |= {assignment.name for assignment in assignments}
            case Rename(pairs):
                columns.made |= {new.name for _, new in pairs}


def _compared(query: Query, node: Expression, columns: _Columns) -> Iterator[Finding]:
    for operand, sign in _operands(node):
        name = columns.several(operand)
        if name is None or name in columns.told:
            continue
        columns.told.add(name)
        if sign in _IN_ORDER:
            message = (
                f"The values of {name} come sorted, each once: {sign.upper()} does not see them as they were sent."
            )
            yield _at(query, operand, "sorted_values", message)
            continue
        message = (
            f"Agents send several values in {name}, and of several `{sign}` is null: such events are lost. Ask "
            f'MV_CONTAINS({name}, …), take them apart with MV_EXPAND, or set multivalue = "any" for the rule.'
        )
        yield _at(query, operand, "several_values", message)


def _operands(node: Expression) -> Iterator[tuple[Expression, str]]:
    """The operands that must have one value, with what asks that of them."""
    match node:
        case Comparison(sign, left, right):
            yield from ((left, sign), (right, sign))
        case Membership(operand):
            yield operand, "IN"
        case Like(operand, _, regex):
            yield operand, "RLIKE" if regex else "LIKE"
        case Call(name, (operand, *_)) if name in _OF_ONE:
            yield operand, name.upper()
        case Call(name, (Name(column) as operand, *_)) if name in _IN_ORDER and column in _ARGUMENTS:
            yield operand, name


def _everything(query: Query) -> Iterator[Expression]:
    for command in query.commands:
        yield from _nodes_of(command)


def _nodes_of(command: Command) -> Iterator[Expression]:
    for expression in _expressions(command):
        yield from walk(expression)


def _expressions(command: Command) -> Iterator[Expression]:
    match command:
        case Where(condition):
            yield condition
        case Eval(assignments):
            yield from (assignment.expression for assignment in assignments)
        case Stats(aggregates, by):
            yield from (aggregate.expression for aggregate in aggregates)
            yield from (aggregate.where for aggregate in aggregates if aggregate.where is not None)
            yield from (group.expression for group in by)
        case Sort(keys):
            yield from (key.expression for key in keys)


def _at(query: Query, node: Node, code: str, message: str) -> Finding:
    return in_query(query.text, node.place.start, node.place.end, code, message)


def lookback_finding(text: str, back: timedelta) -> Finding | None:
    """The finding of a rule that looks back less far than the stretches it groups by.

    Raises: LanguageError for a query that cannot be read.
    """
    bucket = longest_bucket(text)
    if bucket is None or back >= bucket:
        return None
    message = (
        f"It looks back {format_duration(back)}, but groups by stretches of {format_duration(bucket)}: no run sees one "
        "whole."
    )
    return Finding("lookback_below_bucket", message, "from")
