"""What people do with alerts: each view reads a form, calls one service and says what happened.

Without htmx the answer is a redirect to where the person was (303), with the outcome and its undo at the foot of the
page; a form with a mistake is shown again (422), and a stale one says who was first (409).
"""

from typing import Any
from uuid import UUID

from django.http import HttpResponseBase, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_htmx.http import HttpResponseClientRedirect

from accounts.access import page
from accounts.models import User
from accounts.roles import Permission
from accounts.selectors import people_to_assign, teams_of
from alerts import triage
from alerts import undo as undoing
from alerts.errors import AlertError, AlertNotFound, StaleAlert
from alerts.forms import AssignForm, BulkForm, CommentForm, StatusForm
from alerts.models import Alert, Reason, Status
from alerts.triage import Outcome
from alerts.views.answers import Spoken, answer, say, see_other
from alerts.views.detail import alert_context, seen_alert
from alerts.views.frame import came_from
from alerts.views.queue import queue_context, read_queue
from soc.web.clock import now as clock_now
from soc.web.htmx import render_page
from soc.web.http import UserRequest

STATUS_OF = {"acknowledge": Status.ACKNOWLEDGED, "close": Status.CLOSED, "reopen": Status.OPEN}


@page(Permission.TRIAGE, methods=("POST",))
def set_status(request: UserRequest, alert_id: int) -> HttpResponseBase:
    """Acknowledge, close or reopen one alert."""
    alert = seen_alert(request.user, alert_id)
    form = StatusForm(request.POST)
    if not form.is_valid():
        return show_alert(request, alert, 422, note_error=first_error(form))
    data = form.cleaned_data
    try:
        outcome = triage.set_status(
            alert_ids=[alert.pk],
            status=data["status"],
            reason=data["reason"],
            note=data["note"],
            versions={alert.pk: data["version"]},
            actor=request.user,
            now=clock_now(),
            team_ids=teams_of(request.user),
        )
    except StaleAlert as stale:
        return _overwritable(request, alert_id, stale, "alerts:set_status", ("status", "reason", "note"))
    except AlertError as error:
        return show_alert(request, alert, 422, note_error=error.message)
    return back_to_alert(request, alert, Spoken(_status_words(data["status"], data["reason"], outcome), outcome.group))


@page(Permission.TRIAGE, methods=("POST",))
def assign(request: UserRequest, alert_id: int) -> HttpResponseBase:
    """Give one alert an owner, or none."""
    alert = seen_alert(request.user, alert_id)
    form = AssignForm(request.POST, people=people_to_assign([alert.team_id]))
    if not form.is_valid():
        return show_alert(request, alert, 422, problem=first_error(form))
    try:
        outcome = triage.assign(
            alert_ids=[alert.pk],
            assignee=form.cleaned_data["assignee"],
            versions={alert.pk: form.cleaned_data["version"]},
            actor=request.user,
            now=clock_now(),
            team_ids=teams_of(request.user),
        )
    except StaleAlert as stale:
        return _overwritable(request, alert_id, stale, "alerts:assign", ("assignee",))
    except AlertError as error:
        return show_alert(request, alert, 422, problem=error.message)
    return back_to_alert(request, alert, Spoken(_owner_words(form.cleaned_data["assignee"], outcome), outcome.group))


@page(Permission.TRIAGE, methods=("POST",))
def comment(request: UserRequest, alert_id: int) -> HttpResponseBase:
    """Leave a comment; htmx gets the activity with it, a browser is sent there."""
    alert = seen_alert(request.user, alert_id)
    form = CommentForm(request.POST)
    if not form.is_valid():
        return show_alert(request, alert, 422, side="activity", comment_form=form, part="side")
    try:
        triage.comment(
            alert_id=alert.pk,
            text=form.cleaned_data["text"],
            actor=request.user,
            now=clock_now(),
            team_ids=teams_of(request.user),
        )
    except AlertError as error:
        form.add_error("text", error.message)
        return show_alert(request, alert, 422, side="activity", comment_form=form, part="side")
    return answer(
        request,
        Spoken(_("Comment added.")),
        redirect_to=alert_url(alert, "activity"),
        template="alerts/detail.html",
        part="side",
        context=lambda: alert_context(request, alert, "activity"),
    )


