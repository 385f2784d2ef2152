"""What fits where the cursor stands: fields that were seen before fields that are only known, the likeliest first."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from django.core.cache import cache

from engine.fields import KNOWN_FIELDS, MAX_NAME_LENGTH, NUMBER_TYPES, SPELLINGS, FieldType, field_type
from engine.tree import Leaf, MatchAll, Op, Tree
from events.completing.standing import Language, Standing, Wanted
from events.sampling import FieldSeen, Sample, sample
from events.searching import ORDINARY, Question, Window

MOST = 12
ALERTS = (".alerts-security.*",)
_EVENTS_LOOKED_AT, _EVENTS_OF_FIELD = 400, 150
_SECONDS, _SECONDS_OF_FIELD = 0.06, 0.04
_ALERTS_TAKE = 4  # times as long: an alert is read together with its rule and its event
_REMEMBERED_SECONDS, _REMEMBERED_OF_FIELD, _REMEMBERED_CUT = 30, 20, 5
_BACK = timedelta(days=1)
_PLAIN_FIELD = re.compile(r"[A-Za-z_@][A-Za-z0-9_.@-]*")
_PLAIN_KQL = re.compile(r"[A-Za-z0-9_./@-]+")
_CODE_FIELD = re.compile(r"[A-Za-z_@][A-Za-z0-9_@]*(?:\.[A-Za-z_@][A-Za-z0-9_@]*)*")
_LONGEST_VALUE = 300
_OFTEN = ("event.category", "host.name", "user.name", "process.name", "event.action")
_FIXED = {
    "kibana.alert.severity": ("low", "medium", "high", "critical"),
    "kibana.alert.workflow_status": ("open", "acknowledged", "closed"),
}
_ORDERED = NUMBER_TYPES | {FieldType.DATE, FieldType.IP}
_OPERATORS = {
    Language.KQL: ((": ", "has the value"), (": *", "has any value")),
    Language.EQL: (
        ("== ", "is"), ("!= ", "is not"), (": ", "is, in any case"), ("in (", "is one of"), ("like ", "with wildcards"),
        ("regex ", "matches"),
    ),
    Language.ESQL: (
        ("== ", "is"), ("!= ", "is not"), ("IN (", "is one of"), ("LIKE ", "with wildcards"), ("RLIKE ", "matches"),
        ("IS NOT NULL ", "has a value"), ("IS NULL ", "has none"), ("= ", "is named so"),
    ),
}  # fmt: skip
_COMPARING = ((">= ", "at least"), ("<= ", "at most"), ("> ", "more than"), ("< ", "less than"))
_WORDS = {
    Language.KQL: (("and ", "both"), ("or ", "either")),
    Language.EQL: (("and ", "both"), ("or ", "either"), ("| head ", "the first"), ("| tail ", "the last")),
    Language.ESQL: (
        ("AND ", "both"), ("OR ", "either"), ("| WHERE ", "narrow"), ("| KEEP ", "columns"), ("| STATS ", "sum up"),
        ("| SORT ", "order"), ("| LIMIT ", "the first"), ("| EVAL ", "compute"),
    ),
}  # fmt: skip
_COMMANDS = {
    Language.EQL: (
        ("process where ", "events of processes"), ("file where ", "of files"), ("network where ", "of connections"),
        ("any where ", "of any kind"), ("sequence by ", "events in order"), ("sample by ", "events in any order"),
    ),
    Language.ESQL: (
        ("FROM logs-* ", "events"), ("FROM .alerts-security.* ", "alerts"), ("WHERE ", "narrow"),
        ("STATS ", "sum up by groups"), ("EVAL ", "compute a column"), ("KEEP ", "choose columns"),
        ("DROP ", "leave columns out"), ("SORT ", "order"), ("LIMIT ", "the first rows"), ("RENAME ", "name anew"),
        ("DISSECT ", "take a text apart"), ("GROK ", "take a text apart"), ("MV_EXPAND ", "a row a value"),
    ),
}  # fmt: skip


ValuesOfAlerts = Callable[[str, str, Sequence[int]], list[tuple[str, int]] | None]
_of_alerts: list[ValuesOfAlerts] = []


def values_of_alerts(told: ValuesOfAlerts) -> None:
    """Whoever keeps alerts tells the values that a field of them has, given what is typed and the teams: each with how
    often it was seen lately, or None where it cannot say."""
    _of_alerts[:] = [told]


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that fits: what is shown, what is put into the text, and a word about it."""

    shown: str
    insert: str
    note: str = ""


