"""A list without rows: why there are none, and what could be done about it."""

import re
from typing import Any

from accounts.models import User
from accounts.roles import Role
from accounts.selectors import teams_of
from alerts import selectors
from alerts.selectors.numbers import closed_today
from alerts.selectors.queue_page import tree_of
from alerts.views.asked import Queue
from alerts.views.first_run import first_run
from alerts.views.frame import queue_url
from engine.tree import fields_of
from events.completing import Unknown, unknown_fields
from soc.web.counts import Count, of
from soc.web.http import UserRequest

NOTHING = Count(0, False)
_NUMBER = re.compile(r"AL-([0-9]{1,18})", re.IGNORECASE)


def no_rows(request: UserRequest, asked: Queue, counts: dict[str, Count]) -> dict[str, Any]:
    """What the template needs to say it; `counts` are the tabs'."""
    if not teams_of(asked.user):
        return {"empty": "no_team", "admins": _admins()}
    if not counts.get("all", NOTHING).number:
        return {"empty": "first_run", "first": first_run(request)}
    if asked.narrowed:
        without = queue_url("" if asked.view == "triage" else f"view={asked.view}")
        return {
            "empty": "filters", "open_without": counts.get(asked.view, NOTHING), "without_filters": without,
            "unknown": _unknown(asked), "number": _NUMBER.fullmatch(asked.chosen.get("q", "").strip()),
        }  # fmt: skip
    last = selectors.last_alert_at(user=asked.user)
    by_reason = closed_today(asked.user, asked.now)
    return {"empty": "view", "closed_today": of(by_reason.total()), "by_reason": by_reason, "last_alert": last}


def _unknown(asked: Queue) -> tuple[Unknown, ...]:
    """The fields of a query that finds nothing, which nothing seems to have."""
    tree = None if asked.kql_error else tree_of(asked.filters(), asked.now)
    if tree is None:
        return ()
    return unknown_fields(fields_of(tree), of_alerts=True, team_ids=teams_of(asked.user), now=asked.now)


def _admins() -> list[User]:
    """Whom to ask for a team."""
    return list(User.objects.filter(role=Role.ADMIN, is_active=True).order_by("first_name", "username")[:5])
