"""What a tree says about the few columns that events have in the database: a superset of what it matches.

A store narrows a search down by these columns and then lets the evaluator decide. Narrowing never drops a match:
whatever the columns cannot say becomes Everything, and a row whose document says more than the columns hold
(`Columns.odd`) has to pass every narrowing. `narrows_to` is the meaning of a Narrowing, and what SQL must reproduce.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from engine.document import Document
from engine.fields import EXACT_TYPES, FieldType, field_type
from engine.folding import fold
from engine.patterns import parse_pattern
from engine.scalars import address_of, address_text
from engine.tree import And, Leaf, MatchNone, Not, Op, Or, Tree, negated, text_of

COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "event.dataset": "dataset",
        "data_stream.dataset": "dataset",
        "event.category": "category",
        "event.action": "action",
        "host.name": "host_name",
        "user.name": "user_name",
        "process.entity_id": "process_entity_id",
        "process.parent.entity_id": "process_parent_entity_id",
        "source.ip": "source_ip",
        "destination.ip": "destination_ip",
    }
)
"""Which field stands in which column. Two fields share `dataset`; where they differ the row is odd."""

ARRAY_COLUMNS = frozenset({"category", "action"})
LONGEST_COLUMN_VALUE = 512
MOST_COLUMN_VALUES = 64


@dataclass(frozen=True, slots=True)
class Everything:
    """Every row may match."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """No row matches, odd ones included."""


@dataclass(frozen=True, slots=True)
class ColumnIn:
    """The column (an array column: an element) is one of the values; `folded`: its ASCII lower case is.

    Without values only odd rows pass.
    """

    column: str
    values: tuple[str, ...]
    folded: bool = False


@dataclass(frozen=True, slots=True)
class ColumnPrefix:
    """The column (an array column: an element) begins with the prefix; `folded`: its ASCII lower case does."""

    column: str
    prefix: str
    folded: bool = False


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of the narrowings."""

    children: "tuple[Narrowing, ...]"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of the narrowings."""

    children: "tuple[Narrowing, ...]"


Narrowing: TypeAlias = Everything | Nothing | ColumnIn | ColumnPrefix | AllOf | AnyOf


@dataclass(frozen=True, slots=True)
class Columns:
    """An event's columns: text or nothing, lists of text for the array columns."""

    values: Mapping[str, str | tuple[str, ...] | None]
    odd: bool


def prefilter(tree: Tree) -> Narrowing:
    """The narrowing of a tree: every event that the tree is true of passes it."""
    match tree:
        case And(children):
            return _all_of([prefilter(child) for child in children])
        case Or(children):
            return _any_of([prefilter(child) for child in children])
        case Not(Or(children)):
            return _all_of([prefilter(negated(child)) for child in children])
        case Not(And(children)):
            return _any_of([prefilter(negated(child)) for child in children])
        case Not(Not(child)):
            return prefilter(child)
        case Leaf(wild_field=False, field=field) if field in COLUMNS:
            return _leaf(tree, COLUMNS[field])
        case MatchNone():
            return Nothing()
    return Everything()


def columns_of(document: Document) -> Columns:
    """What a store must keep of an event so that narrowing is sound.

    A value that a column cannot hold (a second one, a very long one) leaves the column as it is and marks the row.
    """
    kept: dict[str, str | tuple[str, ...] | None] = {}
    odd = False
    for column in dict.fromkeys(COLUMNS.values()):
        texts = _column_texts(document, column)
        fitting = [text for text in texts if len(text) <= LONGEST_COLUMN_VALUE and "\x00" not in text]
        most = MOST_COLUMN_VALUES if column in ARRAY_COLUMNS else 1
        odd = odd or len(fitting) < len(texts) or len(texts) > most
        kept[column] = tuple(fitting[:most]) if column in ARRAY_COLUMNS else (fitting[0] if fitting else None)
    return Columns(MappingProxyType(kept), odd)


