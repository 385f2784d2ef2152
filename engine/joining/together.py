"""Sequences and samples by one name, since callers treat them alike."""

from collections.abc import Hashable, Iterable
from datetime import datetime

from engine.joining.candidates import Candidate, Check
from engine.joining.keys import in_order
from engine.joining.matches import Joining, Match
from engine.joining.samples import find_samples
from engine.joining.sequences import find_sequences
from engine.plan import Sample, Sequence


def join(
    plan: Sequence | Sample, candidates: Iterable[Candidate], *, until: datetime, check: Check | None = None
) -> list[Match]:
    """The matches among the candidates, as of `until`; sequences in the order of completion, samples by key.

    Events that share several keys, as arrays make it, match once for each.
    """
    return _found(plan, candidates, until, check).matches


def settle(
    plan: Sequence | Sample, candidates: Iterable[Candidate], *, until: datetime, check: Check | None = None
) -> Joining:
    """As `join` but the same events only once, however many keys they share, and when to look again although nothing
    arrives."""
    found = _found(plan, candidates, until, check)
    return Joining(_without_repetition(found.matches), found.due)


def _found(plan: Sequence | Sample, candidates: Iterable[Candidate], until: datetime, check: Check | None) -> Joining:
    if isinstance(plan, Sample):
        return Joining(find_samples(plan, candidates, check))
    return find_sequences(plan, candidates, until, check)


def _without_repetition(matches: list[Match]) -> list[Match]:
    """The same events found under several keys are one match; it keeps the first of the keys. Long runs are compared
    only where beginning and end agree."""
    kept: list[Match] = []
    places: dict[tuple[Hashable, Hashable], list[int]] = {}
    for match in matches:
        alike = places.setdefault((match.refs[0], match.completing), [])
        known = next((place for place in alike if kept[place].refs == match.refs), None)
        if known is None:
            alike.append(len(kept))
            kept.append(match)
        elif in_order(match.key) < in_order(kept[known].key):
            kept[known] = match
    return kept
