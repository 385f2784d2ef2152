"""The four commands. Each takes the words of its call and answers with an exit code."""

from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from engine import running
from engine.cli.errors import FAULTY, FINE, UnusableError
from engine.cli.files import events_in, rule_files
from engine.cli.output import put, say
from engine.cli.reading import Read, rules_in
from engine.cli.rows import query_rows, tables_given
from engine.cli.times import time_of
from engine.errors import LanguageError, PatternError
from engine.pipelines.providing import provide
from engine.running import Event, EventFields, Rule

Lines = list[tuple[int | None, ...]]


def check(options: Namespace) -> int:
    """One line for each rule; an error when one of them cannot be read."""
    worst = FINE
    with _joining(options):
        for path in rule_files(options.paths):
            for read in rules_in(path):
                put(read.to_json() | ({"lint": read.findings()} if options.lint else {}))
                worst = max(worst, FAULTY if read.status == "error" else FINE)
    return worst


@contextmanager
def _joining(options: Namespace) -> Iterator[None]:
    """Rules join the tables of the call while it lasts."""
    before = provide(tables_given(options).get)
    try:
        yield
    finally:
        provide(before)


def run(options: Namespace) -> int:
    """One line for each hit. Rules and events that cannot be read are named, and the others run."""
    now = time_of(options.now)
    with _joining(options):
        read = [rule for path in rule_files(options.rules) for rule in rules_in(path)]
        given = events_in(options.events)
        for finding in running.run([one.rule for one in read if one.rule], given.events, now=now):
            put(finding.to_json())
    return max(_say_what_did_not_run(read), given.code)


def _say_what_did_not_run(read: Sequence[Read]) -> int:
    for one in read:
        if one.status == "error":
            say(f"{one.path} did not run: {one.message}")
    unsupported = [one for one in read if one.status == "unsupported"]
    if unsupported:
        say(f"Rules that are not evaluated: {len(unsupported)} of {len(read)}; `check` says why.")
    return FAULTY if any(one.status == "error" for one in read) else FINE


def query(options: Namespace) -> int:
    """One line for each match, or for each row of an ES|QL query."""
    if options.language == "esql":
        return query_rows(options)
    if options.table:
        raise UnusableError("--table is for ES|QL; KQL and EQL are asked of events.")
    if options.events is None:
        raise UnusableError("KQL and EQL are asked of events: give --events.")
    given = events_in(options.events)
    for lines in _answers(_asking(options), given.events):
        put({"events": list(lines)})
    return given.code


def _asking(options: Namespace) -> Callable[[Sequence[Event]], Lines]:
    if options.language == "kql":
        return lambda events: running.run_kql(options.query, events)
    fields = EventFields(options.event_category_field, options.timestamp_field, options.tiebreaker_field)
    return lambda events: running.run_eql(options.query, events, fields)


def _answers(ask: Callable[[Sequence[Event]], Lines], events: Sequence[Event]) -> Lines:
    try:
        return ask(events)
    except (LanguageError, PatternError) as error:
        raise UnusableError(f"The query cannot be read: {error}") from None


def explain(options: Namespace) -> int:
    """One JSON object: the event's explanation."""
    with _joining(options):
        rule = _one_rule(options.rule)
        given = events_in(options.events)
        event = next((event for event in given.events if event.line == options.line), None)
        if event is None:
            raise UnusableError(f"{options.events} has no event on line {options.line}; lines count from 0.")
        put(running.told_of_event(rule, event, given.events))
    return given.code


def _one_rule(path: str) -> Rule:
    read = [rule for file in rule_files([path]) for rule in rules_in(Path(file))]
    if len(read) != 1:
        raise UnusableError(f"{path} holds {len(read)} rules; name a file with one.")
    if read[0].rule is None:
        raise UnusableError(f"{path} cannot be explained: {read[0].message}")
    return read[0].rule
