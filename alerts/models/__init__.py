"""What was found: alerts, the events they rest on, what people do with them, and what is kept of exceptions."""

from alerts.models.alert import Alert
from alerts.models.exceptions import ExceptionCheck, ExceptionDraft, ReleaseDue, Trial
from alerts.models.hits import AlertEvent, SignalCount, SuppressedHit
from alerts.models.targets import Target, ToldPastTarget
from alerts.models.words import Fault, Kind, Reason, Severity, Status, closed_as
from alerts.models.work import BulkAct, Comment, SavedView, StepDone

__all__ = [
    "Alert",
    "AlertEvent",
    "BulkAct",
    "Comment",
    "ExceptionCheck",
    "ExceptionDraft",
    "Fault",
    "Kind",
    "Reason",
    "ReleaseDue",
    "SavedView",
    "Severity",
    "SignalCount",
    "Status",
    "StepDone",
    "SuppressedHit",
    "Target",
    "ToldPastTarget",
    "Trial",
    "closed_as",
]
