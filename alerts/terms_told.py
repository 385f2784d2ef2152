"""How the new terms of an alert are told: what says something first, and what the columns beside it say left out.

A combination such as host.id and process.executable is told as "new here: /usr/bin/emacs": the id of a host
is for programs, and its name stands in the column of hosts. Where nothing else would be left, the ids are told.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from alerts.plain_names import DULL, rank_of_name

HOST, USER = "host.name", "user.name"
_REPEATS = {"host.id": HOST, "agent.id": HOST, "user.id": USER}
_SHORT = {HOST: "here", USER: "for this user"}
_WORDS = {HOST: _("on this host"), USER: _("for this user")}


@dataclass(frozen=True, slots=True)
class TermsTold:
    """The terms that are told, field and value, and the columns that tell the others."""

    pairs: tuple[tuple[str, str], ...]
    columns: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Where they are new, after a blank: " on this host"; empty where the terms say so themselves."""
        return "".join(f" {_WORDS[one]}" for one in self.columns)

    @property
    def place_in_short(self) -> str:
        """The same for a line with little room: "here"."""
        return " ".join(_SHORT[one] for one in self.columns)


def terms_told(pairs: Iterable[tuple[str, str]], known: Collection[str]) -> TermsTold:
    """What is told of new terms, beside columns of which these are `known`: HOST, USER."""
    ranked = sorted(pairs, key=lambda pair: _rank(pair[0]))
    left = tuple(pair for pair in ranked if _REPEATS.get(pair[0]) not in known)
    if not left:
        return TermsTold(tuple(ranked))
    repeated = {_REPEATS[name] for name, _value in ranked if _REPEATS.get(name) in known}
    return TermsTold(left, tuple(column for column in _WORDS if column in repeated))


def _rank(field: str) -> tuple[bool, bool]:
    """What says something first, then what a column says, too, and ids and times last."""
    return rank_of_name(field) == DULL, field in _WORDS
