"""What the searches of a guide find: all the numbers in one answer, and the newest few of one search in place."""

from typing import Any

from django.http import Http404, HttpResponseBase

from accounts.access import page
from accounts.selectors import teams_of
from alerts.guides import Checklist, checklist_of, guide_of
from alerts.guides.counting import EACH_SECONDS, LONGER_SECONDS, answer_of, count_all
from alerts.guides.pivoting import ShownPivot
from alerts.guides.rows import rows_of
from alerts.guides.values import values_of
from alerts.models import Alert
from alerts.views.answers import fragment, see_other
from alerts.views.detail import seen_alert
from rules.trees import TreeUnusable
from soc.web.http import UserRequest

ROWS_SECONDS = EACH_SECONDS


@page()
def counts(request: UserRequest, alert_id: int) -> HttpResponseBase:
    """The number behind every search of the guide, for htmx to put in its place. The page asks once more, with more
    time, about those that were not finished: `again` are their numbers.
    """
    alert = seen_alert(request.user, alert_id)
    shown, again = _guide(request, alert).all_pivots, request.GET.getlist("again")
    asked = [one for one in shown if str(one.number) in again] if again else shown
    found = count_all(asked, teams_of(request.user), alert_id=alert.pk, again=bool(again))
    unfinished = [] if again else [one.number for one, total in found if total.stopped]
    return fragment(
        request, "alerts/_pivots_counted.html", {"counted": found, "unfinished": unfinished, "alert": alert}
    )


@page()
def rows(request: UserRequest, alert_id: int, pivot_number: int) -> HttpResponseBase:
    """The newest few of one search; a browser without scripts is sent to the page that shows all. With `longer` more
    time is spent."""
    alert = seen_alert(request.user, alert_id)
    shown = _numbered(_guide(request, alert), pivot_number)
    if not request.htmx:
        return see_other(shown.url)
    longer = "longer" in request.GET
    team_ids = teams_of(request.user)
    answer = answer_of(shown, team_ids, alert.pk, LONGER_SECONDS if longer else ROWS_SECONDS)
    context: dict[str, Any] = {
        "alert": alert,
        "shown": shown,
        "answer": answer,
        "rows": rows_of(shown, answer),
        "longer": longer,
        "counting": answer.total.stopped and not answer.total.number and not longer,
        "counted": [(shown, answer.total)],
    }
    return fragment(request, "alerts/_pivot_rows.html", context)


def _guide(request: UserRequest, alert: Alert) -> Checklist:
    try:
        definition, guide = guide_of(alert)
    except TreeUnusable as error:
        raise Http404("The rule of this alert cannot be read.") from error
    return checklist_of(definition, guide, values_of(alert, teams_of(request.user)), {})


def _numbered(shown: Checklist, number: int) -> ShownPivot:
    for one in shown.all_pivots:
        if one.number == number and one.can_be_asked:
            return one
    raise Http404("This guide has no such search.")
