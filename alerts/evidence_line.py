"""The evidence line of the queue: one line of the event in which what the rule asked for is marked.

Matched values stand between U+E000 and U+E001, so that a page can underline them without trusting event text; these
two characters are taken out of the text first.
"""

import re
from collections.abc import Callable, Iterable, Sequence

from alerts.hits import Hit, Joined, Member
from alerts.models import Kind
from alerts.plain_names import DULL, came_to, different, rank_of_name
from alerts.targeted import target_of
from alerts.terms_told import HOST, USER, terms_told
from engine import Clause, Document, explain

MARK, UNMARK = "\ue000", "\ue001"
MAX_LINE = 400
MAX_VALUE = 160
MAX_EXTRA = 3
MAX_TERMS = 3
MAX_STEPS = 4
MAX_GROUP = 2
_ROWS = (Kind.ROW, Kind.GROUP)
_PATHS = ("process.executable", "file.path")
_WHOLE = ("process.name", "process.pid", "process.title", "process.entity_id")
_MARKS = re.compile(f"[{MARK}{UNMARK}\x00]")


def evidence_line(hit: Hit) -> str:
    """What the analyst reads first: the deed in the event's own words, the rule's finds marked.

    Of a sequence the deeds of its first and last events; of a count the number and the group; of an indicator match
    the value that agreed; of a pipeline's row what it had to meet.
    """
    joined = hit.joined
    if joined is None or not joined.members:
        deed, *rest = _told(hit, hit.document)
        return _cut_line(_joined_by_dots([_novelty(hit), *_came_to(joined), _beside_terms(hit, deed), *rest]))
    told = _TOLD_BY_KIND.get(joined.kind, _of_indicator)
    return _cut_line(told(hit, joined))


def block_line(hit: Hit, member: Member) -> str:
    """The line of one event of a sequence."""
    return _cut_line(_joined_by_dots(_told(hit, member.judged.document)))


def _told(hit: Hit, document: Document) -> list[str]:
    """The event's deed, and what the rule found that is not part of it."""
    found = _found_values(explain(hit.rule.tree, document).clauses())
    line, absent = _marked(_deed(document), [value for _, value in found])
    said = set(hit.rule.definition.new_terms_fields if hit.terms else ())
    rest = [(name, value) for name, value in found if value in absent and name not in said and _tells(name, line)]
    return [line, *(f"{_short_name(name)} {_mark(_cut(value))}" for name, value in rest[:MAX_EXTRA])]


def _of_sequence(hit: Hit, joined: Joined) -> str:
    """Each event's deed in order; of a long sequence the first and the last."""
    members = joined.members
    shown = members if len(members) <= MAX_STEPS else (*members[:2], *members[-1:])
    deeds = [_step(hit, member.judged.document) for member in shown]
    if len(shown) < len(members):
        deeds.insert(2, f"{len(members) - len(shown)} more")
    return " ⇒ ".join(deed for deed in deeds if deed)


def _step(hit: Hit, document: Document) -> str:
    """A deed, or where the event tells of none the first thing that the rule found in it."""
    return next((part for part in _told(hit, document) if part), "")


def _of_count(hit: Hit, joined: Joined) -> str:
    """How many, of what group, and what the last one was."""
    group = [
        f"{_short_name(_clean(str(term['field'])))} {_mark(_cut(_clean(str(term['value']))))}"
        for term in joined.facts.get("terms", ())[:MAX_TERMS]
    ]
    many = joined.facts.get("cardinality")
    variety = [f"{many['value']:,} different {different(_clean(str(many['field'])))}"] if many else []
    number = int(joined.facts.get("count") or len(joined.members))
    return _joined_by_dots([f"{number:,} events", *group, *variety, _deed(hit.document)])


