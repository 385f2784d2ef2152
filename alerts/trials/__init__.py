"""Trials: what an exception would do over the events that are stored, beyond the alerts that there were.

The preview judges the alerts a rule has raised; a trial asks for what never alerted, and for the alerts that an
exception adds, as by taking the `until` event out of a sequence. It is worked off by a worker, and says as of when.
"""

from alerts.trials.asking import begin, of_person, stop
from alerts.trials.working import work

__all__ = ["begin", "of_person", "stop", "work"]
