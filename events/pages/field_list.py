"""The list of fields beside a search: which fields the newest matching events have, and with which values.

The most telling are those whose values are least evenly spread: where nearly all events say the same and a few do not.
What was seen is remembered in the shared cache, which is a convenience: a search goes on when that is not there.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from math import log

from django.core.cache import cache
from django.urls import reverse
from redis.exceptions import RedisError

from engine.fields import NUMBER_TYPES, FieldType, field_type
from events.pages.asked import Asked
from events.pages.links import Links, links_of
from events.pages.results import columns_of
from events.pages.row_links import address_of_value, value_told
from events.pages.rows_asked import RowsAsked
from events.sampling import MOST_EVENTS, FieldSeen, Sample, sample
from events.searching import Question

TELLING = 5
TOP = 6
_MOST_SHOWN = 300
_REMEMBERED_SECONDS = 60
DEAR_SECONDS = 600
"""So long is kept what was seen of an answer that took long."""
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
    """Groups of fields with their titles, and how many events (or whatever `of` is) they were taken from. `find`: only
    fields whose names hold it; `state`: what else a form that looks for another has to say."""

    groups: list[tuple[str, list[ListedField]]]
    events: int
    all_of_them: bool
    of: str
    find: str
    state: dict[str, str]


def field_list(asked: Asked, team_ids: Sequence[int], opened: str, find: str = "") -> FieldList:
    """The list; the look at events is remembered for a minute, so that opening a field costs nothing."""
    if asked.tree is None or asked.window is None:
        raise ValueError("what cannot be read cannot be searched for")
    seen = kept(asked, team_ids)
    if seen is None:
        seen = sample(Question(asked.tree, asked.window, team_ids, asked.indices), most=MOST_EVENTS, seconds=2.0)
        keep(seen, asked, team_ids, seconds=_REMEMBERED_SECONDS)
    return listed(seen, asked, opened, find, of="alert" if asked.of_alerts else "event")


def listed(seen: Sample, asked: Asked | RowsAsked, opened: str, find: str, *, of: str) -> FieldList:
    """The list of what was looked at."""
    telling = _telling(seen)
    opened = opened or (telling[0].name if telling else "")
    every = sorted(seen.fields.values(), key=lambda field: field.name)
    if find:
        wanted = [field for field in every if find.lower() in field.name.lower()]
        groups = [(f"{len(wanted):,} with {find}", wanted[:_MOST_SHOWN])]
    else:
        columns = ("@timestamp", *columns_of(asked)) if isinstance(asked, Asked) else ()
        table = [seen.fields[name] for name in columns if name in seen.fields]
        groups = _without_repeats(telling, table, every)
    told = [(title, [_listed(field, asked, opened) for field in fields]) for title, fields in groups]
    state = {name: value for name, value in {**asked.state, "at": asked.at}.items() if value}
    return FieldList([group for group in told if group[1]], seen.events, seen.all_of_them, of, find, state)


def _without_repeats(
    telling: list[FieldSeen], table: list[FieldSeen], every: list[FieldSeen]
) -> list[tuple[str, list[FieldSeen]]]:
    taken: set[str] = set()
    groups: list[tuple[str, list[FieldSeen]]] = []
    for title, fields in (
        ("Most telling here", telling),
        ("In the table", table),
        (f"All {len(every):,}", every[:_MOST_SHOWN]),
    ):
        groups.append((title, [field for field in fields if field.name not in taken]))
        taken |= {field.name for field in fields}
    return groups


def kept(asked: Asked | RowsAsked, team_ids: Sequence[int]) -> Sample | None:
    """What was seen of the same search a while ago, if the cache is there to tell."""
    found: object = None
    with suppress(RedisError, OSError):
        found = cache.get(_key(asked, team_ids))
    return found if isinstance(found, Sample) else None


def keep(seen: Sample, asked: Asked | RowsAsked, team_ids: Sequence[int], *, seconds: int) -> None:
    """Remember what was seen of a search."""
    with suppress(RedisError, OSError):
        cache.set(_key(asked, team_ids), seen, seconds)


def _key(asked: Asked | RowsAsked, team_ids: Sequence[int]) -> str:
    of_what = {name: value for name, value in asked.state.items() if name != "cols"}
    told = repr((of_what, asked.at, sorted(team_ids)))
    return f"fields:{blake2b(told.encode(), digest_size=16).hexdigest()}"


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


def _listed(field: FieldSeen, asked: Asked | RowsAsked, opened: str) -> ListedField:
    kind = field_type(field.name)
    tops = field.values[:TOP] if field.name == opened else []
    most = tops[0][1] if tops else 1
    shown = sum(count for _, count in tops)
    column_url, in_table = _column(field, asked) if isinstance(asked, Asked) else ("", True)
    return ListedField(
        name=field.name,
        sign="n" if kind in NUMBER_TYPES else _SIGNS.get(kind, "a"),
        different=field.different,
        url=asked.url(reverse("events:fields"), field=field.name, at=asked.at),
        column_url=column_url,
        in_table=in_table,
        opened=field.name == opened,
        tops=tuple(
            TopValue(text, count, max(round(100 * count / most), 1), _links(asked, field.name, text))
            for text, count in tops
        ),
        rest=max(field.different - len(tops), 0) if tops else 0,
        rest_events=max(sum(count for _, count in field.values) - shown, 0),
    )


def _column(field: FieldSeen, asked: Asked) -> tuple[str, bool]:
    """What puts the field into the table or takes it out, and whether it is in."""
    columns = columns_of(asked)
    in_table = field.name in columns
    changed = [name for name in columns if name != field.name] if in_table else [*columns, field.name]
    url = "" if field.name == "@timestamp" else asked.url(reverse("events:search"), cols=",".join(changed))
    return url, in_table


def _links(asked: Asked | RowsAsked, field: str, text: str) -> Links:
    if isinstance(asked, Asked):
        return links_of(asked, field, text)
    told = value_told(field, text)
    return Links(with_it=(address_of_value(asked, told) or "") if told else "")