def _of_group(hit: Hit, joined: Joined) -> str:
    """How many, what the row came to, of what group, and what the last one was."""
    row = hit.row or {}
    by = sorted((name for name in joined.facts.get("by", ()) if name in row), key=rank_of_name)
    by = [name for name in by if rank_of_name(name) < DULL] or by
    group = [f"{_short_name(_clean(name))} {_mark(_cut(_clean(str(row[name]))))}" for name in by[:MAX_GROUP]]
    number = int(joined.facts.get("count") or len(joined.members))
    many = "1 event" if number == 1 else f"{number:,} events"
    return _joined_by_dots([many, *_came_to(joined), *group, _deed(hit.document)])


def _came_to(joined: Joined | None) -> list[str]:
    """What met the last conditions of a pipeline: "6 different command lines, 3 events"."""
    met: dict[str, str] = {}
    for condition in joined.facts.get("conditions", ()) if joined and joined.kind in _ROWS else ():
        for one in condition["values"]:
            value = one["value"]
            if value is not None and value != []:
                told = f"{len(value):,} values" if isinstance(value, list) else str(value)
                words = came_to(_clean(str(one["name"])), _clean(told))
                met.setdefault(one["name"], f"{words.before}{_mark(_cut(words.value))}{words.after}")
    return [", ".join(list(met.values())[:MAX_EXTRA])] if met else []


def _of_indicator(hit: Hit, joined: Joined) -> str:
    """The deed and the value that an indicator names."""
    known = [
        f"{_short_name(_clean(str(met['field'])))} {_mark(_cut(_clean(str(met['value']))))} is an indicator"
        for met in joined.facts.get("matches", ())[:1]
    ]
    return _joined_by_dots([*known, _deed(hit.document)])


_TOLD_BY_KIND: dict[str, Callable[[Hit, Joined], str]] = {
    Kind.SEQUENCE: _of_sequence,
    Kind.SAMPLE: _of_sequence,
    Kind.THRESHOLD: _of_count,
    Kind.INDICATOR: _of_indicator,
    Kind.GROUP: _of_group,
}


def _joined_by_dots(parts: Iterable[str]) -> str:
    return " · ".join(part for part in parts if part)


def without_marks(line: str) -> str:
    """The line as plain text."""
    return _MARKS.sub("", line)


def _novelty(hit: Hit) -> str:
    """What was new, for a new-terms rule: "new here: /usr/bin/emacs"."""
    if not hit.terms:
        return ""
    while_learning = "still learning · " if hit.learning else ""
    known = [name for name in (HOST, USER) if _first(hit.document, name)]
    told = terms_told(zip(hit.rule.definition.new_terms_fields, hit.terms, strict=False), known)
    place = f"{told.place_in_short}: " if told.columns else ""
    return f"{while_learning}new {place}" + ", ".join(_term(name, _clean(value)) for name, value in told.pairs)


def _term(name: str, value: str) -> str:
    """A new value with the name of its field; a path says by itself what it is."""
    said = _mark(_cut(value))
    return said if name in _PATHS else f"{_short_name(name)} {said}"


def _beside_terms(hit: Hit, deed: str) -> str:
    """The deed of a file event without the program, where the new terms before it name that already."""
    program = _first(hit.document, "process.name")
    named = program and any(_clean(value).replace("\\", "/").endswith(f"/{program}") for value in hit.terms or ())
    of_file = deed and deed == _file(lambda name: _first(hit.document, name), hit.document)
    return deed.removeprefix(f"{program} ") if named and of_file else deed


def _found_values(clauses: Iterable[Clause]) -> list[tuple[str, str]]:
    """Field and value of every telling clause that held, longest value first so that it is marked whole."""
    pairs: dict[str, str] = {}
    for clause in clauses:
        if clause.held and clause.discriminating and not clause.negated:
            for value in clause.found:
                if value:
                    pairs.setdefault(_clean(value), clause.field)
    return sorted(((name, value) for value, name in pairs.items()), key=lambda pair: -len(pair[1]))


