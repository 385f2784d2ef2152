"""A rule's schedule as its file writes it, in words and in durations.

An event rule fires within seconds of its event: `interval` is the latest it may fire, and the bucket in which
`max_signals` counts; `from` is what is judged over stored events when the rule is enabled or its logic changes.
"""

from datetime import timedelta

from engine import RuleDefinition, format_duration, lookback_of, parse_duration

INGEST_TIME = "event.ingested"
SEQUENCE_FIELD = "event.sequence"
JOINED_WITHIN = "5 s"  # rules/settlings.py: SPACING
LEAST_APART = timedelta(minutes=1)
IN_AN_INTERVAL = 5


def in_practice(definition: RuleDefinition, *, joined: bool) -> str:
    """What the schedule comes to: a rule on single events fires at once, one that joins events soon after the last."""
    every, back = format_duration(interval(definition)), format_duration(lookback(definition))
    if joined and definition.type == "esql":
        apart = format_duration(spacing(interval(definition)))
        return f"run within {JOINED_WITHIN} of new events, over windows of {back} that end every {apart}"
    if joined:
        return f"joined within {JOINED_WITHIN} of new candidates, at the latest every {every}; looks back {back}"
    return f"fires within seconds of the event; looks back {back} when switched on or changed"


def interval(definition: RuleDefinition) -> timedelta:
    """How often the rule is written to run, and the bucket in which its alerts are capped."""
    return parse_duration(definition.interval)


def spacing(interval: timedelta) -> timedelta:
    """How far apart the windows of a pipeline end: closer than the runs of a schedule would lie."""
    return max(interval / IN_AN_INTERVAL, LEAST_APART)


def lookback(definition: RuleDefinition) -> timedelta:
    """How far back the rule judges stored events when it is enabled or its logic changes."""
    return lookback_of(definition.from_)


def lookback_text(definition: RuleDefinition) -> str:
    """The look-back in words: "9 m"."""
    return format_duration(lookback(definition))


def history(definition: RuleDefinition) -> timedelta | None:
    """How long a combination of new terms must have been unseen to count as new; None for other rules."""
    return lookback_of(definition.history_window_start) if definition.history_window_start else None


def by_ingest_time(definition: RuleDefinition) -> bool:
    """Whether the rule's windows are on the time of arrival rather than the event's own time."""
    return definition.timestamp_override == INGEST_TIME


def named_timestamp(definition: RuleDefinition) -> str | None:
    """The field that a rule's sequences take an event's time from, where its file names one."""
    named = definition.raw.get("timestamp_field")
    return named if isinstance(named, str) else None


def tiebreaker(definition: RuleDefinition) -> str:
    """The field that orders events of one instant: what the rule's file names, else `event.sequence`."""
    named = definition.raw.get("tiebreaker_field")
    return named if isinstance(named, str) else SEQUENCE_FIELD
