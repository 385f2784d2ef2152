"""What was found in alerts of the same rule about the same host or user before, and what differs this time."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from alerts.duplicates import Judged, each_once, inherited
from alerts.kept import iterate_documents
from alerts.models import Alert, Kind, Reason, Status
from alerts.selectors.briefs import BRIEFLY, brief_of
from alerts.selectors.shapes import AlertBrief, Verdicts
from engine import Document, RuleDefinition
from engine.few_fields import FewFields
from engine.folding import fold
from engine.tree import text_of

LOOKED_AT = 20
"""So many of the newest verdicts are compared with."""
_SHOWN_VALUES = 3
_LONGEST = 2_000
TELLING = (
    "user.name", "process.name", "process.executable", "process.command_line", "process.working_directory",
    "process.hash.sha256", "process.parent.name", "process.parent.executable", "process.parent.command_line",
    "file.path", "registry.path", "dll.path", "dns.question.name", "source.ip", "destination.ip", "destination.domain",
    "user_agent.original", "event.action", "cloud.account.id", "process.code_signature.subject_name",
)  # fmt: skip
"""The fields whose new values are worth saying; numbers, times and ids differ every time."""
_EVERY_TIME = ("@timestamp", "event.ingested", "event.id", ".pid", ".entity_id", "event.created", "event.sequence")
_AGAIN = frozenset({"process.args", "process.parent.args"})  # the command lines say it


@dataclass(frozen=True, slots=True)
class Difference:
    """A field whose value no earlier alert had: the values now, and some of those before (none: the field is new)."""

    field: str
    now: tuple[str, ...]
    before: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Earlier:
    """Alerts of the rule that people judged before, newest first: on the same `entity` (a host or user).

    `verdicts` are of these, of duplicates that of their original, once; `differs` is None where nothing could be
    compared.
    """

    of: str  # "host" or "user"
    entity: str
    alerts: tuple[AlertBrief, ...]
    verdicts: Verdicts
    differs: tuple[Difference, ...] | None
    more: bool = False

    @property
    def nothing_differs(self) -> bool:
        """Whether they were compared and all fields of note are as before."""
        return self.differs == ()

    @property
    def number(self) -> int:
        """How many were looked at."""
        return len(self.alerts)


def earlier_of(
    alert: Alert, document: Document | None, definition: RuleDefinition, team_ids: Sequence[int]
) -> Earlier | None:
    """The verdicts about the alert's host, or user where it has no host; None where nobody judged one. Two queries, and
    one more where there are duplicates."""
    of = "host" if alert.host_name else "user"
    entity = alert.host_name or alert.user_name
    if not entity:
        return None
    judged = Alert.objects.filter(
        rule_id=alert.rule_id, host_name=alert.host_name, team_id__in=team_ids, status=Status.CLOSED,
        closed_by_exception=None,
    ).exclude(kind=Kind.BLOCK)  # fmt: skip
    if of == "user":
        judged = judged.filter(user_name=entity)
    newest = judged.exclude(pk=alert.pk).order_by("-pk")
    found = list(newest.values_list("team_id", "pk", *BRIEFLY)[: LOOKED_AT + 1])
    if not found:
        return None
    told = tuple(brief_of(values) for _, *values in found[:LOOKED_AT])
    teams = {number: team_id for team_id, number, *_ in found[:LOOKED_AT]}
    differs = tuple(_differences(document, teams, definition)) if document else None
    return Earlier(of, entity, told, _verdicts(alert, told, team_ids), differs, len(found) > LOOKED_AT)


def _verdicts(alert: Alert, told: Sequence[AlertBrief], team_ids: Sequence[int]) -> Verdicts:
    """How these were judged; in duplicates was found what was found in their original, once."""

    def is_counted(original: Judged) -> bool:
        same = original.rule_id == alert.rule_id and original.host_name == alert.host_name
        return same and (bool(alert.host_name) or original.user_name == alert.user_name)

    duplicates, counts = [one.id for one in told if one.reason == Reason.DUPLICATE], Counter(one.reason for one in told)
    found = each_once(duplicates, inherited(duplicates, team_ids), is_counted)
    counts.subtract({Reason.DUPLICATE.value: found.total()})
    counts.update(found)
    return Verdicts.of(counts)


def _differences(document: Document, earlier: dict[int, int], definition: RuleDefinition) -> Iterator[Difference]:
    """The fields in which the event differs from those of all earlier alerts (number to team). One query for all of
    their documents."""
    names = _names(definition)
    few = _few(tuple(names))
    before: dict[str, dict[str, str]] = {name: {} for name in names}
    for _, other in iterate_documents(earlier, few):
        for name in names:
            before[name].update({fold(value): value for value in _texts(other, name)})
    for name in names:
        new = tuple(value for value in _texts(document, name) if fold(value) not in before[name])
        if new:
            yield Difference(name, new[:_SHOWN_VALUES], tuple(before[name].values())[:_SHOWN_VALUES])


@lru_cache(maxsize=128)
def _few(names: tuple[str, ...]) -> FewFields:
    """Making one costs more than reading twenty documents with it; rules name few fields, and most name none."""
    return FewFields(names)


def _names(definition: RuleDefinition) -> list[str]:
    """The rule's own highlighted fields first."""
    own = [name for name in definition.investigation_fields if not name.endswith(_EVERY_TIME) and name not in _AGAIN]
    return list(dict.fromkeys([*own, *TELLING]))


def _texts(document: Document, name: str) -> list[str]:
    return [text_of(value)[:_LONGEST] for value in document.values(name)]
