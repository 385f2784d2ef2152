"""Reading values out of a rule file's tables, with errors that name the key and say what to do."""

from collections.abc import Sequence
from typing import Any, NoReturn

from engine.errors import RuleFileError

MAX_LINE = 1_000
MAX_LIST = 1_000


class Table:
    """One table of a rule file, such as `[rule]`, that refuses values of the wrong shape.

    Every method takes a key and answers with the value, or with its default when the key is absent.
    """

    def __init__(self, path: str, values: dict[str, Any], name: str = "") -> None:
        self.path = path
        self.values = values
        self.name = name

    def fail(self, key: str, message: str) -> NoReturn:
        """Refuse the file because of this key."""
        raise RuleFileError(path=self.path, key=self._full(key), message=message)

    def text(self, key: str, default: str | None = None, *, limit: int = MAX_LINE) -> str:
        """A string; required when there is no default."""
        value = self.values.get(key, default)
        if value is None:
            self.fail(key, f'is missing; add {key} = "…"')
        if not isinstance(value, str):
            self.fail(key, f"must be text in quotes, not {_kind(value)}")
        return self._checked(key, value, limit)

    def optional_text(self, key: str) -> str | None:
        """A string, or None when the key is absent or empty."""
        return self.text(key, "") or None

    def choice(self, key: str, choices: Sequence[str], default: str | None = None) -> str:
        """A string out of a closed list."""
        value = self.text(key, default)
        if value not in choices:
            self.fail(key, f'"{_short(value)}" is not known; write one of {", ".join(choices)}')
        return value

    def integer(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number from `low` to `high`."""
        value = self.values.get(key, default)
        if value is None:
            self.fail(key, f"is missing; add {key} = a whole number from {low} to {high}")
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.fail(key, f"must be a whole number from {low} to {high}, not {_short(repr(value))}")
        return value

    def optional_integer(self, key: str, low: int, high: int) -> int | None:
        """A whole number from `low` to `high`, or None when the key is absent."""
        return self.integer(key, low, high) if key in self.values else None

    def flag(self, key: str) -> bool | None:
        """True, false, or None when the key is absent."""
        value = self.values.get(key)
        if value is not None and not isinstance(value, bool):
            self.fail(key, f"must be true or false, not {_kind(value)}")
        return value

    def texts(self, key: str, *, limit: int = MAX_LINE, at_most: int = MAX_LIST) -> tuple[str, ...]:
        """A list of strings; a single string counts as a list of one; empty when absent."""
        value = self.values.get(key, [])
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            self.fail(key, f'must be a list of texts, such as ["…", "…"], not {_kind(value)}')
        self._check_count(key, items, at_most)
        return tuple(self._checked(key, item, limit) for item in items)

    def table(self, key: str) -> "Table":
        """A table inside this one; an empty one when absent."""
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            self.fail(key, f"must be a table, such as [{self._full(key)}], not {_kind(value)}")
        return Table(self.path, value, self._full(key))

    def tables(self, key: str, *, at_most: int = MAX_LIST) -> list["Table"]:
        """A list of tables inside this one; empty when absent."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.fail(key, f"must be a list of tables, such as [[{self._full(key)}]], not {_kind(value)}")
        self._check_count(key, value, at_most)
        return [Table(self.path, item, f"{self._full(key)}[{at}]") for at, item in enumerate(value)]

    def _check_count(self, key: str, items: list[Any], at_most: int) -> None:
        if len(items) > at_most:
            self.fail(key, f"has {len(items)} entries; at most {at_most} are allowed")

    def _checked(self, key: str, value: str, limit: int) -> str:
        if len(value) > limit:
            self.fail(key, f"is {len(value):,} characters long; at most {limit:,} are allowed")
        return value

    def _full(self, key: str) -> str:
        return f"{self.name}.{key}" if self.name else key


def _kind(value: object) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", str: "a text", list: "a list", dict: "a table"}
    return names.get(type(value), "a date")


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"
