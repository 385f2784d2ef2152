"""Saved views of the queue: a person's own in his order, then what others share with his teams."""

from collections.abc import Sequence

from django.db.models import Q

from accounts.models import User
from alerts.models import SavedView

MOST_SHOWN = 40


def saved_views(user: User, team_ids: Sequence[int]) -> list[SavedView]:
    """The views that stand as tabs above the person's queue. One query."""
    seen = SavedView.objects.filter(Q(owner=user) | Q(team_id__in=team_ids)).select_related("owner", "team")
    views = list(seen.order_by("position", "name", "pk")[: 5 * MOST_SHOWN])
    views.sort(key=lambda view: view.owner_id != user.pk)
    return views[:MOST_SHOWN]
