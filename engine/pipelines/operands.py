"""What functions and operators are told of their arguments before any row is seen, and what they become.

A column work is given the columns of its arguments, all of one length, and that length; a constant argument has a
column too, which the work need not look at. It answers a new column and leaves those it was given as they are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal, TypeAlias

from engine.pipelines.types import Column, Type, Value

ColumnWork: TypeAlias = Callable[[Sequence[Column], int], Column]


class Absent(Enum):
    """Stands where a value would, when the value is only known row by row (null is a value)."""

    ABSENT = "absent"


ABSENT: Literal[Absent.ABSENT] = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class Operand:
    """One argument: its type, and its value when that is the same for every row."""

    type: Type
    constant: Value | Absent = ABSENT

    @property
    def is_constant(self) -> bool:
        return self.constant is not ABSENT
