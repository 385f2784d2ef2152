"""What is probably not meant about an exception. Lints warn; they never keep anybody from saving."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from alerts.exceptions.entries import Entries, field_of, flat, is_excluded, values_of
from alerts.exceptions.groups import EntryGroups
from engine import Document
from engine.languages.exceptions import entry_warnings
from rules.models import ExceptionItem, Rule

BROAD_SHARE = 0.8
OFTEN_MISSING = 0.3
BROAD_FROM = 5  # below this many alerts a share says nothing
MAX_VALUES = 2_000
MOST_COMPARED = 2_000
_WRITABLE = re.compile(
    r"^(/tmp/|/var/tmp/|/dev/shm/|/run/user/|/home/|/users/|/private/tmp/|[a-z]:\\users\\|[a-z]:\\windows\\temp\\"
    r"|[a-z]:\\temp\\|[a-z]:\\programdata\\|.*\\appdata\\|.*\\temp\\|%temp%|%tmp%|%appdata%|%localappdata%|%userprofile%)",
    re.IGNORECASE,
)
_PATH_FIELDS = re.compile(r"(executable|path|directory|command_line|args)$")
_NAME_FIELDS = frozenset({"process.name", "process.parent.name", "file.name", "dll.name"})
_WIDE_FIELDS = frozenset(
    {"host.os.type", "event.category", "event.type", "event.action", "event.dataset", "event.kind"}
)
_HOST_FIELDS = frozenset({"host.name", "host.hostname", "host.id", "host.ip", "agent.id", "agent.name", "container.id"})
_ONE_EVENTS = re.compile(
    r"(^@timestamp|^event\.(id|ingested|created|start|end|hash|sequence)|\.(entity_id|pid|uptime))$"
)
_POWERFUL = frozenset({"root", "system", "nt authority\\system", "0", "s-1-5-18"})
_USER_FIELDS = frozenset({"user.name", "user.id", "user.effective.name"})
# A name that ends in what machines are numbered with: a pod's or an instance's, which is another tomorrow.
_SHORT_LIVED_NAME = re.compile(
    r"(-[a-z0-9]{8,10}-[a-z0-9]{5}|[-.](?=[a-z]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{8,17}|^i-[0-9a-f]{8,17}|^ip-\d+-\d+-\d+-\d+.*)$"
)
_SHORT_LIVED_TAGS = frozenset({"ephemeral", "spot", "preemptible", "autoscaled", "short-lived", "transient"})
_TAG_FIELDS = ("host.tags", "tags", "labels.lifecycle")
_HASHES = (
    ("process.parent.", "process.parent.hash.sha256"),
    ("process.", "process.hash.sha256"),
    ("file.", "file.hash.sha256"),
    ("dll.", "dll.hash.sha256"),
)


@dataclass(frozen=True, slots=True)
class Lint:
    """One warning; `entry` is the condition it is about, None for the exception as a whole. `add` is a field that would
    mend it, `item_id` an exception that it speaks of, `group` the group that holds the condition."""

    code: str
    message: str
    entry: int | None = None
    group: int = 0
    add: str = ""
    item_id: int | None = None


@dataclass(slots=True)
class Carried:
    """What the rule's source events carry in the fields that the entries ask for."""

    entries: Entries
    events: int = 0
    names: frozenset[str] = frozenset()
    short_lived: set[str] = field(default_factory=set)
    """The hosts that are tagged as such that come and go."""
    _with_field: Counter[str] = field(default_factory=Counter)
    _values: dict[str, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        asked = {field_of(entry) for _, entry in flat(self.entries)}
        hashes = {name for asks in asked if (name := hash_for(asks))}
        self.names = frozenset(asked | hashes | ({*_TAG_FIELDS} if asked & _HOST_FIELDS else set()))

    def look(self, document: Document) -> None:
        """Take one event into account."""
        self.events += 1
        for name in self.names:
            values = document.values(name)
            if not values:
                self._with_field[name] += document.has(name)
                continue
            self._with_field[name] += 1
            seen = self._values.setdefault(name, set())
            if len(seen) < MAX_VALUES:
                seen.update([str(value) for value in values])
        self._look_at_host(document)

    def _look_at_host(self, document: Document) -> None:
        hosts = self.names & _HOST_FIELDS
        if not hosts:
            return
        tags = {str(value).lower() for name in _TAG_FIELDS for value in document.values(name)}
        if tags & _SHORT_LIVED_TAGS:
            self.short_lived.update(str(value) for name in hosts for value in document.values(name))

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


def hash_for(name: str) -> str:
    """The field with the hash of the file that a path field names; empty when there is none."""
    if not _PATH_FIELDS.search(name):
        return ""
    return next((hashed for prefix, hashed in _HASHES if name.startswith(prefix)), "")


def lints(
    groups: EntryGroups,
    carried: Carried,
    *,
    silenced: Sequence[int],
    total: int,
    rules: Sequence[Rule] = (),
    item_id: int | None = None,
) -> list[Lint]:
    """Every warning about the groups of entries, those about a whole group first; `silenced` is what each silences.

    One query, for exceptions that say the same; `item_id` is the one that is being edited.
    """
    found: list[Lint] = []
    same = _same_as(groups, rules, item_id)
    for group, (entries, many) in enumerate(zip(groups, silenced, strict=True)):
        about = [*_about_the_whole(entries, many, total), *same.get(group, ())]
        for at, entry in flat(entries):
            about += [lint for check in _CHECKS for lint in check(at, entry, carried)]
        about += [Lint("backslash", warning.message, warning.index) for warning in entry_warnings(list(entries))]
        about += _writable_by_whom(entries, carried)
        found += [replace(lint, group=group) for lint in about]
    return list({(one.code, one.message, one.group, one.entry): one for one in found}.values())


def _same_as(groups: EntryGroups, rules: Sequence[Rule], item_id: int | None) -> dict[int, list[Lint]]:
    """What says the same as a group, in whatever order: an exception that is there, or a group before it."""
    named = [_canonical(entries) for entries in groups]
    known = _known(rules, item_id) if rules else {}
    found: dict[int, list[Lint]] = {at: [] for at in range(len(named))}
    for at, name in enumerate(named):
        if name in known:
            number, title = known[name]
            found[at].append(
                Lint("duplicate", f"Exception #{number}, “{title}”, says the same already.", item_id=number)
            )
        if name in named[:at]:
            found[at].append(Lint("twice", "Another group says the same, so this one adds nothing."))
    return found


def _known(rules: Sequence[Rule], item_id: int | None) -> dict[str, tuple[int, str]]:
    """What the exceptions of the rules say, those that are switched off among them, with number and name."""
    items = ExceptionItem.objects.filter(rule__in=rules, removed_at=None).exclude(pk=item_id or 0)
    rows = items.values_list("pk", "name", "entries")[:MOST_COMPARED]
    return {_canonical(entries): (pk, name) for pk, name, entries in rows}


def _canonical(entries: Entries) -> str:
    """The conditions in one order, with what is left out said: equal ones are written alike."""
    plain = [json.dumps({"case_sensitive": True, **dict(entry)}, sort_keys=True, default=str) for entry in entries]
    return "\n".join(sorted(plain))


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
    if len(plain) == 1 and _is_powerful(plain[0]):
        yield Lint("root_alone", "This silences everything the most powerful account does.")
    if total >= BROAD_FROM and silenced > BROAD_SHARE * total:
        share = f"{100 * silenced / total:.0f} %"
        yield Lint(
            "too_broad", f"This silences {share} of the rule's alerts. Tuning or disabling the rule may be honester."
        )


def _is_powerful(entry: Mapping[str, Any]) -> bool:
    """Whether an entry asks for the account that may do everything."""
    named = {value.lower() for value in values_of(entry)}
    return field_of(entry) in _USER_FIELDS and not is_excluded(entry) and bool(named & _POWERFUL)


def _names_only(plain: Sequence[Mapping[str, Any]]) -> bool:
    positive = [entry for entry in plain if not is_excluded(entry)]
    return bool(positive) and all(field_of(entry) in _NAME_FIELDS for entry in positive)


def _never_carried(at: int, entry: Mapping[str, Any], carried: Carried) -> Iterator[Lint]:
    name = field_of(entry)
    if not carried.events or entry.get("type") == "exists":
        return
    if not carried.ever(name):
        yield Lint("never_carried", f"No alert of this rule has the field {name}.", at)
    elif carried.missing_share(name) > OFTEN_MISSING:
        share = f"{100 * carried.missing_share(name):.0f} %"
        yield Lint("often_missing", f"{share} of this rule's alerts do not have the field {name}.", at)


def _other_case(at: int, entry: Mapping[str, Any], carried: Carried) -> Iterator[Lint]:
    if entry.get("type") not in ("match", "match_any") or entry.get("case_sensitive") is False:
        return
    for value in values_of(entry):
        other = carried.only_in_another_case(field_of(entry), value)
        if other is not None:
            yield Lint("case", f"“{value}” never occurs, “{other}” does: upper and lower case count.", at)


def _writable(at: int, entry: Mapping[str, Any], carried: Carried) -> Iterator[Lint]:
    if is_excluded(entry) or not _PATH_FIELDS.search(field_of(entry)):
        return
    for value in values_of(entry):
        if _WRITABLE.match(value):
            words = f"Ordinary users can write to {value}: whoever does can hide behind this path."
            yield Lint("writable", words, at, add=_mended_by(field_of(entry), carried))
            return


def _mended_by(name: str, carried: Carried) -> str:
    """The hash that says which file is meant, where the rule's events carry it."""
    hashed = hash_for(name)
    return hashed if hashed and carried.ever(hashed) else ""


def _writable_by_whom(entries: Entries, carried: Carried) -> Iterator[Lint]:
    """A path in a folder that is named after the account which is excepted along with it."""
    plain = [(at, entry) for at, entry in flat(entries) if not is_excluded(entry)]
    users = {value for _, entry in plain if field_of(entry) in _USER_FIELDS for value in values_of(entry) if value}
    for at, entry in plain:
        paths = values_of(entry) if _PATH_FIELDS.search(field_of(entry)) else ()
        for path in (path for path in paths if not _WRITABLE.match(path)):
            owner = next((user for user in users if user.lower() in re.split(r"[/\\]", path.lower())), None)
            if owner:
                words = f"{owner} may write to {path}: whoever takes over this account can hide behind the path."
                yield Lint("writable", words, at, add=_mended_by(field_of(entry), carried))
                break


def _single_host(at: int, entry: Mapping[str, Any], carried: Carried) -> Iterator[Lint]:
    """A host that will be another one tomorrow."""
    if field_of(entry) not in _HOST_FIELDS or is_excluded(entry) or entry.get("type") not in ("match", "match_any"):
        return
    for value in values_of(entry):
        if value in carried.short_lived or _SHORT_LIVED_NAME.search(value.lower()) or field_of(entry) == "container.id":
            words = f"{value} looks short-lived: the one that takes its place will alert again. Except what is lasting."
            yield Lint("short_lived", words, at)
            return


def _leading_wildcard(at: int, entry: Mapping[str, Any], _: Carried) -> Iterator[Lint]:
    if entry.get("type") == "wildcard" and any(value.startswith(("*", "?")) for value in values_of(entry)):
        what = "any path" if _PATH_FIELDS.search(field_of(entry)) else "anything"
        yield Lint("leading_wildcard", f"A pattern that begins with a wildcard lets {what} in front.", at)


def _only_once(at: int, entry: Mapping[str, Any], _: Carried) -> Iterator[Lint]:
    """A value that the next event will not have: its moment, its number, that of its process."""
    name = field_of(entry)
    if is_excluded(entry) or entry.get("type") not in ("match", "match_any") or not _ONE_EVENTS.search(name):
        return
    yield Lint("only_once", f"{name} is another with each event or process: this covers what came, not what comes.", at)


_CHECKS: tuple[Callable[[int, Mapping[str, Any], Carried], Iterator[Lint]], ...] = (
    _never_carried,
    _other_case,
    _writable,
    _leading_wildcard,
    _single_host,
    _only_once,
)