@page(Permission.TRIAGE, methods=("POST",))
def bulk(request: UserRequest) -> HttpResponseBase:
    """One action on the ticked alerts: all of them or, when one has moved on, none."""
    form = BulkForm(request.POST, people=people_to_assign(teams_of(request.user)))
    if not form.is_valid():
        return show_queue(request, 422, bulk_error=first_error(form))
    if form.cleaned_data["action"] == "escalate":
        return _to_escalation(request, list(form.cleaned_data["versions"]))
    try:
        outcome = _act(request, form.cleaned_data)
    except StaleAlert as stale:
        return show_queue(request, 409, stale=stale)
    except AlertNotFound as error:
        return show_queue(request, 404, bulk_error=error.message)
    except AlertError as error:
        return show_queue(request, 422, bulk_error=error.message)
    query = came_from(request)
    return answer(
        request,
        Spoken(_bulk_words(form.cleaned_data, outcome), outcome.group),
        redirect_to=f"{reverse('alerts:queue')}?{query}" if query else reverse("alerts:queue"),
        template="alerts/queue.html",
        part="answer",
        context=lambda: queue_context(request, read_queue(request, QueryDict(query))),
    )


@page(Permission.TRIAGE, methods=("POST",))
def undo(request: UserRequest, group: UUID) -> HttpResponseBase:
    """Take back what was done under one group within ten minutes; answers with where the person was."""
    alert_id = request.POST.get("alert") or request.GET.get("alert", "")
    try:
        undone = undoing.undo(group=group, actor=request.user, now=clock_now(), team_ids=teams_of(request.user))
    except AlertError as error:
        message, status = error.message, 409
    else:
        message, status = _undone_words(undone), 200
    alert = _still_seen(request.user, alert_id)
    if alert is not None:
        return back_to_alert(request, alert, Spoken(message, problem=status != 200), "activity")
    query = came_from(request)
    return answer(
        request,
        Spoken(message, problem=status != 200),
        redirect_to=f"{reverse('alerts:queue')}?{query}" if query else reverse("alerts:queue"),
        template="alerts/queue.html",
        part="answer",
        context=lambda: queue_context(request, read_queue(request, QueryDict(query))),
    )


def _to_escalation(request: UserRequest, alert_ids: list[int]) -> HttpResponseBase:
    """On to the page that asks which team, with the alerts that were ticked."""
    chosen = QueryDict(mutable=True)
    chosen.setlist("alert", [str(alert_id) for alert_id in alert_ids])
    if query := came_from(request):
        chosen["from"] = query
    address = f"{reverse('alerts:escalate', args=[alert_ids[0]])}?{chosen.urlencode()}"
    return HttpResponseClientRedirect(address) if request.htmx else see_other(address)


def _overwritable(
    request: UserRequest, alert_id: int, stale: StaleAlert, name: str, fields: tuple[str, ...]
) -> HttpResponseBase:
    """The alert as it is now, with who was first, and the same act offered once more on what one sees now."""
    again = {
        "url": reverse(name, args=[alert_id]),
        "fields": [(field, request.POST[field]) for field in fields if field in request.POST],
    }
    return show_alert(request, seen_alert(request.user, alert_id), 409, stale=stale, again=again)


def show_alert(
    request: UserRequest, alert: Alert, status: int, side: str = "guide", part: str = "main", **more: Any
) -> HttpResponseBase:
    """The alert page again, with what went wrong on it."""
    context = alert_context(request, alert, side) | more
    response = render_page(request, "alerts/detail.html", context, part=part)
    response.status_code = status
    return response


