"""The list of fields beside a search: which fields the newest matching events have, and with which values.

The most telling are those whose values are least evenly spread: where nearly all events say the same and a few do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from math import log

from django.core.cache import cache
from django.urls import reverse

from engine.fields import NUMBER_TYPES, FieldType, field_type
from events.pages.asked import Asked
from events.pages.links import Links, links_of
from events.pages.results import columns_of
from events.sampling import MOST_EVENTS, FieldSeen, Sample, sample
from events.searching import Question

TELLING = 5
TOP = 6
_MOST_SHOWN = 300
_REMEMBERED_SECONDS = 60
_SIGNS = {FieldType.DATE: "t", FieldType.IP: "ip", FieldType.BOOLEAN: "?"}
_NEVER_TELLING = ("@timestamp", "event.ingested", "event.created", "event.id", "event.sequence", "event.dataset")
_ABOUT_SENDING = (
    "data_stream.",
    "agent.",
    "ecs.",
    "host.os.",
    "signal.",
    "kibana.alert.ancestors.",
    "kibana.alert.rule.",
)
"""Objects whose fields say how an event came, or which rule it was, more than what happened."""


@dataclass(frozen=True, slots=True)
class TopValue:
    """A value: in how many events, and how long its bar is, in percent of the most frequent one's."""

    text: str
    events: int
    share: int
    links: Links


@dataclass(frozen=True, slots=True)
class ListedField:
    """A field of the list; `tops` only of the one that is open. The links open it, and add it to the table or take it
    out. `rest`: how many more values there are, in how many events."""

    name: str
    sign: str
    different: int
    url: str
    column_url: str
    in_table: bool
    opened: bool
    tops: tuple[TopValue, ...] = ()
    rest: int = 0
    rest_events: int = 0


@dataclass(frozen=True, slots=True)
class FieldList:
    """Groups of fields with their titles, and how many events they were taken from."""

    groups: list[tuple[str, list[ListedField]]]
    events: int
    all_of_them: bool


def field_list(asked: Asked, team_ids: Sequence[int], opened: str) -> FieldList:
    """The list; the look at events is remembered for a minute, so that opening a field costs nothing."""
    if asked.tree is None or asked.window is None:
        raise ValueError("what cannot be read cannot be searched for")
    seen = _seen(asked, Question(asked.tree, asked.window, team_ids, asked.indices))
    telling = _telling(seen)
    opened = opened or (telling[0].name if telling else "")
    columns = [seen.fields[name] for name in ("@timestamp", *columns_of(asked)) if name in seen.fields]
    every = sorted(seen.fields.values(), key=lambda field: field.name)
    taken: set[str] = set()
    groups: list[tuple[str, list[ListedField]]] = []
    for title, fields in (
        ("Most telling here", telling),
        ("In the table", columns),
        (f"All {len(every):,}", every[:_MOST_SHOWN]),
    ):
        listed = [_listed(field, asked, opened) for field in fields if field.name not in taken]
        taken |= {field.name for field in fields}
        groups.append((title, listed))
    return FieldList([group for group in groups if group[1]], seen.events, seen.all_of_them)


def _seen(asked: Asked, question: Question) -> Sample:
    told = repr((asked.language, asked.text, asked.start, asked.end, asked.of_alerts, sorted(question.team_ids)))
    key = f"fields:{blake2b(told.encode(), digest_size=16).hexdigest()}"
    found = cache.get(key)
    if isinstance(found, Sample):
        return found
    made = sample(question, most=MOST_EVENTS, seconds=2.0)
    cache.set(key, made, _REMEMBERED_SECONDS)
    return made


def _telling(seen: Sample) -> list[FieldSeen]:
    wanted = [field for field in seen.fields.values() if _may_tell(field, seen.events)]
    return sorted(wanted, key=lambda field: (_evenness(field), field.name))[:TELLING]


def _may_tell(field: FieldSeen, events: int) -> bool:
    """Several values, seldom enough to be repeated, in a good part of the events."""
    few_enough = 2 <= field.different <= max(field.events // 2, 2)
    about = field.name in _NEVER_TELLING or field.name.startswith(_ABOUT_SENDING)
    return few_enough and field.events * 2 >= events and (not about or field.name == "kibana.alert.rule.name")


def _evenness(field: FieldSeen) -> float:
    """0: all events but a few have one value; 1: every value is as frequent as any other."""
    counts = [count for _, count in field.values]
    total = sum(counts)
    return -sum(count / total * log(count / total) for count in counts) / log(max(field.different, 2))


def _listed(field: FieldSeen, asked: Asked, opened: str) -> ListedField:
    path = reverse("events:search")
    kind = field_type(field.name)
    sign = "n" if kind in NUMBER_TYPES else _SIGNS.get(kind, "a")
    columns = columns_of(asked)
    in_table = field.name in columns
    changed = [name for name in columns if name != field.name] if in_table else [*columns, field.name]
    tops = field.values[:TOP] if field.name == opened else []
    most = tops[0][1] if tops else 1
    shown = sum(count for _, count in tops)
    return ListedField(
        name=field.name,
        sign=sign,
        different=field.different,
        url=asked.url(reverse("events:fields"), field=field.name),
        column_url="" if field.name == "@timestamp" else asked.url(path, cols=",".join(changed)),
        in_table=in_table,
        opened=field.name == opened,
        tops=tuple(
            TopValue(text, count, max(round(100 * count / most), 1), links_of(asked, field.name, text))
            for text, count in tops
        ),
        rest=max(field.different - len(tops), 0) if tops else 0,
        rest_events=max(sum(count for _, count in field.values) - shown, 0),
    )
