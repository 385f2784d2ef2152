"""Conditions to begin an exception with: few, stable, true of the alert at hand.

From the verdicts where there are some: the smallest conjunction that covers what benign closes of the rule share and
none of its true positives. Else the most specific stable fields. Where a true positive would be hidden, fields that set
it apart are added; where none does, nothing is suggested. Never timestamps, process or entity ids, or counters:
such a condition would cover this one event and nothing after it. Nor what the rule asks for anyway: a condition is
there to narrow the exception, and one that holds for every alert only looks as if it did.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from alerts.exceptions.entries import Entry, match_entry
from alerts.exceptions.rows import fields_of_alert
from alerts.kept import events_of, iterate_documents, source_of
from alerts.models import Alert, Kind, Reason, Status
from engine import Document, EngineError, Logic, Tree, fold, matches, parse_entries
from engine.few_fields import FewFields
from engine.plan import Sample
from engine.plan import Sequence as JoinedInOrder
from engine.tree import And, Leaf, Op
from rules.trees import TreeUnusable, definition_of, load_logic

# Most telling first. A field is left out where one before it says the same more exactly (its name by its path).
STABLE_FIELDS: tuple[tuple[str, str | None], ...] = (
    ("process.executable", None),
    ("process.parent.executable", None),
    ("process.name", "process.executable"),
    ("process.parent.name", "process.parent.executable"),
    ("file.path", None),
    ("registry.path", None),
    ("dll.path", None),
    ("dns.question.name", None),
    ("destination.domain", None),
    ("user.name", None),
    ("user.email", "user.name"),
    ("process.args", None),
    ("source.ip", None),
    ("destination.ip", "destination.domain"),
    ("host.name", None),
    ("user_agent.original", None),
    ("cloud.account.id", None),
    ("destination.port", None),
    ("event.action", None),
)
# Mostly the same in every alert of a rule; a condition on them is worth its line only when it sets some apart.
WEAK_FIELDS = frozenset({"user_agent.original", "cloud.account.id", "destination.port", "event.action"})
# What sets apart from true positives where nothing above does: too narrow to begin with.
TELLING_APART = (
    "process.command_line", "process.parent.command_line", "process.working_directory", "process.hash.sha256",
    "file.hash.sha256", "file.name", "url.full",
)  # fmt: skip
LEAST, MOST = 2, 8
WANTED_WITHOUT_VERDICTS = 3
SHARED = 0.8  # a condition is "what benign closes share" from this share of them on
LOOKED_AT = 200
MAX_VALUE = 500
_BENIGN = (Reason.BENIGN_POSITIVE, Reason.FALSE_POSITIVE)


@dataclass(frozen=True, slots=True)
class _Candidate:
    entry: Entry
    tree: Tree

    def holds(self, document: Document) -> bool:
        return matches(self.tree, document)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The entries, every one true of the alert's source event; none where all there are would hide a true positive
    (`withheld`), or the event has none of the stable fields."""

    entries: list[Entry]
    withheld: bool = False


def suggest(alert: Alert) -> list[Entry]:
    """The entries of one suggestion, as below."""
    return suggestion(alert).entries


def suggestion(alert: Alert) -> Suggestion:
    """What to begin an exception with. Costs eight queries and reads up to 600 source events."""
    source = source_of(alert)
    if source is None:
        return Suggestion([])
    if alert.status == Status.CLOSED and alert.reason == Reason.TRUE_POSITIVE:
        return Suggestion([], withheld=True)
    # Of a group only what all of its events share covers it.
    document = fields_of_alert(alert, events_of(alert)) if alert.kind == Kind.GROUP else source.document()
    candidates = _not_asked_by_rule(list(_candidates(document)), alert, document)
    apart = [one for name in TELLING_APART if (one := _candidate(document, name))]
    few = FewFields(str(one.entry["field"]) for one in (*candidates, *apart))
    candidates = _that_tell(candidates, _documents(_of_rule(alert), few))
    judged = _of_rule(alert).filter(status=Status.CLOSED, closed_by_exception=None)  # as its index says it
    benign = _documents(judged.filter(reason__in=_BENIGN), few)
    bad = _documents(judged.filter(reason=Reason.TRUE_POSITIVE), few)
    chosen = _shared(candidates, benign) if benign else candidates[:WANTED_WITHOUT_VERDICTS]
    chosen = _at_least(chosen, candidates, LEAST)
    chosen = _without_true_positives(chosen, candidates, benign, bad)
    chosen = _without_true_positives(chosen, apart, benign, bad)
    if _hidden(chosen, bad):
        return Suggestion([], withheld=True)
    return Suggestion([one.entry for one in chosen])


def _candidates(document: Document) -> Iterable[_Candidate]:
    for field, said_better_by in STABLE_FIELDS:
        if said_better_by and document.values(said_better_by):
            continue
        if found := _candidate(document, field):
            yield found


