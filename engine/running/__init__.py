"""A set of rules, or one query, over events in memory: no database, no clock, one answer.

This is the engine for tools: `python -m engine run` and `query`, and whoever wants to try a rule on some events. It
asks the same matcher and the same joins as the product; only caps, suppression and alerts are not here.
"""

from engine.running.events import Event, EventsError, event_of, read_events
from engine.running.findings import Finding
from engine.running.moments import Moment, moment_of
from engine.running.queries import EventFields, run_eql, run_kql
from engine.running.rows import run_esql
from engine.running.rules import Rule
from engine.running.run import latest, run
from engine.running.whynot import told_of_event

__all__ = [
    "Event",
    "EventFields",
    "EventsError",
    "Finding",
    "Moment",
    "Rule",
    "event_of",
    "latest",
    "moment_of",
    "read_events",
    "run",
    "run_eql",
    "run_esql",
    "run_kql",
    "told_of_event",
]
