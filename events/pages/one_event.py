"""One event, on a page of its own or opened in its row: its fields with the links that narrow a search down, the raw
document, the relatives of its process."""

from dataclasses import dataclass
from urllib.parse import urlencode

import orjson
from django.urls import reverse

from engine.tree import Scalar, text_of
from events.pages.asked import Asked
from events.pages.clauses import LONGEST_VALUE, address
from events.pages.links import Links, links_of
from events.pages.results import Row, StepMark, columns_of, marked, met_values, row
from events.process_tree import ProcessTree, around
from events.stored import StoredEvent

FIRST_FIELDS = 12
SHOWS = (("fields", "Fields"), ("json", "JSON"), ("tree", "Process tree"))
OPEN = (*(name for name, _ in SHOWS), "all")
"""What may be shown of a row that is open; "all": all fields."""
# What is mostly asked of an event first.
_FIRST = (
    "process.command_line", "process.executable", "process.parent.command_line", "process.parent.executable",
    "user.name", "host.name", "event.action", "event.category", "event.outcome", "file.path", "registry.path",
    "registry.data.strings", "dns.question.name", "url.full", "source.ip", "source.port", "destination.ip",
    "destination.port", "network.transport", "user_agent.original", "process.working_directory", "process.entity_id",
    "user.id", "host.ip", "event.dataset", "message", "agent.id", "process.hash.sha256",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a field; the links are empty where no query could hold it. `met`: the query asked for it.

    `except_url` leads to where an exception for it is made, for who may write one.
    """

    text: str
    links: Links
    met: bool = False
    except_url: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A field and its values."""

    name: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class EventPage:
    """What the page shows."""

    event: StoredEvent
    fields: list[Field]
    raw: str
    tree: ProcessTree | None
    search_url: str
    raw_url: str
    rule_url: str
    alerts_url: str
    note_url: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A row with what is shown below it: `show` says which of SHOWS. Only that part is worked out."""

    row: Row
    width: int
    show: str
    tabs: list[tuple[str, str, str]]
    fields: list[Field]
    all_fields: int
    all_url: str
    raw: str
    tree: ProcessTree | None
    rule_url: str
    alerts_url: str
    note_url: str


def event_page(event: StoredEvent, asked: Asked, *, may_except: bool) -> EventPage:
    """The page of an event that was found by a search, for who may write exceptions (`may_except`) or not. Costs a few
    look-ups for the process's relatives."""
    back = asked.url(reverse("events:search"), **address_part(event))
    return EventPage(
        event,
        _fields(event, asked, may_except),
        pretty(event),
        around(event=event),
        back,
        address(reverse("events:raw", args=[event.uid.hex()]), day=event.day.isoformat()),
        _rule_url(event, asked),
        _alerts_url(event),
        _note_url(event),
    )


def opened(event: StoredEvent, asked: Asked, show: str, mark: StepMark | None = None, *, may_except: bool) -> Opened:
    """A row that is open; `show` is one of OPEN."""
    path, day = reverse("events:row", args=[event.uid.hex()]), event.day.isoformat()
    fields = _fields(event, asked, may_except) if show in ("fields", "all") else []
    some = fields if show == "all" else _first(fields)
    return Opened(
        row=row(event, asked, opened=True, mark=mark),
        width=len(columns_of(asked)) + (2 if asked.columns else 3) + bool(mark),
        show="fields" if show == "all" else show,
        tabs=[(name, title, asked.url(path, day=day, at=asked.at, open=name, **marked(mark))) for name, title in SHOWS],
        fields=some,
        all_fields=len(fields),
        all_url=asked.url(path, day=day, at=asked.at, open="all", **marked(mark)) if len(some) < len(fields) else "",
        raw=pretty(event) if show == "json" else "",
        tree=around(event=event) if show == "tree" else None,
        rule_url=_rule_url(event, asked),
        alerts_url=_alerts_url(event),
        note_url=_note_url(event),
    )


def _fields(event: StoredEvent, asked: Asked, may_except: bool) -> list[Field]:
    document = event.document()
    met = met_values(asked.tree, document)
    flat, beside = document.flat, _alerts_url(event)

    def value(name: str, place: int, one: Scalar) -> Value:
        text = text_of(one)
        except_url = _except_url(beside, name, place, text) if may_except else ""
        return Value(text, links_of(asked, name, one), text in met, except_url)

    return [Field(name, tuple(value(name, *one) for one in enumerate(flat[name]))) for name in sorted(flat)]


def _except_url(beside: str, name: str, place: int, text: str) -> str:
    """With the value where an address can hold it; of a longer one which it is of the field's, whose event is named
    anyway."""
    told = {"add": name, "value": text} if len(text) <= LONGEST_VALUE else {"add": name, "nth": place}
    return f"{beside}&{urlencode(told)}"


def _first(fields: list[Field]) -> list[Field]:
    """What the query asked for, then what is mostly asked."""
    places = {name: place for place, name in enumerate(_FIRST)}

    def place(field: Field) -> tuple[bool, int, str]:
        return (not any(value.met for value in field.values), places.get(field.name, len(places)), field.name)

    return sorted(fields, key=place)[:FIRST_FIELDS]


def _alerts_url(event: StoredEvent) -> str:
    """Where the alerts that rest on it are told; the page is of the app that keeps them."""
    return f"{reverse('alerts:of_event', args=[event.uid.hex()])}?day={event.day.isoformat()}"


def _note_url(event: StoredEvent) -> str:
    """Where it is noted on a case."""
    return f"{reverse('cases:note_event', args=[event.uid.hex()])}?day={event.day.isoformat()}"


def _rule_url(event: StoredEvent, asked: Asked) -> str:
    """Where it, or the search that found it, becomes the beginning of a rule."""
    return asked.url(reverse("events:make_rule"), **address_part(event))


def address_part(event: StoredEvent) -> dict[str, str]:
    """An event in an address that is not its own."""
    return {"event": event.uid.hex(), "day": event.day.isoformat()}


def pretty(event: StoredEvent) -> str:
    """The document as it is stored, with its index and id, laid out to be read."""
    content = {"_index": event.index, "_id": event.uid.hex()} | orjson.loads(event.raw)
    return orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()
