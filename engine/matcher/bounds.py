"""How much the matcher may keep in mind. Values, shapes and signatures are the sender's, so everything is bounded."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of a matcher's tables. Tests set tiny ones, so that the ways out are walked as well."""

    alternatives: int = 32
    """Into how many alternatives an expression is split; what does not fit is asked of the whole event."""
    signatures: int = 20_000
    groups: int = 2_000
    indices: int = 2_000
    """Signatures, groups and indices of events that are told apart; beyond that all are forgotten and met anew."""
    compiled: int = 500
    """How many groups get a function of their own, some hundred kilobytes each, before all are met anew."""
    warm_after: int = 16
    """How many events a group must have had before it gets a function; they also show which objects it lacks."""
    recompiled: int = 6
    """How often a group's function is made again because its events turned out to have other objects."""
    longest_value: int = 1_024
    longest_array: int = 64
    """Longer values (characters) and arrays (elements) are judged anew each time."""
    entries: int = 20_000
    """Values kept in one table."""
    memory: int = 96 << 20
    """Bytes that all tables together may take, roughly."""


DEFAULT_BOUNDS = Bounds()
