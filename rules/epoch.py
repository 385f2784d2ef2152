"""The epoch: one row that counts changes of the rule set, so that workers know when what they loaded is old.

Whoever changes what fires (a rule, an exception, a due expiry) bumps it first thing in his transaction; whoever inserts
alerts holds it shared until he commits. So no alert slips in behind "close what it matches", and workers never block
each other. Lock order everywhere: epoch row, then rules, then exceptions.
"""

from django.db import connection

_BUMP = """
INSERT INTO rules_epoch (id, number) VALUES (1, 2)
ON CONFLICT (id) DO UPDATE SET number = rules_epoch.number + 1
RETURNING number
"""
_READ = "SELECT number FROM rules_epoch WHERE id = 1"
_FIRST = "INSERT INTO rules_epoch (id, number) VALUES (1, 1) ON CONFLICT DO NOTHING"


def read() -> int:
    """The epoch that is committed now. One query, no lock."""
    return _number(_READ) or 1


def share_lock() -> int:
    """The epoch, held still until the transaction ends: for those about to insert alerts. Many may hold it.

    Waits for a change in progress. Must run inside a transaction.
    """
    number = _number(f"{_READ} FOR SHARE")
    if number is None:
        with connection.cursor() as cursor:
            cursor.execute(_FIRST)
        number = _number(f"{_READ} FOR SHARE") or 1
    return number


def bump() -> int:
    """Count one change of the rule set and return the new epoch; held exclusively until the transaction ends.

    Waits until the workers that are inserting alerts have committed. Must run inside a transaction, first thing.
    """
    return _number(_BUMP) or 0


def _number(sql: str) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        row = cursor.fetchone()
    return int(row[0]) if row else None
