"""An expression as a bounded list of alternatives: it is true when one of them is.

An alternative is a condition on each of some fields, all of which must hold, and perhaps a rest that is asked of the
event when they do. Splitting further than the bound is never needed: a part that does not fit is weakened to the
conditions that all its branches share, which are necessary for it, and asked as a rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.matcher.forms import AllOf, AnyOf, Atom, Condition, Form, Rest, either, every


@dataclass(frozen=True, slots=True)
class Alternative:
    """Conditions by field, and what else must be true."""

    conditions: Mapping[str, Condition]
    rest: tuple[Form, ...] = ()


_ALWAYS = Alternative({})


def alternatives_of(form: Form, most: int) -> list[Alternative]:
    """The alternatives of a form, at most so many; none when it is never true."""
    match form:
        case bool():
            return [_ALWAYS] if form else []
        case Atom(field, condition):
            return [Alternative({field: condition})]
        case Rest():
            return [Alternative({}, (form,))]
        case AnyOf():
            return _of_any(form, most)
        case AllOf(parts):
            return _of_all(parts, most)


def _of_any(form: AnyOf, most: int) -> list[Alternative]:
    found = [alternative for part in form.parts for alternative in alternatives_of(part, most)]
    return found if len(found) <= most else [_weakened(found, form)]


def _of_all(parts: Sequence[Form], most: int) -> list[Alternative]:
    """Part by part, those of few alternatives first, as long as their combinations stay within the bound."""
    split = sorted(((alternatives_of(part, most), part) for part in parts), key=lambda one: len(one[0]))
    found = [_ALWAYS]
    for alternatives, part in split:
        if len(found) * len(alternatives) > most and isinstance(part, AnyOf | AllOf):
            alternatives = [_weakened(alternatives, part)]
        found = [_both(one, other) for one in found for other in alternatives]
    return found


def _both(one: Alternative, other: Alternative) -> Alternative:
    if not one.conditions and not one.rest:
        return other
    conditions = dict(one.conditions)
    for field, condition in other.conditions.items():
        there = conditions.get(field)
        conditions[field] = condition if there is None else every((there, condition))
    return Alternative(conditions, one.rest + other.rest)


def _weakened(alternatives: Sequence[Alternative], form: Form) -> Alternative:
    shared = set(alternatives[0].conditions).intersection(*(one.conditions for one in alternatives[1:]))
    conditions = {field: either([one.conditions[field] for one in alternatives]) for field in sorted(shared)}
    return Alternative(conditions, (form,))
