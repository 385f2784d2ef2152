"""What a person did to exceptions and their drafts just now and can still take back, also where the thing is gone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Change, User
from accounts.record import UNDO_WINDOW
from alerts.exception_undo import undoable
from alerts.exceptions.draft_keeping import OBJECT_TYPE
from alerts.exceptions.drafts import WITH_WAY_BACK
from alerts.models import ExceptionDraft
from alerts.selectors.undoable import EXCEPTION
from rules.models import ExceptionItem

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Done:
    """An act that can be taken back: what was done, to what, on which rule."""

    change: Change
    name: str
    rule: str


def done_lately(user: User, team_ids: Sequence[int], now: datetime) -> list[Done]:
    """The person's own acts, newest first, each once. A query, and up to five more after such acts."""
    own = Change.objects.filter(actor=user, at__gte=now - UNDO_WINDOW, object_type__in=(EXCEPTION, OBJECT_TYPE))
    acts = list(own.exclude(group=None).order_by("-at", "-pk")[: 10 * SHOWN])
    found = _of_items([one for one in acts if one.object_type == EXCEPTION], user, team_ids, now)
    of_items = {one.group for one in acts if one.object_type == EXCEPTION}
    drafts = [one for one in acts if one.object_type == OBJECT_TYPE and one.group not in of_items]
    found |= _of_drafts(drafts, team_ids)
    once = {one.group: found[one.pk] for one in reversed(acts) if one.pk in found}
    return sorted(once.values(), key=lambda one: one.change.pk, reverse=True)[:SHOWN]


def _of_items(acts: Sequence[Change], user: User, team_ids: Sequence[int], now: datetime) -> dict[int, Done]:
    if not acts:
        return {}
    rows = ExceptionItem.objects.filter(pk__in=[int(one.object_id) for one in acts]).select_related("rule")
    items = {item.pk: item for item in rows if item.rule.team_id in {None, *team_ids}}
    ways_back = undoable(acts, items, user, now)
    about = {one.pk: items[int(one.object_id)] for one in acts if one.pk in ways_back}
    return {one.pk: Done(one, about[one.pk].name, about[one.pk].rule.name) for one in acts if one.pk in about}


def _of_drafts(acts: Sequence[Change], team_ids: Sequence[int]) -> dict[int, Done]:
    waiting = [one for one in acts if one.verb in WITH_WAY_BACK]
    if not waiting:
        return {}
    rows = ExceptionDraft.objects.filter(pk__in=[int(one.object_id) for one in waiting], team_id__in=team_ids)
    drafts = {row.pk: row for row in rows.select_related("rule")}
    last = [one for one in waiting if _is_last(one, drafts.get(int(one.object_id)))]
    about = {one.pk: drafts[int(one.object_id)] for one in last}
    return {one.pk: Done(one, about[one.pk].name, about[one.pk].rule.name) for one in last}


def _is_last(change: Change, draft: ExceptionDraft | None) -> bool:
    return draft is not None and draft.version == change.after.get("version")
