"""What an address asks in ES|QL: the query and the window, read with errors that point at the place."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from engine import LanguageError
from engine.pipelines import Multivalue
from engine.times import TimeExpressionError
from events.pages.asked import USUAL_END, USUAL_START, QueryMistake, mistake_of, window_of
from events.pages.clauses import address
from events.pipelines import Prepared, prepare
from events.searching import Window

MAX_QUERY_LENGTH = 10_000
ROWS = 1_000
EXAMPLES = (
    (
        "What runs on few hosts",
        """FROM logs-*
| WHERE event.category == "process" AND event.type == "start"
| STATS hosts = COUNT_DISTINCT(host.name), runs = COUNT(*) BY process.name
| SORT hosts, runs
| LIMIT 100""",
    ),
    (
        "Events by the hour and kind",
        """FROM logs-*
| STATS events = COUNT(*) BY hour = DATE_TRUNC(1 hour, @timestamp), event.dataset
| SORT hour DESC""",
    ),
    (
        "Alerts by rule, and when the last one came",
        """FROM .alerts-security.*
| STATS alerts = COUNT(*), hosts = VALUES(host.name), last = MAX(@timestamp) BY kibana.alert.rule.name
| SORT alerts DESC""",
    ),
)
"""Queries for who comes without one: what they answer, and their texts."""
_COLUMNS = "@timestamp, host.name, user.name, event.action, process.name, process.command_line"


@dataclass(frozen=True, slots=True)
class RowsAsked:
    """A search in ES|QL as it stands in the address, and what it means; `prepared` and `window` are None where it
    cannot be read. `now` is what `now()` means: the end of the window. `values`: "any" where a comparison is to hold of
    any value of a field, as a rule may say. `at` as in `Asked`."""

    text: str
    start: str
    end: str
    now: datetime
    prepared: Prepared | None = None
    window: Window | None = None
    mistake: QueryMistake | None = None
    time_mistake: str = ""
    values: str = ""
    at: str = ""

    @property
    def readable(self) -> bool:
        """Whether nothing is wrong with it; it may be empty."""
        return self.mistake is None and not self.time_mistake

    @property
    def state(self) -> dict[str, str]:
        """What the address says; what is as usual is left out."""
        start = "" if self.start == USUAL_START else self.start
        end = "" if self.end == USUAL_END else self.end
        return {"lang": "esql", "q": self.text, "from": start, "to": end, "values": self.values}

    @property
    def lines(self) -> list[str]:
        """The lines of the query, to show where it is wrong."""
        return self.text.splitlines() or [""]

    def url(self, path: str, **changes: str) -> str:
        """An address with this search in it, some of it changed."""
        return address(path, **(self.state | {name.rstrip("_"): value for name, value in changes.items()}))

    @property
    def height(self) -> int:
        """How many lines a box for it should have."""
        return min(max(len(self.lines), 2), 16)


def read_rows_asked(text: str, start: str, end: str, now: datetime, values: str = "") -> RowsAsked:
    """Read an address. Never raises: mistakes are part of the answer."""
    text, start, end = text.replace("\r\n", "\n").strip(), start.strip() or USUAL_START, end.strip() or USUAL_END
    multivalue = Multivalue.ANY if values == Multivalue.ANY else Multivalue.STRICT
    prepared, mistake = _query(text, multivalue)
    window, time_mistake = None, ""
    try:
        window = window_of(start, end, now)
    except TimeExpressionError as error:
        time_mistake = f"{error}."
    meant = now if end == USUAL_END or window is None else window.end
    told = "" if multivalue is Multivalue.STRICT else multivalue.value
    shown = text[:MAX_QUERY_LENGTH], start[:100], end[:100]
    return RowsAsked(*shown, meant, prepared, window, mistake, time_mistake, told)


def _query(text: str, multivalue: Multivalue) -> tuple[Prepared | None, QueryMistake | None]:
    if len(text) > MAX_QUERY_LENGTH:
        sentence = f"A query may have {MAX_QUERY_LENGTH:,} characters"
        return None, QueryMistake("", text.split("\n", 1)[0][:60] or " ", "…", sentence, "", 1, 1)
    try:
        return (prepare(text, limit=ROWS, multivalue=multivalue) if text else None), None
    except LanguageError as error:
        return None, mistake_of(text, error)


def as_pipeline(kql: str) -> str:
    """A query in KQL as one in ES|QL, for who changes the language in the middle of a search; "" for none."""
    if not kql or '"""' in kql or kql.endswith('"'):
        return "" if not kql else f"FROM *\n| WHERE KQL({_quoted(kql)})\n| KEEP {_COLUMNS}"
    return f'FROM *\n| WHERE KQL("""{kql}""")\n| KEEP {_COLUMNS}'


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'


def address_of(path: str, text: str, start: str, end: str, values: str = "") -> str:
    """The address of a search in ES|QL."""
    asked = {"lang": "esql", "q": text, "from": start, "to": end, "values": values}
    return f"{path}?{urlencode({name: value for name, value in asked.items() if value})}"
