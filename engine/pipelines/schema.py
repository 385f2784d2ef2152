"""The columns that a pipeline starts from, and those that it ends with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from engine.patterns import parse_pattern, pattern_test
from engine.pipelines.types import Type

METADATA: Mapping[str, Type] = MappingProxyType(
    {
        "_id": Type.KEYWORD,
        "_index": Type.KEYWORD,
        "_version": Type.LONG,
        "_source": Type.KEYWORD,
        "_ignored": Type.KEYWORD,
    }
)
"""What `FROM … METADATA` can add to the columns. `_source` is the event as text of JSON."""


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of a source. `open`: any field may be asked for, as of events; where they lack it, it is null."""

    columns: Mapping[str, Type] = field(default_factory=dict)
    open: bool = False


EVENTS = Schema(open=True)
"""Events as they come: every field that one could have."""


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of a result: its name and its type."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Rest:
    """Those fields of an event that a result shows without the query's having named them.

    A field is among them when it fits each of `patterns` and none of `without` (in the notation of engine/patterns.py)
    and is not called as one of `hidden`.
    """

    patterns: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset()

    def without_name(self, name: str) -> "Rest":
        """The same without one field."""
        return Rest(self.patterns, self.without, self.hidden | {name}) if self.has(name) else self

    def has(self, name: str) -> bool:
        """Whether a field is among them; costs a microsecond for each pattern."""
        return (
            name not in self.hidden
            and all(fits(pattern, name) for pattern in self.patterns)
            and not any(fits(pattern, name) for pattern in self.without)
        )


def fits(pattern: str, name: str) -> bool:
    """Whether a column's name fits a pattern whole."""
    return _test_of(pattern)(name)


@lru_cache(maxsize=4_096)
def _test_of(pattern: str) -> Callable[[str], bool]:
    return pattern_test(parse_pattern(pattern))
