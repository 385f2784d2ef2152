"""Exception entries, as Kibana keeps them, compiled into the same tree that rules are judged by.

An item's entries are joined by AND; items by OR, which is the caller's. To Kibana's entries (`match`, `match_any`,
`wildcard`, `exists`, `list`, `nested`; operator `included` or `excluded`) we add `case_sensitive`, true unless said
otherwise, because a keyword's case is where exceptions silently miss.
Source: Kibana's exception list schema; its match entries are phrases, its wildcards the DSL's, so that a backslash
takes the next character literally.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

from engine.errors import EngineError, PatternError
from engine.fields import NUMBER_TYPES, FieldType, field_type, name_problem
from engine.languages.value_lists import ListValues, list_leaf, list_misfit
from engine.patterns import parse_pattern, pattern_test
from engine.tree import Leaf, MatchNone, Nested, Op, Scalar, Tree, all_of, negated, text_of

ListResolver: TypeAlias = Callable[[str], Sequence[str] | None]
"""Gives the values of a value list by its id, or None when there is no such list.

Addresses come as addresses, networks or ranges (`10.0.0.1-10.0.0.9`). Who has many of them gives `ListValues`.
"""

MAX_ENTRIES = 100
MAX_VALUES = 10_000
MAX_VALUE_LENGTH = 32_768
TYPES = ("match", "match_any", "wildcard", "exists", "list", "nested")
OPERATORS = ("included", "excluded")
# A backslash before an ordinary character, or before a wildcard that ends the pattern, was hardly meant.
_LONE_BACKSLASH = re.compile(r"\\[^*?]|\\[*?]?$")
_UNPATTERNED = NUMBER_TYPES | {FieldType.IP, FieldType.BOOLEAN, FieldType.DATE, FieldType.GEO_POINT}


class ExceptionEntryError(EngineError):
    """An entry that cannot be used: its place in the item, the key that is wrong, and what to write instead."""

    def __init__(self, index: int, key: str, message: str) -> None:
        super().__init__(message)
        self.index = index
        self.key = key
        self.message = message


@dataclass(frozen=True, slots=True)
class EntryWarning:
    """An entry that can be used but hardly means what was meant."""

    index: int
    message: str


def parse_entries(entries: Sequence[Mapping[str, Any]], resolve_list: ListResolver | None = None) -> Tree:
    """The item's entries as one tree: true of the events that the item takes out of a rule.

    Raises: ExceptionEntryError; an item without entries is one, since it would silence everything.
    """
    return all_of(*parse_each_entry(entries, resolve_list))


def parse_each_entry(
    entries: Sequence[Mapping[str, Any]], resolve_list: ListResolver | None = None
) -> tuple[Tree, ...]:
    """A tree for each entry, in order: what previews need to count what every condition leaves.

    Raises: ExceptionEntryError.
    """
    if not isinstance(entries, Sequence) or isinstance(entries, str) or not entries:
        raise ExceptionEntryError(0, "entries", "are missing; without a condition the exception would hide everything")
    if len(entries) > MAX_ENTRIES:
        raise ExceptionEntryError(
            MAX_ENTRIES, "entries", f"are too many; at most {MAX_ENTRIES} conditions make an item"
        )
    return tuple(_Entry(at, data, resolve_list).parse() for at, data in enumerate(entries))


def entry_warnings(entries: Sequence[Mapping[str, Any]]) -> tuple[EntryWarning, ...]:
    """Wildcard entries with the single backslashes of a Windows path, which then match no path at all."""
    return tuple(
        EntryWarning(
            at, "A backslash takes the next character literally here. Write two for one, as in C:\\\\Temp\\\\*."
        )
        for at, data in enumerate(entries)
        if data.get("type") == "wildcard" and _LONE_BACKSLASH.search(str(data.get("value", "")).replace("\\\\", ""))
    )


class _Entry:
    """The reading of one entry; `prefix` is the path of the nested entry it stands in, with a dot."""

    def __init__(
        self, index: int, data: object, resolve_list: ListResolver | None, prefix: str = "", key_prefix: str = ""
    ) -> None:
        self.index = index
        self.resolve_list = resolve_list
        self.prefix = prefix
        self.key_prefix = key_prefix
        if not isinstance(data, Mapping):
            self.fail("entries", "must be tables with a field, a type and an operator")
        self.data = data

    def fail(self, key: str, message: str) -> NoReturn:
        raise ExceptionEntryError(self.index, self.key_prefix + key, message)

    def parse(self) -> Tree:
        """The entry's tree, negated when its operator is `excluded`."""
        kind = self.choice("type", TYPES)
        if self.prefix and kind in ("list", "nested"):
            self.fail("type", f"may not be {kind} inside a nested entry")
        if kind == "nested":
            return self.nested()
        readers = {"match": self.match, "match_any": self.match_any, "wildcard": self.wildcard, "exists": self.exists}
        excluded = self.choice("operator", OPERATORS) == "excluded"
        tree = readers.get(kind, self.value_list)()
        return negated(tree) if excluded else tree

    def match(self) -> Tree:
        return self.leaf(Op.PHRASE, (self.value("value", self.data.get("value")),))

    def match_any(self) -> Tree:
        values = self.data.get("value")
        if not isinstance(values, list | tuple) or not values:
            self.fail("value", "must be a list with at least one value")
        self.check_count(values)
        return self.leaf(Op.PHRASE, tuple(self.value("value", value) for value in values))

    def wildcard(self) -> Tree:
        pattern = self.value("value", self.data.get("value"), typed=False)
        if field_type(self.field()) in _UNPATTERNED:
            self.fail("type", f"cannot be wildcard: {self.field()} holds no text; use match, for addresses 10.0.0.0/8")
        try:
            pattern_test(parse_pattern(str(pattern)))
        except PatternError as error:
            self.fail("value", str(error))
        return self.leaf(Op.WILDCARD, (str(pattern),))

    def exists(self) -> Tree:
        return Leaf(self.field(), Op.EXISTS)

    def value_list(self) -> Tree:
        """Any of the values of a list kept elsewhere; an empty list is met by no event.

        See engine/languages/value_lists.py for what they cost.
        """
        list_id, kind = self.named_list()
        values = self.resolve_list(list_id) if self.resolve_list else None
        if values is None:
            self.fail("list.id", f'"{list_id[:60]}" is not a value list that exists')
        if not values:
            return self.empty_list(list_id)
        if wanted := list_misfit(self.field(), values):
            self.fail("list.id", f'"{list_id[:60]}" holds {wanted}')
        known = values if isinstance(values, ListValues) else ListValues(values)
        return list_leaf(self.field(), known, kind=kind, fold=not self.sensitive())

    def named_list(self) -> tuple[str, str]:
        """The id and type of the list that the entry names."""
        about = self.data.get("list")
        list_id = about.get("id") if isinstance(about, Mapping) else None
        if not isinstance(about, Mapping) or not isinstance(list_id, str) or not list_id:
            self.fail("list.id", "is missing; name the value list")
        return list_id, str(about.get("type", ""))

    def empty_list(self, list_id: str) -> Tree:
        """Met by nothing. Turned round it would be met by everything, which nobody can have meant."""
        if self.data.get("operator") == "excluded":
            self.fail("list.id", f'"{list_id[:60]}" holds nothing, so everything would be outside of it')
        return MatchNone()

    def nested(self) -> Tree:
        inner = self.data.get("entries")
        if not isinstance(inner, list | tuple) or not inner or len(inner) > MAX_ENTRIES:
            self.fail("entries", f"must be a list of one to {MAX_ENTRIES} entries")
        path = self.field()
        return Nested(
            path,
            all_of(
                *(
                    _Entry(self.index, data, None, f"{path}.", f"entries[{at}].").parse()
                    for at, data in enumerate(inner)
                )
            ),
        )

    def sensitive(self) -> bool:
        sensitive = self.data.get("case_sensitive", True)
        if not isinstance(sensitive, bool):
            self.fail("case_sensitive", "must be true or false")
        return sensitive

    def leaf(self, operator: Op, values: tuple[Scalar, ...]) -> Leaf:
        return Leaf(self.field(), operator, tuple(dict.fromkeys(map(text_of, values))), fold=not self.sensitive())

    def field(self) -> str:
        name = self.data.get("field")
        if not isinstance(name, str) or not name.strip() or len(name) > 256 or "*" in name:
            self.fail("field", "must be the full name of a field, such as process.executable")
        full = self.prefix + name.strip()
        if problem := name_problem(full):
            self.fail("field", problem)
        return full

    def value(self, key: str, value: object, *, typed: bool = True) -> Scalar:
        if not isinstance(value, str | int | float | bool) or value == "":
            self.fail(key, "is missing; write the value to compare with")
        if isinstance(value, str) and (len(value) > MAX_VALUE_LENGTH or "\x00" in value):
            self.fail(key, f"must have at most {MAX_VALUE_LENGTH:,} characters and no NUL")
        if typed and (wanted := _misfit(field_type(self.field()), value)):
            self.fail(key, f'"{str(value)[:60]}" is not {wanted}, which {self.field()} holds')
        return value

    def check_count(self, values: Sequence[object]) -> None:
        if len(values) > MAX_VALUES:
            self.fail("value", f"holds more than {MAX_VALUES:,} values; keep them in a value list")

    def choice(self, key: str, choices: Sequence[str]) -> str:
        value = self.data.get(key)
        if not isinstance(value, str) or value not in choices:
            self.fail(key, f"must be one of {', '.join(choices)}")
        return value


def _misfit(kind: FieldType, value: Scalar) -> str | None:
    """What a value of this field would be, when the given one can never equal it."""
    text = str(value)
    if kind is FieldType.IP and not _is_network(text):
        return "an address or a network"
    if kind in NUMBER_TYPES and (isinstance(value, bool) or not _is_number(text)):
        return "a number"
    if kind is FieldType.BOOLEAN and text.lower() not in ("true", "false"):
        return "true or false"
    return None


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
