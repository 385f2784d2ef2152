"""How much memory this process holds."""

import os
from collections.abc import Callable
from pathlib import Path

from engine.pipelines.budget import BudgetExceeded

_STATM = Path("/proc/self/statm")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def within(limit: int) -> Callable[[], None]:
    """A check for a pipeline's Budget: that this process grows by no more than so many bytes from now on.

    The check raises: BudgetExceeded.
    """
    before = resident_bytes()

    def check() -> None:
        if resident_bytes() - before > limit:
            raise BudgetExceeded(
                f"the query would hold more than {limit >> 20:,} megabytes at once; "
                "KEEP the columns that matter, or narrow it with WHERE"
            )

    return check


def resident_bytes() -> int:
    """What is in memory now; 0 where the system does not tell. Costs some ten microseconds."""
    try:
        return int(_STATM.read_bytes().split()[1]) * _PAGE_BYTES
    except OSError:
        return 0
