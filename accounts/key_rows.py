"""The table of keys on the page of one's own settings: a row a key, with the one that has taken its place."""

from collections.abc import Mapping
from dataclasses import dataclass

from accounts.shortcuts import KEYS, keymap_of


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key as it is usually, what it does, what the person has in its place, and what is wrong with that."""

    number: int
    usual: str
    does: str
    own: str
    problem: str

    @property
    def name(self) -> str:
        """Of the field: a sign would be a poor one."""
        return f"key-{self.number}"


def rows_of(
    user: object, typed: Mapping[str, str] | None = None, problems: Mapping[str, str] | None = None
) -> list[KeyRow]:
    """Every key, as kept or as just typed. What is as usual stands in no field."""
    kept = keymap_of(user) if typed is None else typed
    wrong = problems or {}
    return [
        KeyRow(number, key, does, kept.get(key, ""), wrong.get(key, ""))
        for number, (key, does) in enumerate(KEYS.items())
    ]


def typed_keys(posted: Mapping[str, str]) -> dict[str, str]:
    """What was typed into the rows' fields, by the usual keys."""
    return {key: posted.get(f"key-{number}", "")[:20].strip() for number, key in enumerate(KEYS)}
