"""Which findings are alerts already, or were counted at one: asked before their events are read and before raising."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from django.db import connection

_KNOWN = (
    "SELECT identity FROM alerts_alert WHERE identity = ANY(%s) "
    "UNION ALL SELECT identity FROM alerts_suppressedhit WHERE identity = ANY(%s)"
)
_T = TypeVar("_T")


def known_among(identities: Iterable[bytes]) -> set[bytes]:
    """Those that are known. One query, none for nothing."""
    asked = list(identities)
    if not asked:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [asked, asked])
        return {bytes(identity) for (identity,) in cursor.fetchall()}


@dataclass(slots=True)
class Known:
    """Asks for each identity once."""

    _answers: dict[bytes, bool] = field(default_factory=dict)

    def without(self, items: Iterable[_T], identity: Callable[[_T], bytes]) -> list[_T]:
        """The items that are not known. One query for those that were not asked for before."""
        named = [(identity(item), item) for item in items]
        asked = {name for name, _ in named} - self._answers.keys()
        known = known_among(asked)
        self._answers |= {name: name in known for name in asked}
        return [item for name, item in named if not self._answers[name]]
