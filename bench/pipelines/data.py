"""A table from a seed: traffic of many users, in the columns that rules ask for."""

import csv
import random
from collections.abc import Iterator
from pathlib import Path

COLUMNS = ("user", "host", "bytes", "seconds", "action")
TYPES = {"user": "VARCHAR", "host": "VARCHAR", "bytes": "BIGINT", "seconds": "DOUBLE", "action": "VARCHAR"}
HOSTS = 500
ACTIONS = ("logon", "logoff", "read", "write", "delete", "Connection accepted", "Connection refused")
Row = tuple[str, str, int, float | None, str]


def rows(count: int, users: int) -> Iterator[Row]:
    """So many rows of about so many users; a tenth has no duration."""
    made = random.Random(20261120)
    for _ in range(count):
        yield (
            f"user-{made.randrange(users):06}",
            f"{'web' if made.random() < 0.3 else 'db'}-{made.randrange(HOSTS)}",
            made.randrange(1, 1_000_000),
            round(made.uniform(0.001, 60.0), 3) if made.random() < 0.9 else None,
            made.choice(ACTIONS),
        )


def write(path: Path, count: int, users: int) -> Path:
    """The table as CSV, which both sides read."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows(count, users))
    return path
