"""A measurement in a process of its own, on one core, so that nothing before it is in its memory or caches."""

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Found = TypeVar("Found")


def alone(measure: Callable[Given, Found], *args: Given.args, **kwargs: Given.kwargs) -> Found:
    """What the function returns when a new process, pinned to one core, runs it."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=pin) as pool:
        return pool.submit(measure, *args, **kwargs).result()


def pin() -> None:
    """Stay on the last core that this process may use, where the system can say so."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def resident_mib() -> float:
    """The process's resident memory now (where the system tells it, else the most it ever was)."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - read a thousand times
            return round(int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)
    except FileNotFoundError:
        import resource

        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 1)