def show_queue(request: UserRequest, status: int, **more: Any) -> HttpResponseBase:
    """The queue again, with what went wrong above its rows."""
    asked = read_queue(request, QueryDict(came_from(request)))
    asked.extra.update(more)
    response = render_page(request, "alerts/queue.html", queue_context(request, asked), part="answer")
    response.status_code = status
    return response


def back_to_alert(request: UserRequest, alert: Alert, spoken: Spoken, side: str = "guide") -> HttpResponseBase:
    """To the alert's page, with what was done at its foot."""
    say(request, spoken)
    return see_other(alert_url(alert, side, came_from(request)))


def alert_url(alert: Alert, side: str = "guide", query: str = "") -> str:
    """The address of an alert's page, with the queue it was opened from."""
    state = QueryDict(mutable=True)
    if side != "guide":
        state["side"] = side
    if query:
        state["from"] = query
    address = reverse("alerts:detail", args=[alert.pk])
    return f"{address}?{state.urlencode()}" if state else address


def first_error(form: Any) -> str:
    """The first thing that is wrong in a form, as a sentence."""
    for errors in form.errors.values():
        return str(errors[0])
    return ""


def _act(request: UserRequest, data: dict[str, Any]) -> Outcome:
    common: dict[str, Any] = {
        "alert_ids": list(data["versions"]),
        "versions": data["versions"],
        "actor": request.user,
        "now": clock_now(),
        "team_ids": teams_of(request.user),
    }
    if data["action"] == "assign":
        return triage.assign(assignee=data["assignee"], **common)
    return triage.set_status(status=STATUS_OF[data["action"]], reason=data["reason"], note=data["note"], **common)


def _status_words(status: str, reason: str, outcome: Outcome) -> str:
    if not outcome.changed:
        return _("Nothing to change: the alert already was so.")
    if status == Status.CLOSED:
        return _("Closed as %(reason)s.") % {"reason": Reason(reason).label.lower()}
    return _("Acknowledged.") if status == Status.ACKNOWLEDGED else _("Reopened.")


def _owner_words(assignee: User | None, outcome: Outcome) -> str:
    if not outcome.changed:
        return _("Nothing to change: the owner already was so.")
    return _("Assigned to %(person)s.") % {"person": assignee} if assignee else _("Nobody owns it now.")


def _bulk_words(data: dict[str, Any], outcome: Outcome) -> str:
    count = len(outcome.changed)
    if not count:
        return _("Nothing to change: the alerts already were so.")
    shown = {"count": count, "reason": "", "person": data["assignee"] or _("nobody")}
    if data["action"] == "close":
        shown["reason"] = Reason(data["reason"]).label.lower()
        return ngettext("Closed 1 alert as %(reason)s.", "Closed %(count)s alerts as %(reason)s.", count) % shown
    if data["action"] == "assign":
        return ngettext("Assigned 1 alert to %(person)s.", "Assigned %(count)s alerts to %(person)s.", count) % shown
    if data["action"] == "acknowledge":
        return ngettext("Acknowledged 1 alert.", "Acknowledged %(count)s alerts.", count) % shown
    return ngettext("Reopened 1 alert.", "Reopened %(count)s alerts.", count) % shown


def _still_seen(user: User, alert_id: str) -> Alert | None:
    """The alert that an undo was pressed on, unless it went to another team meanwhile."""
    if not alert_id.isdecimal() or len(alert_id) > 18:
        return None
    return Alert.objects.filter(pk=int(alert_id), team_id__in=teams_of(user)).first()


def _undone_words(undone: undoing.Undone) -> str:
    count = len(undone.alerts)
    words = ngettext("Undone: 1 alert is as before.", "Undone: %(count)s alerts are as before.", count)
    released = ngettext(
        " 1 held back event is an alert now.", " %(n)s held back events are alerts now.", undone.released
    )
    return words % {"count": count} + (released % {"n": undone.released} if undone.released else "")
