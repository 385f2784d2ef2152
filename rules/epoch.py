"""The epoch: one row that counts changes of the rule set, so that workers know when what they loaded is old.

Whoever changes what fires (a rule, an exception, a due expiry) bumps it first thing in his transaction; whoever inserts
alerts holds it shared until he commits. So no alert slips in behind "close what it matches", and workers never block
each other. Held is an advisory lock, whose waiters queue up: shared row locks would let workers that overlap keep a
change waiting for good. Lock order everywhere: epoch, then look-backs, rules, exceptions, then what is seen (seen.py).
Never bump where the epoch is held shared: two that do so would wait for each other.
"""

from django.db import connection

_BUMP = """
INSERT INTO rules_epoch (id, number) VALUES (1, 2)
ON CONFLICT (id) DO UPDATE SET number = rules_epoch.number + 1
RETURNING number
"""
_READ = "SELECT number FROM rules_epoch WHERE id = 1"
# A pair of numbers, so that it is never taken for a key of seen.py, which is one; the lock ends with the transaction.
_KEY = "(1702911336, 1)"
_SHARE = f"SELECT pg_advisory_xact_lock_shared{_KEY}"
_HOLD = f"SELECT pg_advisory_xact_lock{_KEY}"


def read() -> int:
    """The epoch that is committed now. One query, no lock."""
    return _number(_READ) or 1


def share_lock() -> int:
    """The epoch, held still until the transaction ends: for those about to insert alerts. Many may hold it.

    Waits for a change in progress, and for one that waits longer. Must run inside a transaction.
    """
    _lock(_SHARE)
    return read()


def bump() -> int:
    """Count one change of the rule set and return the new epoch; held exclusively until the transaction ends.

    Waits until the workers that are inserting alerts have committed; those that come later wait for it. Must run
    inside a transaction, first thing.
    """
    _lock(_HOLD)
    return _number(_BUMP) or 0


def _lock(sql: str) -> None:
    """A statement of its own, so that the next one sees what was committed while this one waited."""
    with connection.cursor() as cursor:
        cursor.execute(sql)


def _number(sql: str) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        row = cursor.fetchone()
    return int(row[0]) if row else None
