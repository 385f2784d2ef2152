"""Everything that the queue's filters let through, put into a case: a verb of alerts' acts on all that match."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.models import Change, User
from accounts.roles import Permission
from alerts.bulk_verbs import Portion, Verb, register
from alerts.errors import AlertError
from alerts.models import BulkAct
from cases import closing
from cases.errors import CaseError
from cases.joining import add_alerts, remove_alerts
from cases.models import Case, CaseAlert, Outcome
from cases.workflow import JOIN, OBJECT_TYPE, OPEN

TAKEN_BACK = "Opened with everything that matched, which was taken back."


class CaseRefused(AlertError):  # noqa: N818
    """The case takes no alerts any more: it was closed or deleted, or belongs to another team now."""


def put_in(portion: Portion, arguments: dict[str, Any]) -> list[int]:
    """Add those of the case's team that are in no case yet; the others are passed over."""
    case = Case.objects.filter(pk=arguments["case"]).first()
    ours = [alert.pk for alert in portion.alerts if case is not None and alert.team_id == case.team_id]
    taken = set(CaseAlert.objects.filter(alert_id__in=ours).values_list("alert_id", flat=True))
    free = [number for number in ours if number not in taken]
    if case is None or not free:
        return []
    try:
        return add_alerts(case_id=case.pk, alert_ids=free, **portion.common).added
    except CaseError as refused:
        raise CaseRefused(refused.message) from refused


def take_out(act: BulkAct, *, actor: User, now: datetime, team_ids: Sequence[int], undo: UUID) -> None:
    """What the act has added, out of the case again, as far as it is still in it.

    A case that the act itself opened is closed then, unless anybody has done anything else with it since; which of the
    two it was is kept with the act, whose page says so.
    """
    joined = Change.objects.filter(group=act.pk, object_type=OBJECT_TYPE, verb=JOIN).values_list("after", flat=True)
    numbers = [number for after in joined for number in after.get("added", [])]
    by: dict[str, Any] = {"actor": actor, "now": now, "team_ids": team_ids, "group": undo}
    try:
        remove_alerts(case_id=act.arguments["case"], alert_ids=numbers, **by)
        if act.arguments.get("opened") and _is_untouched(act.arguments["case"], {act.pk, undo}):
            closing.close(
                case_id=act.arguments["case"], version=None, outcome=Outcome.INCONCLUSIVE, note=TAKEN_BACK,
                close_alerts=False, actor=actor, now=now, team_ids=team_ids,
            )  # fmt: skip
            act.arguments |= {"closed_again": True}
    except CaseError as refused:
        raise CaseRefused(refused.message) from refused


def _is_untouched(case_id: int, groups: set[UUID]) -> bool:
    """Whether nothing was done with the case but by these acts, and nothing is left in it. Two queries."""
    others = Change.objects.filter(object_type=OBJECT_TYPE, object_id=str(case_id)).exclude(verb=OPEN)
    return not others.exclude(group__in=groups).exists() and not CaseAlert.objects.filter(case_id=case_id).exists()


def register_verb() -> None:
    """Let acts on all that match add to a case."""
    register("case", Verb(put_in, Permission.WORK_CASES, undo=take_out))
