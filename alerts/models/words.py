"""The closed sets of words that an alert is described with."""

from django.db import models


class Severity(models.IntegerChoices):
    """Stored as a number so that the queue sorts by it."""

    LOW = 1, "low"
    MEDIUM = 2, "medium"
    HIGH = 3, "high"
    CRITICAL = 4, "critical"


class Status(models.TextChoices):
    OPEN = "open", "Open"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    CLOSED = "closed", "Closed"


class Reason(models.TextChoices):
    """Why an alert was closed."""

    TRUE_POSITIVE = "true_positive", "True positive"
    BENIGN_POSITIVE = "benign_positive", "Benign positive"
    FALSE_POSITIVE = "false_positive", "False positive"
    DUPLICATE = "duplicate", "Duplicate"
    OTHER = "other", "Other"


class Fault(models.TextChoices):
    """Where the fault of a false positive lay: the rule matches what it should not, or the event tells what never
    happened. Saying it is up to who closes."""

    RULE_LOGIC = "rule_logic", "Rule logic"
    DATA_WRONG = "data_wrong", "Data wrong"


def closed_as(reason: str, fault: str = "") -> str:
    """As what an alert was closed, in the middle of a sentence: "false positive, rule logic"."""
    known = {**dict(Reason.choices), **dict(Fault.choices)}
    return ", ".join(known[word].lower() for word in (reason, fault) if word in known)


class Kind(models.TextChoices):
    """What an alert rests on, and so what its page shows."""

    EVENT = "event", "One event"
    NEW_TERMS = "new_terms", "A new value"
    SEQUENCE = "sequence", "A sequence of events"  # the shell: its events are also building blocks of its own
    SAMPLE = "sample", "A sample of events"
    BLOCK = "block", "An event of a sequence"  # building block, belongs to a shell
    THRESHOLD = "threshold", "A count of events"
    INDICATOR = "indicator", "An indicator"
    ROW = "row", "An event's row"  # what a pipeline made of one event
    GROUP = "group", "A group of events"  # a row that a pipeline made of several
