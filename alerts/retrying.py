"""Which database errors mean "try again", and which "there is no database to talk to"."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection
from psycopg import errors

_CONFLICTS = (errors.DeadlockDetected, errors.SerializationFailure, errors.LockNotAvailable)


def is_conflict(error: BaseException) -> bool:
    """Whether two transactions got in each other's way: the same again will succeed."""
    return isinstance(error, _CONFLICTS) or isinstance(error.__cause__, _CONFLICTS)


def is_lost_connection(error: BaseException) -> bool:
    """Whether the database went away: nobody's fault, and nothing can be written about it."""
    return isinstance(error, OperationalError | InterfaceError) and not isinstance(
        error.__cause__, errors.DataError | errors.ProgramLimitExceeded | errors.StatementTooComplex
    )


_P = ParamSpec("_P")
_R = TypeVar("_R")
MAX_TRIES = 4


def retry_conflicts(act: Callable[_P, _R]) -> Callable[_P, _R]:
    """Begin an act anew when it and another got in each other's way; the act must be one whole transaction."""

    @wraps(act)
    def tried(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        for _ in range(MAX_TRIES - 1):
            try:
                return act(*args, **kwargs)
            except OperationalError as error:
                if connection.in_atomic_block or not is_conflict(error):
                    raise
        return act(*args, **kwargs)

    return tried
