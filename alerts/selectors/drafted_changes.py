"""The changes of a stored exception that were sent for review: which wait, and what the record says of them."""

from collections.abc import Iterable, Sequence

from django.db.models import QuerySet

from accounts.access import may
from accounts.models import Change, User
from accounts.roles import Permission
from alerts.exceptions.draft_keeping import OBJECT_TYPE, TAKEN_UP_AGAIN, State
from alerts.models import ExceptionDraft
from rules.models import ExceptionItem


def changes_waiting(item: ExceptionItem, user: User, team_ids: Sequence[int]) -> list[tuple[ExceptionDraft, bool]]:
    """The changes of an exception that wait in these teams, oldest first, and whether the person may look at each: a
    reviewer, or who sent it. One query."""
    found = ExceptionDraft.objects.filter(edits=item, team_id__in=team_ids, state=State.WAITING)
    reviews = may(user, Permission.REVIEW_EXCEPTIONS)
    return [(one, reviews or one.author_id == user.pk) for one in found.select_related("author").order_by("pk")]


def taken_up_again(user: User, draft_id: int, item: ExceptionItem, team_ids: Sequence[int]) -> ExceptionDraft | None:
    """The person's own change of this exception that he may take up again: one that was returned, or that waits."""
    mine = ExceptionDraft.objects.filter(TAKEN_UP_AGAIN, pk=draft_id, edits=item, author=user, team_id__in=team_ids)
    return mine.select_related("author", "reviewer").first()


def entries_about(item: ExceptionItem, team_ids: Iterable[int]) -> QuerySet[Change]:
    """What the record says of the changes of an exception that were sent for review in these teams."""
    drafts = ExceptionDraft.objects.filter(edits=item, team_id__in=team_ids).values_list("pk", flat=True)
    numbers = [str(number) for number in drafts]
    return Change.objects.filter(object_type=OBJECT_TYPE, object_id__in=numbers)
