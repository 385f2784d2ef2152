"""A function of its own for a group of events that come often: what is the same for all of them is written into it.

It is generated as Python source from names that are made here (never from a rule's or an event's text), and run over
the tables of the group.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from engine.matcher.endings import Endings, Judge
from engine.matcher.masks import Masks

_PATTERNS_AT_MOST = 150
_REFUTES_AT_LEAST = 6
_BLOCK = 5


@dataclass(frozen=True, slots=True)
class Look:
    """A field to be looked at: the attributes that lead to its value, its masks, and the alternatives that ask for
    it. Of an object, given with what it is when absent, it is asked only whether it is there."""

    place: str
    empty: Any
    masks: Masks
    need: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The looks of a group in the order in which they pay: those of the head always, those of the tail when an
    alternative that is left asks for them."""

    head: tuple[Look, ...]
    tail: tuple[Look, ...]


def planned(looks: Sequence[Look], full: int) -> Plan:
    """Order looks by how many of the alternatives that are left an ordinary value refutes, against its cost."""
    waiting, left = list(looks), full
    head: list[Look] = []
    tail: list[Look] = []
    while waiting:
        best = max(waiting, key=lambda look: _refuted(look, left) / (1 + look.masks.patterns / 400))
        waiting.remove(best)
        gain = _refuted(best, left)
        pays = gain * _REFUTES_AT_LEAST >= left.bit_count() and best.masks.patterns < _PATTERNS_AT_MOST
        (head if pays and gain else tail).append(best)
        left &= best.masks.base
    return Plan(tuple(head), tuple(tail))


def _refuted(look: Look, left: int) -> int:
    return (left & ~look.masks.base).bit_count()


def generate(
    plan: Plan,
    full: int,
    endings: Endings,
    guard: "tuple[str, Any] | None",
    missed: Judge,
) -> Judge:
    """The function of a group. `guard` is a tuple of the places of objects, and what they are when absent; an event
    that has one of them is given to `missed`."""
    names: dict[str, Any] = {"H": endings, "settle": endings.settle, "missed": missed, "none": endings[0]}
    lines = ["def judge(e, source):"]
    if guard is not None:
        names["absent"] = guard[1]
        lines += [f"    if ({guard[0]}) != absent:", "        return missed(e, source)"]
    lines += _head(plan.head, full, names)
    for start in range(0, len(plan.tail), _BLOCK):
        lines += _block(plan.tail[start : start + _BLOCK], start, names)
    if endings.open:
        names["open"] = endings.open
        lines += ["    if m & open:", "        return settle(m, e, source)"]
    lines.append("    return H[m]")
    return _made("\n".join(lines), names)


def _head(looks: Sequence[Look], full: int, names: dict[str, Any]) -> list[str]:
    lines = []
    for number, look in enumerate(looks):
        names[f"A{number}"] = look.masks
        lines.append(f"    m {'&' if number else ''}= A{number}[{_value(look, f'X{number}', names)}]")
    if not looks:
        names["full"] = full
        return ["    m = full"]
    return [*lines, "    if not m:", "        return none"]


def _block(looks: Sequence[Look], start: int, names: dict[str, Any]) -> list[str]:
    needed = 0
    inner = []
    for number, look in enumerate(looks, start):
        needed |= look.need
        names[f"B{number}"], names[f"N{number}"] = look.masks, look.need
        inner += [f"        if m & N{number}:", f"            m &= B{number}[{_value(look, f'Y{number}', names)}]"]
    names[f"block{start}"] = needed
    return [f"    if m & block{start}:", *inner]


def _value(look: Look, empty: str, names: dict[str, Any]) -> str:
    if look.empty is None:
        return f"e.{look.place}"
    names[empty] = look.empty
    return f"True if e.{look.place} is not {empty} else None"


def _made(source: str, names: dict[str, Any]) -> Judge:
    defined: dict[str, Callable[..., Any]] = {}
    exec(compile(source, "<group of events>", "exec"), names, defined)  # noqa: S102 - of names made above
    return defined["judge"]
