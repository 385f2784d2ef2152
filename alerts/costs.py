"""How much processor time one rule may take before it is set aside, so that it delays the others no further.

Time of the processor, not of the clock: a busy machine is no rule's fault.
"""

from time import thread_time

from engine.pipelines.budget import Budget
from events.resident import within

SECONDS = 5.0
MOST_CELLS = 2_500_000
MOST_BYTES = 500 * 1024 * 1024
"""So many values one run of a rule's pipeline may hold, and so much larger it may make this process."""


def budget(rows: int | None = None, seconds: float = SECONDS) -> Budget:
    """What one run of a rule's pipeline may cost, here and now: time, memory, values, and rows that come of it."""
    return Budget(seconds, MOST_CELLS, rows, thread_time, within(MOST_BYTES))


class TooCostly(Exception):  # noqa: N818 - it names a finding about a rule
    """Judging by a rule took longer than it may."""

    def __init__(self, rule_id: str, seconds: float) -> None:
        super().__init__(f"{rule_id} took over {seconds:g} s")
        self.rule_id = rule_id
        self.seconds = seconds


class Allowance:
    """The processor time that a rule may take, from now on, in this thread; `check` is called now and then."""

    def __init__(self, rule_id: str, seconds: float = SECONDS) -> None:
        self._rule_id = rule_id
        self._seconds = seconds
        self._until = thread_time() + seconds

    @property
    def left(self) -> float:
        """Seconds that it still may take."""
        return self._until - thread_time()

    def check(self) -> None:
        """Raises: TooCostly."""
        if thread_time() > self._until:
            raise TooCostly(self._rule_id, self._seconds)