def narrows_to(narrowing: Narrowing, columns: Columns) -> bool:
    """Whether a row passes: the meaning of a narrowing, in one place for tests and for SQL to follow."""
    match narrowing:
        case Nothing():
            return False
        case Everything():
            return True
        case AllOf(children):
            return all(narrows_to(child, columns) for child in children)
        case AnyOf(children):
            return any(narrows_to(child, columns) for child in children)
        case ColumnIn(column, values, folded):
            return columns.odd or any(text in values for text in _texts(columns, column, folded))
        case ColumnPrefix(column, prefix, folded):
            return columns.odd or any(text.startswith(prefix) for text in _texts(columns, column, folded))


def _texts(columns: Columns, column: str, folded: bool) -> list[str]:
    value = columns.values[column]
    texts = [] if value is None else [value] if isinstance(value, str) else list(value)
    return [_ascii_lower(text) for text in texts] if folded else texts


def _ascii_lower(text: str) -> str:
    """Lower case of ASCII letters only: what SQL's lower() does in the C locale."""
    return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


def _column_texts(document: Document, column: str) -> list[str]:
    fields = [field for field, its_column in COLUMNS.items() if its_column == column]
    values = [value for field in fields for value in document.values(field)]
    if field_type(fields[0]) is not FieldType.IP:
        return list(dict.fromkeys(map(text_of, values)))
    addresses = [address_of(value) for value in values]
    return list(dict.fromkeys(address_text(address) for address in addresses if address is not None))


def _leaf(leaf: Leaf, column: str) -> Narrowing:
    kind = field_type(leaf.field)
    texts = [text_of(value) for value in leaf.values]
    if leaf.op in (Op.IS, Op.PHRASE):
        if kind is FieldType.IP:
            return _addresses(column, texts)
        return _any_of([_text(column, text, leaf.fold) for text in texts])
    if leaf.op is Op.WILDCARD and kind in EXACT_TYPES:
        return _any_of([_pattern(column, text, leaf.fold) for text in texts])
    return Everything()


def _addresses(column: str, texts: Sequence[str]) -> Narrowing:
    """Single addresses narrow; networks do not. A text that is neither meets no value."""
    if any("/" in text for text in texts):
        return Everything()
    found = [address for text in texts if (address := address_of(text.strip())) is not None]
    return ColumnIn(column, tuple(map(address_text, found))) if found else Nothing()


def _text(column: str, text: str, folded: bool) -> Narrowing:
    """Folding beyond ASCII is ours and not the database's, so there it does not narrow. A text that no column
    holds leaves the odd rows."""
    if folded and not text.isascii():
        return Everything()
    fits = len(text) <= LONGEST_COLUMN_VALUE and "\x00" not in text
    return ColumnIn(column, (fold(text) if folded else text,) if fits else (), folded)


def _pattern(column: str, pattern: str, folded: bool) -> Narrowing:
    parsed = parse_pattern(pattern)
    if parsed.is_literal:
        return _text(column, parsed.text, folded)
    prefix = parsed.literal_prefix.partition("\x00")[0][:LONGEST_COLUMN_VALUE]
    if not prefix or (folded and not prefix.isascii()):
        return Everything()
    return ColumnPrefix(column, fold(prefix) if folded else prefix, folded)


def _all_of(children: Sequence[Narrowing]) -> Narrowing:
    kept = tuple(dict.fromkeys(child for child in children if not isinstance(child, Everything)))
    if any(isinstance(child, Nothing) for child in kept):
        return Nothing()
    return AllOf(kept) if len(kept) > 1 else kept[0] if kept else Everything()


def _any_of(children: Sequence[Narrowing]) -> Narrowing:
    """The union; equalities on the same column become one list."""
    merged: dict[object, Narrowing] = {}
    for child in children:
        if isinstance(child, Everything):
            return child
        for part in child.children if isinstance(child, AnyOf) else (child,):
            key = (part.column, part.folded) if isinstance(part, ColumnIn) else part
            known = merged.get(key)
            if isinstance(part, ColumnIn) and isinstance(known, ColumnIn):
                part = ColumnIn(part.column, tuple(dict.fromkeys(known.values + part.values)), part.folded)
            if not isinstance(part, Nothing):
                merged[key] = part
    kept = tuple(merged.values())
    return AnyOf(kept) if len(kept) > 1 else kept[0] if kept else Nothing()