def offers(
    place: Standing, *, language: Language, of_alerts: bool, team_ids: Sequence[int], now: datetime
) -> list[Offer]:
    """At most MOST, the likeliest first. Takes up to a tenth of a second when nothing is remembered,
    for alerts up to four tenths."""
    look = _Look(tuple(sorted(team_ids)), of_alerts, now)
    match place.wanted:
        case Wanted.VALUE:
            return _values(place, language, look)
        case Wanted.FIELD:
            return _fields(place, language, look)
        case Wanted.OPERATOR:
            comparing = _COMPARING if field_type(place.field) in _ORDERED else ()
            return _beginning(place.typed, (*_OPERATORS[language], *comparing, *_words(place, language)))
        case Wanted.COMMAND:
            return _beginning(place.typed, _COMMANDS.get(language, ()))
    return _beginning(place.typed, _words(place, language))


def newest_fields(*, of_alerts: bool, team_ids: Sequence[int], now: datetime) -> Iterable[str]:
    """The names of the fields that the newest events have; as `offers`, remembered."""
    return _Look(tuple(sorted(team_ids)), of_alerts, now).newest().fields


def _words(place: Standing, language: Language) -> Iterable[tuple[str, str]]:
    return (*_WORDS[language], *([(")", "close the bracket")] if place.open else []))


def _beginning(typed: str, known: Iterable[tuple[str, str]]) -> list[Offer]:
    begun = typed.lower()
    return [Offer(text.strip(), text, note) for text, note in known if text.lower().startswith(begun)][:MOST]


@dataclass(frozen=True, slots=True)
class _Look:
    """A look at what was stored lately, remembered for some seconds."""

    teams: tuple[int, ...]
    of_alerts: bool
    now: datetime

    def newest(self) -> Sample:
        """The newest events, whatever they are."""
        return self._remembered(MatchAll(), "", _EVENTS_LOOKED_AT, _SECONDS, _REMEMBERED_SECONDS)

    def of_field(self, field: str) -> FieldSeen | None:
        """The newest events that have the field, where the newest of all do not have it."""
        seen = self.newest().fields.get(field)
        if seen is not None and len(seen.values) > 1:
            return seen
        more = self._remembered(
            Leaf(field, Op.EXISTS), field, _EVENTS_OF_FIELD, _SECONDS_OF_FIELD, _REMEMBERED_OF_FIELD
        )
        return more.fields.get(field) or seen

    def _remembered(self, tree: Tree, name: str, most: int, seconds: float, remembered: int) -> Sample:
        told = f"{self.teams}:{self.of_alerts}:{name}".encode()
        key = f"completing:{blake2b(told, digest_size=16).hexdigest()}"
        found = cache.get(key)
        if isinstance(found, Sample):
            return found
        window = Window(self.now - _BACK, self.now + timedelta(minutes=1))
        indices = ALERTS if self.of_alerts else ORDINARY
        seconds *= _ALERTS_TAKE if self.of_alerts else 1
        made = sample(Question(tree, window, self.teams, indices), most=most, seconds=seconds)
        in_time = made.all_of_them or made.events == most
        cache.set(key, made, remembered if in_time else _REMEMBERED_CUT)
        return made


