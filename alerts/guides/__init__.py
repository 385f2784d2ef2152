"""The guide of an alert's rule as work: steps that are ticked, and searches filled in from the alert."""

from alerts.guides.checklist import Checklist, ShownStep, Tick, checklist_of, done_of, guide_of, steps_alone, ticks_of
from alerts.guides.ticking import tick

__all__ = [
    "Checklist",
    "ShownStep",
    "Tick",
    "checklist_of",
    "done_of",
    "guide_of",
    "steps_alone",
    "tick",
    "ticks_of",
]
