"""What an import of exceptions is held to where a person does it: the rules he may write on, and the guard."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rules.models import ExceptionItem


class Verdict(NamedTuple):
    """Why an exception may not come into force, empty when it may; and what the record says of it."""

    refused: str = ""
    note: str = ""


def accept(items: Sequence[ExceptionItem]) -> list[Verdict]:
    """What an operator imports is in force as it is."""
    return [Verdict()] * len(items)


@dataclass(frozen=True, slots=True)
class Bounds:
    """`rules`: those on which exceptions may be written, None for every rule. `judge` is asked once, before any
    exception comes into force or says something else. `most`: so many are written by one import, and up to
    `most_bytes` of what is kept of them; None for any number. `once`: ids that stand twice are refused; else what was
    said last holds."""

    rules: Collection[str] | None = None
    judge: Callable[[Sequence[ExceptionItem]], list[Verdict]] = accept
    most: int | None = None
    most_bytes: int | None = None
    once: bool = False

    def allow(self, rule_id: str) -> bool:
        """Whether exceptions may be written on it."""
        return self.rules is None or rule_id in self.rules


FREE = Bounds()
