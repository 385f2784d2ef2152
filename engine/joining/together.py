"""Sequences and samples by one name, since callers treat them alike."""

from collections.abc import Iterable
from datetime import datetime

from engine.joining.candidates import Candidate, Check
from engine.joining.matches import Joining, Match
from engine.joining.samples import find_samples
from engine.joining.sequences import find_sequences
from engine.plan import Sample, Sequence


def join(
    plan: Sequence | Sample, candidates: Iterable[Candidate], *, until: datetime, check: Check | None = None
) -> list[Match]:
    """The matches among the candidates, as of `until`; sequences in the order of completion, samples by key."""
    return settle(plan, candidates, until=until, check=check).matches


def settle(
    plan: Sequence | Sample, candidates: Iterable[Candidate], *, until: datetime, check: Check | None = None
) -> Joining:
    """As `join`, and when to look again although nothing arrives."""
    if isinstance(plan, Sample):
        return Joining(find_samples(plan, candidates, check))
    return find_sequences(plan, candidates, until, check)
