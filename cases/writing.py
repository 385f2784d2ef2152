"""People write on a case: comments to colleagues, and notes that belong to the findings and the report."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from accounts.access import need
from accounts.models import Change, User
from accounts.record import record_change
from accounts.roles import Permission
from cases import checking
from cases.errors import CaseClosed, CaseNotFound, FieldRefused
from cases.models import Case, Entry, Status
from cases.telling import tell_mentioned
from cases.workflow import OBJECT_TYPE, WROTE


def write(
    *,
    case_id: int,
    text: str,
    kind: str = Entry.Kind.COMMENT,
    actor: User,
    now: datetime,
    team_ids: Sequence[int],
    door: Change.Door = Change.Door.PAGE,
) -> Entry:
    """Write on a case. It changes no state and locks nothing, so whoever writes at the same time is kept as well.

    Raises: NotAllowed, CaseNotFound, CaseClosed, FieldRefused.
    """
    need(actor, Permission.WORK_CASES)
    text = checking.long_text(text, "text")
    if not text:
        raise FieldRefused("text", "Write something first.")
    if kind not in Entry.Kind.values:
        raise FieldRefused("kind", "It is a comment or a note.")
    case = _open_case(case_id, team_ids)
    with transaction.atomic():
        entry = Entry.objects.create(case=case, kind=kind, author=actor, at=now, text=text)
        record_change(
            at=now,
            actor=actor,
            door=door,
            verb=WROTE,
            object_type=OBJECT_TYPE,
            object_id=case.pk,
            after={"entry": entry.pk, "kind": kind},
            team=case.team,
        )
        tell_mentioned(entry, case, actor=actor, now=now)
    return entry


def _open_case(case_id: int, team_ids: Sequence[int]) -> Case:
    seen = Case.objects.filter(pk=case_id, team_id__in=team_ids).select_related("team")
    case = seen.first() if 0 < case_id < 2**63 else None
    if case is None:
        raise CaseNotFound(case_id)
    if case.status == Status.CLOSED:
        raise CaseClosed(case_id)
    return case
