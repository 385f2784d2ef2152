"""From the words of a call to a command and its exit code."""

import os
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from typing import Any

from engine.cli.commands import check, explain, query, run
from engine.cli.errors import UNUSABLE, UnusableError
from engine.cli.output import say

Command = Callable[[Namespace], int]

_CHECK = """Check rules without running them: one JSON line a rule, with
path, rule_id, type, status (ok, error, unsupported), message, line and column.

Line and column count from 1 and are those of the file. For a rule in an export from
Kibana the line is that of the rule, there is no column, and the message says where in
the query the error is. Folders are searched for TOML files and Kibana exports."""

_RUN = """Run rules over events: one JSON line a hit, with rule_id, type, events
(line numbers from 0, null for a missing event) and what the type adds: terms
(values in the order of the rule's fields), group, indicators, row (ES|QL).

Rules about single events judge every line. All others run once, over the window
that ends at --now. Nothing is capped, folded or suppressed. An event counts for a
rule's index patterns only if it names an index in _index; one without fits all.
A rule that joins a table (LOOKUP JOIN, ENRICH) finds it among the --table of the call,
and is not evaluated without. Lines that are no events are named, left out, and end the
run with 1."""

_QUERY = """Run one query over events: one JSON line a match, {"events": [line numbers from 0]}.

ES|QL gives one JSON object a row, with every column, and a line on standard error for what
was made null on the way. FROM names a --table (the first line of its file says name:type
for each column) or index patterns of the events; an event that names no index satisfies
every pattern, one without _id goes by its line. LIMIT is only what the query says.
With --multivalue any, a comparison holds when it holds for any value of a field; strictly,
as in Elasticsearch, it is null of several values.

Times may be ISO dates or numbers. Numbers are read by their size: below 10^15
milliseconds and below 10^16 microseconds since 1970, below 10^18 Windows FILETIME
(100 ns since 1601), above that nanoseconds since 1970."""

_EXPLAIN = """Say of one event why a rule matches it or not: every clause with the
values that decided, and for a non-match the first failing clause (why_not). Rules
with several steps are explained step by step."""


def main(arguments: Sequence[str]) -> int:
    """Run a command and give its exit code: 0 fine, 1 a rule or an event with an error, 2 a call or file that cannot be
    used."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
        sys.stdout.flush()
    except UnusableError as error:
        say(str(error))
        return UNUSABLE
    except BrokenPipeError:
        # Whoever read the output (head, less) has had enough; Python must not complain again when it closes it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNUSABLE
    return code


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m engine",
        description="The detection engine as a tool: no database, no server.",
        epilog="Exit codes: 0 fine, 1 a rule or a line of events has an error, 2 the call or a file cannot be used.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="check | run | query | explain")

    one = _command(commands, "check", "check rules without running them", _CHECK, check)
    one.add_argument("--lint", action="store_true", help="add what a rule hardly means so, under lint")
    _tables(one)
    one.add_argument("paths", nargs="+", metavar="PATH", help="a rule file or a folder")

    one = _command(commands, "run", "run rules over events", _RUN, run)
    one.add_argument("--rules", nargs="+", required=True, metavar="PATH", help="rule files and folders")
    _events(one)
    _tables(one)
    one.add_argument(
        "--now", metavar="TIME", help="the end of the window, such as 2026-11-20T08:00:00Z; default: the last event"
    )

    one = _command(commands, "query", "run one query over events", _QUERY, query)
    one.add_argument("--language", required=True, choices=("kql", "eql", "esql"))
    _events(one, required=False)
    one.add_argument("--event-category-field", default="event.category", metavar="F", help="EQL; default: %(default)s")
    one.add_argument("--timestamp-field", default="@timestamp", metavar="F", help="EQL; default: %(default)s")
    one.add_argument("--tiebreaker-field", metavar="F", help="EQL: decides the order of events of the same time")
    _tables(one, "a table for FROM, LOOKUP JOIN and ENRICH")
    one.add_argument(
        "--multivalue",
        choices=("strict", "any"),
        default="strict",
        help="ES|QL: what a comparison makes of several values",
    )
    one.add_argument("--now", metavar="TIME", help="ES|QL: what now() means; default: the last event")
    one.add_argument("query", metavar="QUERY")

    one = _command(commands, "explain", "say why a rule matches an event or not", _EXPLAIN, explain)
    one.add_argument("--rule", required=True, metavar="FILE", help="a rule file")
    _events(one)
    _tables(one)
    one.add_argument("--line", required=True, type=int, metavar="N", help="the event's line, from 0")
    return parser


def _command(commands: Any, name: str, summary: str, description: str, function: Command) -> ArgumentParser:
    parser: ArgumentParser = commands.add_parser(
        name, help=summary, description=description, formatter_class=RawDescriptionHelpFormatter
    )
    parser.set_defaults(command=function)
    return parser


def _events(parser: ArgumentParser, *, required: bool = True) -> None:
    parser.add_argument(
        "--events", required=required, metavar="FILE.ndjson", help="one JSON object a line; - is standard input"
    )


def _tables(parser: ArgumentParser, what: str = "a table that rules join by LOOKUP JOIN and ENRICH") -> None:
    parser.add_argument("--table", action="append", default=[], metavar="NAME=FILE.csv", help=f"ES|QL: {what}")
