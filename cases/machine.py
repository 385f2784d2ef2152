"""Which status a case may pass to, and by which act; as data, so that pages, services and tests read one table."""

from collections.abc import Mapping
from enum import StrEnum

from cases.models import Status


class Act(StrEnum):
    """What moves a case from one status to another."""

    START = "start"  # the first change that a person makes to an open case
    CHANGE = "change"  # a person chooses the status
    CLOSE = "close"
    REOPEN = "reopen"
    UNDO_CLOSE = "undo_close"  # back to where it stood before


_WORKED_ON = frozenset({Status.OPEN, Status.IN_PROGRESS, Status.ON_HOLD})

MOVES: Mapping[Act, Mapping[Status, frozenset[Status]]] = {
    Act.START: {Status.OPEN: frozenset({Status.IN_PROGRESS})},
    Act.CHANGE: {status: _WORKED_ON - {status} for status in _WORKED_ON},
    Act.CLOSE: {status: frozenset({Status.CLOSED}) for status in _WORKED_ON},
    Act.REOPEN: {Status.CLOSED: frozenset({Status.IN_PROGRESS})},
    Act.UNDO_CLOSE: {Status.CLOSED: _WORKED_ON},
}

IN_HAND = tuple(status.value for status in (Status.OPEN, Status.IN_PROGRESS, Status.ON_HOLD))
"""The statuses of a case that is not closed."""

SETTABLE = IN_HAND
"""The statuses that a person may choose; a case is closed and reopened by acts of their own."""