def _tells(name: str, line: str) -> bool:
    """Whether a find is worth words beside the deed: what kind of event it is can be seen from the deed itself."""
    return not (line and name.startswith("event."))


def _marked(text: str, values: Sequence[str]) -> tuple[str, set[str]]:
    """The text with the values in it marked, and the values that are not in it."""
    absent = {value for value in values if value not in text}
    present = [re.escape(value) for value in values if value not in absent]
    if present:
        text = re.sub(r"(?<!\w)(?:" + "|".join(present) + r")(?!\w)", lambda at: _mark(at[0]), text)
    return text, absent


def _deed(document: Document) -> str:
    """The event in a line: the first of these that it has the fields for."""
    for told in _TELLERS:
        line = told(lambda name: _first(document, name), document)
        if line:
            return line
    return ""


_Get = Callable[[str], str]


def _process(get: _Get, document: Document) -> str:
    command = get("process.command_line") or " ".join(_all(document, "process.args")) or get("process.executable")
    command = command or get("process.name")
    if not command or get("event.category") in ("file", "network", "registry", "library"):
        return ""
    parent = get("process.parent.name") or get("process.parent.executable")
    return f"{parent} → {_cut(command)}" if parent else _cut(command)


def _file(get: _Get, _: Document) -> str:
    path = get("file.path") or get("registry.path") or get("dll.path")
    if not path:
        return ""
    return _joined(get("process.name"), get("event.action"), _cut(path))


def _network(get: _Get, _: Document) -> str:
    to = get("destination.domain") or get("dns.question.name") or get("destination.ip")
    if not to:
        return ""
    port = get("destination.port")
    return _joined(get("process.name") or get("source.ip"), "→", f"{to}:{port}" if port else to, _volume(get))


def _volume(get: _Get) -> str:
    """How much went over, as far as two alerts that fold agree in it (alerts/deeds.py): to the power of ten."""
    volume = get("network.bytes") or get("source.bytes")
    power = len(volume) - 1 if volume.isdecimal() else 0
    return f"over {10 ** (power % 3)} {_UNITS[power // 3]}" if 3 <= power < 3 * len(_UNITS) else ""


def _sign_in(get: _Get, _: Document) -> str:
    who, where = get("user.name") or get("user.email") or get("user.id"), get("source.ip")
    action, target = get("event.action"), target_of(get, who)
    if not (who and (where or action)):
        return ""
    return _joined(
        who, action, f"→ {_cut(target)}" if target else "", get("event.outcome"), f"from {where}" if where else ""
    )


def _message(get: _Get, _: Document) -> str:
    return _cut(get("message") or get("event.action"))


_UNITS = ("B", "kB", "MB", "GB", "TB")
_TELLERS: tuple[Callable[[_Get, Document], str], ...] = (_process, _file, _network, _sign_in, _message)


def _first(document: Document, name: str) -> str:
    return next(iter(_all(document, name)), "")


def _all(document: Document, name: str) -> list[str]:
    return [_clean(str(value)) for value in document.values(name)]


def _clean(text: str) -> str:
    return _MARKS.sub("", text)


def _mark(text: str) -> str:
    return f"{MARK}{text}{UNMARK}"


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _short_name(field: str) -> str:
    """`process.parent.name` as `parent.name`, `process.args` as `args`; but `name` alone would be anybody's."""
    short = field.removeprefix("Esql.")
    return short if short in _WHOLE else short.removeprefix("process.")


def _cut(text: str) -> str:
    return text if len(text) <= MAX_VALUE else f"{text[: MAX_VALUE - 1]}…"


def _cut_line(line: str) -> str:
    """At most MAX_LINE characters, never ending inside a mark."""
    if len(line) <= MAX_LINE:
        return line
    cut = line[: MAX_LINE - 1]
    return cut + ("…" if cut.count(MARK) == cut.count(UNMARK) else f"…{UNMARK}")
