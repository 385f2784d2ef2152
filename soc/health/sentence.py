"""The headline: the first of an ordered list of sentences that is true, and what follows it in ink.

Order: events that could not be judged; nobody judges (no broker, no worker); lag over 60 s; a rule in quarantine or
a silent host; more than one in a hundred refused; disk for less than 7 days; all is well.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from soc.web.counts import Count
from soc.web.when import short_span

BEHIND_AFTER = timedelta(seconds=60)
REFUSED_SHARE = 0.01
ROOM_DAYS = 7


@dataclass(frozen=True, slots=True)
class Facts:
    """What the headline rests on."""

    set_aside: Count
    broker_there: bool
    workers_alive: int
    waiting_events: int
    behind: timedelta
    rules_aside: int
    silent: int
    known: int
    refused_share: float
    room_days: float | None
    arrived: bool


@dataclass(frozen=True, slots=True)
class Headline:
    """What is wrong (empty when nothing is), and the rest."""

    wrong: str
    rest: str


def headline(facts: Facts) -> Headline:
    """The sentence for the top of the page."""
    wrong = next(_troubles(facts), "")
    if wrong:
        return Headline(wrong, _behind(facts))
    if not facts.arrived:
        return Headline("", "No event has arrived yet.")
    return Headline("", "Everything that was accepted was judged.")


def many(number: int, one: str, more: str) -> str:
    """The word for that number of things."""
    return one if number == 1 else more


def seconds(span: timedelta) -> str:
    """A lag in words: "0.9 seconds", "3 m"."""
    if span < timedelta(seconds=10):
        return f"{span.total_seconds():.1f} seconds"
    return f"{round(span.total_seconds())} seconds" if span < timedelta(minutes=2) else short_span(span)


def _troubles(facts: Facts) -> Iterator[str]:
    if facts.set_aside:
        what = many(facts.set_aside.number, "batch of events", "batches of events")
        yield f"{facts.set_aside} {what} could not be judged."
    if not facts.broker_there:
        yield "The broker does not answer: accepting, not judging; nothing is lost."
    if facts.waiting_events and not facts.workers_alive:
        yield f"No worker is alive: {_waiting(facts.waiting_events)}, and nothing is lost."
    if facts.behind > BEHIND_AFTER:
        yield f"Detection is {seconds(facts.behind)} behind: {_waiting(facts.waiting_events)}."
    parts = [*_silent(facts), *_rules(facts)]
    if parts:
        yield f"{' and '.join(parts)}."
    if facts.refused_share > REFUSED_SHARE:
        yield f"{100 * facts.refused_share:.1f} % of what was sent in 24 hours was refused."
    if facts.room_days is not None and facts.room_days < ROOM_DAYS:
        yield f"The disk has room for {facts.room_days:.0f} {many(round(facts.room_days), 'day', 'days')}."


def _silent(facts: Facts) -> Iterator[str]:
    if facts.silent:
        gone = many(facts.silent, "has", "have")
        yield f"{facts.silent:,} of {facts.known:,} {many(facts.known, 'host', 'hosts')} {gone} gone silent"


def _rules(facts: Facts) -> Iterator[str]:
    if facts.rules_aside:
        yield f"{facts.rules_aside:,} {many(facts.rules_aside, 'rule is', 'rules are')} quarantined"


def _waiting(events: int) -> str:
    return f"{events:,} {many(events, 'event waits', 'events wait')}"


def _behind(facts: Facts) -> str:
    if facts.behind > BEHIND_AFTER or not facts.broker_there:
        return ""
    return f"Detection is {seconds(facts.behind)} behind." if facts.waiting_events else "Detection is up to date."
