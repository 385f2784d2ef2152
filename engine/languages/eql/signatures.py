"""The functions that EQL queries may call: how many arguments each takes, of what kind, and what it answers.

Fields are taken as they come (their values are read as the function needs them); literals and the results of other
functions must be of the right kind.
Source: Elasticsearch's EQL function reference.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from engine.tree import Scalar


class Sort(Enum):
    """What kind of value an expression has, as errors name it; ANY for fields, null, and where all are welcome."""

    TEXT = "a string"
    NUMBER = "a number"
    TRUTH = "true or false"
    ANY = "a value"


def sort_of(value: Scalar | None) -> Sort:
    """The kind of a literal."""
    if value is None:
        return Sort.ANY
    if isinstance(value, bool):
        return Sort.TRUTH
    return Sort.TEXT if isinstance(value, str) else Sort.NUMBER


@dataclass(frozen=True, slots=True)
class Signature:
    """A function. Its last kind stands for all further arguments if `most` is None; `tilde`: it may end in `~`."""

    spelled: str
    arguments: tuple[Sort, ...]
    least: int
    most: int | None
    answers: Sort
    tilde: bool = False

    def argument(self, place: int) -> Sort:
        """The kind of the argument at this place, from 0."""
        return self.arguments[min(place, len(self.arguments) - 1)]

    @property
    def count(self) -> str:
        """How many arguments it takes, in words."""
        least = _NUMBERS[self.least]
        if self.most is None:
            return f"at least {least} arguments"
        if self.most == self.least:
            return f"exactly {least} argument{'s' if self.least > 1 else ''}"
        return f"{least} or {_NUMBERS[self.most]} arguments"


_NUMBERS = ("no", "one", "two", "three", "four")
_TEXT, _NUMBER, _TRUTH, _ANY = Sort.TEXT, Sort.NUMBER, Sort.TRUTH, Sort.ANY
_ALL = (
    Signature("add", (_NUMBER, _NUMBER), 2, 2, _NUMBER),
    Signature("between", (_TEXT, _TEXT, _TEXT, _TRUTH), 3, 4, _TEXT, tilde=True),
    Signature("cidrMatch", (_TEXT, _TEXT), 2, None, _TRUTH),
    Signature("concat", (_ANY,), 1, None, _TEXT),
    Signature("divide", (_NUMBER, _NUMBER), 2, 2, _NUMBER),
    Signature("endsWith", (_TEXT, _TEXT), 2, 2, _TRUTH, tilde=True),
    Signature("indexOf", (_TEXT, _TEXT, _NUMBER), 2, 3, _NUMBER, tilde=True),
    Signature("length", (_TEXT,), 1, 1, _NUMBER),
    Signature("modulo", (_NUMBER, _NUMBER), 2, 2, _NUMBER),
    Signature("multiply", (_NUMBER, _NUMBER), 2, 2, _NUMBER),
    Signature("number", (_TEXT, _NUMBER), 1, 2, _NUMBER),
    Signature("startsWith", (_TEXT, _TEXT), 2, 2, _TRUTH, tilde=True),
    Signature("string", (_ANY,), 1, 1, _TEXT),
    Signature("stringContains", (_TEXT, _TEXT), 2, 2, _TRUTH, tilde=True),
    Signature("substring", (_TEXT, _NUMBER, _NUMBER), 2, 3, _TEXT),
    Signature("subtract", (_NUMBER, _NUMBER), 2, 2, _NUMBER),
)
SIGNATURES: Mapping[str, Signature] = MappingProxyType({signature.spelled.lower(): signature for signature in _ALL})
"""Every function, by its name in small letters: queries may write it in any case."""

REPLACED: Mapping[str, str] = MappingProxyType(
    {
        "wildcard": "Write `field like (…)`, or `field : (…)` for any case.",
        "match": "Write `field regex (…)`.",
        "arraycontains": "Write `field == …`: a condition holds when an element of the array meets it.",
    }
)
"""Functions of other dialects, and what to write instead."""
