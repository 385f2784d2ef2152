"""What is probably not meant about an exception. Lints warn; they never keep anybody from saving."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from alerts.exceptions.entries import Entries, field_of, flat, is_excluded, values_of
from engine import Document
from engine.languages.exceptions import entry_warnings

BROAD_SHARE = 0.8
BROAD_FROM = 5  # below this many alerts a share says nothing
MAX_VALUES = 2_000
_WRITABLE = re.compile(
    r"^(/tmp/|/var/tmp/|/dev/shm/|/run/user/|/home/|/users/|[a-z]:\\users\\|[a-z]:\\windows\\temp\\|[a-z]:\\temp\\"
    r"|[a-z]:\\programdata\\|.*\\appdata\\|.*\\temp\\|%temp%|%appdata%)",
    re.IGNORECASE,
)
_PATH_FIELDS = re.compile(r"(executable|path|directory|command_line|args)$")
_NAME_FIELDS = frozenset({"process.name", "process.parent.name", "file.name", "dll.name"})
_WIDE_FIELDS = frozenset(
    {"host.os.type", "event.category", "event.type", "event.action", "event.dataset", "event.kind"}
)


@dataclass(frozen=True, slots=True)
class Lint:
    """One warning; `entry` is the condition it is about, None for the exception as a whole."""

    code: str
    message: str
    entry: int | None = None


@dataclass(slots=True)
class Carried:
    """What the rule's source events carry in the fields that the entries ask for."""

    entries: Entries
    events: int = 0
    _with_field: Counter[str] = field(default_factory=Counter)
    _values: dict[str, set[str]] = field(default_factory=dict)

    def look(self, document: Document) -> None:
        """Take one event into account."""
        self.events += 1
        for name in {field_of(entry) for _, entry in flat(self.entries)}:
            values = document.values(name)
            self._with_field[name] += document.has(name)
            seen = self._values.setdefault(name, set())
            if len(seen) < MAX_VALUES:
                seen.update(str(value) for value in values)

    def ever(self, name: str) -> bool:
        """Whether any event has the field."""
        return self._with_field[name] > 0

    def missing_share(self, name: str) -> float:
        """The share of events without the field."""
        return 1 - self._with_field[name] / self.events if self.events else 0.0

    def only_in_another_case(self, name: str, value: str) -> str | None:
        """The spelling that occurs, when this one never does and differs by case alone."""
        seen = self._values.get(name, set())
        if value in seen:
            return None
        return next((other for other in sorted(seen) if other.casefold() == value.casefold()), None)


def lints(entries: Entries, carried: Carried, *, silenced: int, total: int) -> list[Lint]:
    """Every warning about the entries, those about the whole first."""
    plain = list(flat(entries))
    found = [*_about_the_whole(entries, silenced, total)]
    for at, entry in plain:
        found += [lint for check in _CHECKS for lint in check(at, entry, carried)]
    found += [Lint("backslash", warning.message, warning.index) for warning in entry_warnings(list(entries))]
    return found


def about_counted(alerts: int, hits: int) -> Iterator[Lint]:
    """Of open alerts that it covers, which also stand for hits that were only counted at them."""
    if alerts:
        which = (
            "An open alert that this covers stands" if alerts == 1 else f"{alerts} open alerts that this covers stand"
        )
        more = "1 more hit" if hits == 1 else f"{hits:,} more hits"
        stays = "it stays open" if alerts == 1 else "they stay open"
        yield Lint("stands_for_more", f"{which} for {more}, which it may not cover; {stays} for you to judge.")


def about_kept(alerts: int, true_positives: int) -> Iterator[Lint]:
    """Of groups with more events than were kept, of which all kept ones are covered."""
    if alerts:
        which = "1 alert rests" if alerts == 1 else f"{alerts} alerts rest"
        bad = "it was a true positive" if alerts == 1 else f"{true_positives} of them true positives"
        among = f"; {bad}" if true_positives else ""
        yield Lint(
            "of_kept_events",
            f"{which} on more events than were kept{among}. This takes out all of the kept events; the others may "
            "still raise it, so that does not count as silenced.",
        )


def _about_the_whole(entries: Entries, silenced: int, total: int) -> Iterator[Lint]:
    plain = [entry for _, entry in flat(entries)]
    if plain and all(is_excluded(entry) for entry in plain):
        yield Lint("negative_only", "Every condition says what is not there, so this silences almost everything else.")
    elif _names_only(plain):
        yield Lint("name_only", "A name alone proves little: any program can be called so. Add its path or its user.")
    elif plain and all(field_of(entry) in _WIDE_FIELDS for entry in plain if not is_excluded(entry)):
        yield Lint("wide_fields", "These fields are the same in most events of this rule; add what sets yours apart.")
    if len(plain) == 1 and field_of(plain[0]) == "user.name" and set(values_of(plain[0])) & {"root", "SYSTEM"}:
        yield Lint("root_alone", "This silences everything the most powerful account does.")
    if total >= BROAD_FROM and silenced > BROAD_SHARE * total:
        share = f"{100 * silenced / total:.0f} %"
        yield Lint(
            "too_broad", f"This silences {share} of the rule's alerts. Tuning or disabling the rule may be honester."
        )


def _names_only(plain: Sequence[Mapping[str, Any]]) -> bool:
    positive = [entry for entry in plain if not is_excluded(entry)]
    return bool(positive) and all(field_of(entry) in _NAME_FIELDS for entry in positive)


def _never_carried(at: int, entry: Mapping[str, Any], carried: Carried) -> Iterator[Lint]:
    name = field_of(entry)
    if not carried.events or entry.get("type") == "exists":
        return
    if not carried.ever(name):
        yield Lint("never_carried", f"No alert of this rule has the field {name}.", at)
    elif carried.missing_share(name) > 0.3:
        share = f"{100 * carried.missing_share(name):.0f} %"
        yield Lint("often_missing", f"{share} of this rule's alerts do not have the field {name}.", at)


def _other_case(at: int, entry: Mapping[str, Any], carried: Carried) -> Iterator[Lint]:
    if entry.get("type") not in ("match", "match_any") or entry.get("case_sensitive") is False:
        return
    for value in values_of(entry):
        other = carried.only_in_another_case(field_of(entry), value)
        if other is not None:
            yield Lint("case", f"“{value}” never occurs, “{other}” does: upper and lower case count.", at)


def _writable(at: int, entry: Mapping[str, Any], _: Carried) -> Iterator[Lint]:
    if is_excluded(entry) or not _PATH_FIELDS.search(field_of(entry)):
        return
    for value in values_of(entry):
        if _WRITABLE.match(value):
            yield Lint("writable", f"Ordinary users can write to {value}: whoever does can hide behind this path.", at)
            return


def _leading_wildcard(at: int, entry: Mapping[str, Any], _: Carried) -> Iterator[Lint]:
    if entry.get("type") == "wildcard" and any(value.startswith(("*", "?")) for value in values_of(entry)):
        yield Lint("leading_wildcard", "A pattern that begins with a wildcard lets any path in front.", at)


_CHECKS: tuple[Callable[[int, Mapping[str, Any], Carried], Iterator[Lint]], ...] = (
    _never_carried,
    _other_case,
    _writable,
    _leading_wildcard,
)
