"""Fields that a query asks for and that nothing seems to have: mostly a slip, and then a known name is near.

A field of one's own that the newest events do not happen to have is told, too, so this is said only where nothing was
found, as a guess.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from itertools import islice

from engine.fields import KNOWN_FIELDS
from events.completing.offering import newest_fields

MOST, MOST_NEAR = 3, 3
_LONGEST_LIKE_ANOTHER = 100
"""Names are compared letter by letter, some milliseconds each; a longer one is like no known one."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A name that is neither in the schema nor in any of the newest events, and known ones that look like it."""

    name: str
    near: tuple[str, ...]


def unknown_fields(
    names: Iterable[str], *, of_alerts: bool, team_ids: Sequence[int], now: datetime
) -> tuple[Unknown, ...]:
    """The first few of the names that are unknown; a name with a wildcard is never. Without such a name no query, else
    a look at the newest events, which completion remembers for half a minute.
    """
    odd = sorted(name for name in names if "*" not in name and name not in KNOWN_FIELDS)
    if not odd:
        return ()
    seen = newest_fields(of_alerts=of_alerts, team_ids=team_ids, now=now)
    known = {*seen, *(name for name in KNOWN_FIELDS if of_alerts or not name.startswith("kibana."))}
    absent = islice((name for name in odd if not _is_there(name, known)), MOST)
    return tuple(Unknown(name, _near(name, known)) for name in absent)


def _is_there(name: str, known: set[str]) -> bool:
    """An object is there with its parts."""
    return name in known or any(one.startswith(f"{name}.") for one in known)


def _near(name: str, known: set[str]) -> tuple[str, ...]:
    """Those that end so, what alerts say of themselves first, and those that are written nearly so."""
    if len(name) > _LONGEST_LIKE_ANOTHER:
        return ()
    ends = sorted((one for one in known if one.endswith(f".{name}")), key=lambda one: ("kibana" not in one, len(one)))
    alike = get_close_matches(name, known, MOST_NEAR, 0.85)
    return tuple(dict.fromkeys([*ends, *alike]))[:MOST_NEAR]