def _candidate(document: Document, field: str) -> _Candidate | None:
    """A condition on the field's value; None where it has none that is told, or none that holds."""
    value = _telling_value(document, field)
    if value is None:
        return None
    entry = match_entry(field, value)
    try:
        tree = parse_entries([entry])
    except EngineError:
        return None
    return _Candidate(entry, tree) if matches(tree, document) else None


def _telling_value(document: Document, field: str) -> str | None:
    """The field's value; of several arguments the longest that is not the program itself, as it says the most."""
    values = [str(value) for value in document.values(field) if 0 < len(str(value)) <= MAX_VALUE]
    if field != "process.args":
        return values[0] if len(values) == 1 else None
    program = {str(value) for name in ("process.executable", "process.name") for value in document.values(name)}
    return max((value for value in values[1:] if value not in program), key=len, default=None)


def _of_rule(alert: Alert) -> QuerySet[Alert]:
    """The rule's other alerts within the team, without those that are events of a sequence."""
    others = Alert.objects.filter(rule_id=alert.rule_id, team_id=alert.team_id)
    return others.exclude(pk=alert.pk).exclude(kind=Kind.BLOCK)


def _documents(alerts: QuerySet[Alert], few: FewFields) -> list[Document]:
    """The source events of the latest of these alerts, of which the few fields are asked."""
    latest = dict(alerts.order_by("-pk").values_list("pk", "team_id")[:LOOKED_AT])
    return [document for _, document in iterate_documents(latest, few)] if latest else []


def _not_asked_by_rule(candidates: list[_Candidate], alert: Alert, source: Document) -> list[_Candidate]:
    """Without what the rule itself asks of every event; all of them when nothing else can be said of the event.

    Expects the alert's revision to be loaded; one query for its compiled tree.
    """
    try:
        logic = load_logic(definition_of(alert.revision), alert.revision)
    except TreeUnusable:
        return candidates
    tree = _judged_by(logic, source)
    asked = {(leaf.field, fold(str(leaf.values[0]))) for leaf in _asked_of_every_event(tree)}
    return [one for one in candidates if (one.entry["field"], fold(one.entry["value"])) not in asked] or candidates


def _judged_by(logic: Logic, source: Document) -> Tree:
    """The filter that let the event in; of a sequence that of its step."""
    steps = logic.plan.steps if isinstance(logic.plan, JoinedInOrder | Sample) else ()
    return next((step.tree for step in steps if matches(step.tree, source)), logic.tree)


def _asked_of_every_event(tree: Tree) -> Iterable[Leaf]:
    """The leaves that every match meets, as far as they leave a field a single value."""
    for part in tree.children if isinstance(tree, And) else (tree,):
        if isinstance(part, Leaf) and part.op in (Op.IS, Op.PHRASE) and len(part.values) == 1 and not part.wild_field:
            yield part


def _that_tell(candidates: list[_Candidate], others: Sequence[Document]) -> list[_Candidate]:
    """Without the weak ones that set no other alert of the rule apart; all when only weak ones are left."""
    telling = [
        one
        for one in candidates
        if one.entry["field"] not in WEAK_FIELDS or any(not one.holds(document) for document in others)
    ]
    return telling or candidates


def _shared(candidates: Sequence[_Candidate], benign: Sequence[Document]) -> list[_Candidate]:
    """What the benign closes share with the alert, as long as each further condition still covers most of them."""
    chosen: list[_Candidate] = []
    covered = list(benign)
    for candidate in candidates:
        left = [document for document in covered if candidate.holds(document)]
        if len(left) >= SHARED * len(benign) and len(chosen) < WANTED_WITHOUT_VERDICTS:
            chosen, covered = [*chosen, candidate], left
    return chosen


def _at_least(chosen: list[_Candidate], candidates: Sequence[_Candidate], number: int) -> list[_Candidate]:
    """A single condition is seldom meant; take the next most telling ones along."""
    others = [candidate for candidate in candidates if candidate not in chosen]
    return [*chosen, *others[: max(number - len(chosen), 0)]]


def _without_true_positives(
    chosen: list[_Candidate], candidates: Sequence[_Candidate], benign: Sequence[Document], bad: Sequence[Document]
) -> list[_Candidate]:
    """Add conditions until no true positive is covered: each time what excludes most of them and loses least."""
    while len(chosen) < MOST:
        hidden = _hidden(chosen, bad)
        others = [candidate for candidate in candidates if candidate not in chosen]
        best = max(others, key=lambda one: _worth(one, hidden, benign), default=None)
        if not hidden or best is None or not any(not best.holds(document) for document in hidden):
            break
        chosen = [*chosen, best]
    return chosen


def _hidden(chosen: Sequence[_Candidate], bad: Sequence[Document]) -> list[Document]:
    """The true positives that all of the conditions hold for; none where there are no conditions."""
    return [document for document in bad if chosen and all(one.holds(document) for one in chosen)]


def _worth(candidate: _Candidate, hidden: Sequence[Document], benign: Sequence[Document]) -> tuple[int, int]:
    excluded = sum(not candidate.holds(document) for document in hidden)
    lost = sum(not candidate.holds(document) for document in benign)
    return excluded, -lost
