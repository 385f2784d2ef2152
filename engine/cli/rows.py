"""`query --language esql`: rows of events or tables, one JSON object each."""

import re
from argparse import Namespace
from datetime import datetime
from pathlib import Path

from engine.cli.errors import FINE, UnusableError
from engine.cli.files import Events, NotTextError, events_in, text_of_file
from engine.cli.output import put, say
from engine.cli.times import time_of
from engine.errors import LanguageError, PatternError
from engine.pipelines import Multivalue, Result
from engine.pipelines.reading import to_json
from engine.pipelines.tables import Table, TableError, read_table
from engine.running import latest, run_esql

_NOW = re.compile(r"\bnow\s*\(", re.IGNORECASE)


def query_rows(options: Namespace) -> int:
    """One line for each row, every column in it; what was made null on the way is said on standard error."""
    tables = tables_given(options)
    given = events_in(options.events) if options.events is not None else Events([], complete=True)
    result = _asked(options, given, tables)
    for row in result.row_dicts():
        put({name: to_json(value) for name, value in row.items()})
    for words, count in result.warnings.most_common():
        say(f"{words} ({count:,} times)")
    return given.code if options.events is not None else FINE


def _asked(options: Namespace, given: Events, tables: dict[str, Table]) -> Result:
    try:
        return run_esql(
            options.query,
            given.events,
            tables=tables,
            now=_now(options, given),
            multivalue=Multivalue(options.multivalue),
        )
    except (LanguageError, PatternError) as error:
        raise UnusableError(f"The query cannot be read: {error}") from None


def _now(options: Namespace, given: Events) -> datetime | None:
    """What `now()` means. Nothing here asks a clock, so that the same call gives the same answer tomorrow."""
    now = time_of(options.now) or latest(given.events)
    if now is None and _NOW.search(options.query):
        raise UnusableError("now() is the time of the last event, and there is none; give --now.")
    return now


def tables_given(options: Namespace) -> dict[str, Table]:
    """The tables of a call, by their names.

    Raises: UnusableError for one that cannot be read.
    """
    return dict(_table(text) for text in options.table)


def _table(text: str) -> tuple[str, Table]:
    name, equals, path = text.partition("=")
    if not (name and equals and path):
        raise UnusableError(f"--table {text}: write NAME=FILE.csv.")
    try:
        return name, read_table(name, text_of_file(Path(path)).splitlines())
    except NotTextError as error:
        raise UnusableError(f"{path}, line {error.line}: it {error}.") from None
    except TableError as error:
        raise UnusableError(f"{path}, {error}.") from None