def _fields(place: Standing, language: Language, look: _Look) -> list[Offer]:
    """Names that begin so, then those of which a part does, then those that hold it; among them seen ones first."""
    inside = f"{place.field}." if place.field else ""
    begun, seen = inside.lower() + place.typed.strip("`").lower(), look.newest()
    of_kind = _PLAIN_FIELD if language is Language.KQL else _CODE_FIELD
    names = [name for name in {*seen.fields, *_known(look.of_alerts)} if of_kind.fullmatch(name)]
    ranked = sorted((rank, name) for name in names if (rank := _rank(name, begun, seen, look.of_alerts)) is not None)
    return [_field_offer(name, inside, language, seen) for _, name in ranked[:MOST]]


def _known(of_alerts: bool) -> list[str]:
    return [name for name in KNOWN_FIELDS if name not in SPELLINGS and (of_alerts or not name.startswith("kibana."))]


def _rank(name: str, begun: str, seen: Sample, of_alerts: bool) -> tuple[int, ...] | None:
    lower = name.lower()
    if begun not in lower or len(name) > MAX_NAME_LENGTH:
        return None
    where = 0 if lower.startswith(begun) else 1 if f".{begun}" in lower else 2
    found = seen.fields.get(name)
    ours = 0 if of_alerts and name in _FIXED else 1
    often = _OFTEN.index(name) if name in _OFTEN and not begun else len(_OFTEN)
    return (where, ours, 0 if found else 1, often, -(found.events if found else 0), len(name))


def _field_offer(name: str, inside: str, language: Language, seen: Sample) -> Offer:
    found = seen.fields.get(name)
    kind, note = field_type(name), _of_all(found, seen)
    at_once = language is Language.KQL and kind not in _ORDERED
    name = name.removeprefix(inside)
    return Offer(name, f"{name}: " if at_once else f"{name} ", f"{kind.value}, {note}" if note else kind.value)


def _of_all(found: FieldSeen | None, seen: Sample) -> str:
    """How often the field is there; where nothing was looked at nothing is said of it."""
    if found and seen.events:
        return f"in {round(100 * found.events / seen.events) or 1} %"
    return f"not in the newest {seen.events:,}" if seen.events else ""


def _values(place: Standing, language: Language, look: _Look) -> list[Offer]:
    """Values that were seen, the most frequent first; those that begin as typed before those that hold it."""
    begun = place.typed.strip('"').replace("\\", "").lower()
    if not _PLAIN_FIELD.fullmatch(place.field):
        return []
    if field_type(place.field) is FieldType.BOOLEAN:
        return _beginning(begun, (("true ", ""), ("false ", "")))
    values = {
        value: count
        for value, count in _seen(place.field, place.typed.strip('"').replace("\\", ""), look)
        if _fits(value)
    }
    chosen = [(not value.lower().startswith(begun), value, count) for value, count in values.items()
              if begun in value.lower()]  # fmt: skip
    chosen.sort(key=lambda one: one[0])
    return [
        Offer(value, f"{_quoted(value, place.field, language)} ", _often(count)) for _, value, count in chosen[:MOST]
    ]


def _seen(field: str, typed: str, look: _Look) -> Iterable[tuple[str, int]]:
    """The values of a field: of alerts those of their columns, else those of the newest events that have it."""
    if look.of_alerts and _of_alerts and field not in _FIXED:
        told = _of_alerts[0](field, typed, look.teams)
        if told is not None:
            return told
    found = look.of_field(field) if field not in _FIXED else None
    return (*((value, 0) for value in _FIXED.get(field, ())), *(found.values if found else ()))


def _often(count: int) -> str:
    return "" if not count else "seen once lately" if count == 1 else f"seen {count:,} times lately"


def _fits(value: str) -> bool:
    return 0 < len(value) < _LONGEST_VALUE and value.isprintable()


def _quoted(value: str, field: str, language: Language) -> str:
    """The value as the language writes it."""
    if language is Language.KQL and _PLAIN_KQL.fullmatch(value) and value.lower() not in ("and", "or", "not"):
        return value
    if language is not Language.KQL and field_type(field) in NUMBER_TYPES:
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
