"""What people do with alerts: each view reads a form, calls one service and says what happened.

Without htmx the answer is a redirect to where the person was (303), with the outcome and its undo at the foot of the
page; a form with a mistake is shown again (422), and a stale one says who was first (409).
"""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import page
from accounts.local_path import local_path
from accounts.models import User
from accounts.roles import Permission
from accounts.selectors import people_to_assign, teams_of
from alerts import notes, snoozing, triage
from alerts import undo as undoing
from alerts.act_forms import SnoozeForm, folds_in, original_in
from alerts.blame import RuleFailed
from alerts.errors import AlertError, StaleAlert
from alerts.forms import AssignForm, CommentForm, StatusForm
from alerts.models import Alert, Status, closed_as
from alerts.selectors.originals import originals_of, originals_of_ticked
from alerts.triage import Outcome
from alerts.views.act_words import meant_words, offers_after, snoozed_words, taken_words
from alerts.views.answers import Spoken, answer, fragment, say, see_other, tell
from alerts.views.bulk import STATUS_OF, act_url, answer_queue, first_error, show_act
from alerts.views.detail import alert_context, seen_alert
from alerts.views.frame import alert_address, came_from, queue_url
from engine import ExceptionEntryError
from rules.errors import RulesError
from soc.web.clock import now as clock_now
from soc.web.htmx import render_page, wants_part
from soc.web.http import UserRequest
from soc.web.numbers import whole, wholes


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
            fault=data["fault"],
            duplicate_of=original_in(request.POST),
            versions={alert.pk: data["version"]},
            actor=request.user,
            now=clock_now(),
            team_ids=teams_of(request.user),
        )
    except StaleAlert as stale:
        action = next(name for name, status in STATUS_OF.items() if status == data["status"])
        fields = ("status", "reason", "fault", "note", "of")
        return _overwritable(request, alert_id, stale, "alerts:set_status", fields, meant_words(action, data))
    except AlertError as error:
        return show_alert(request, alert, 422, note_error=error.message)
    words = _status_words(data, outcome)
    offers = offers_after("close" if data["status"] == Status.CLOSED else "", data, outcome.changed)
    return back_to_alert(request, alert, Spoken(words, outcome.group, offers=offers, alerts=(alert.pk,)))


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
        meant = meant_words("assign", form.cleaned_data)
        return _overwritable(request, alert_id, stale, "alerts:assign", ("assignee",), meant)
    except AlertError as error:
        return show_alert(request, alert, 422, problem=error.message)
    return back_to_alert(request, alert, Spoken(_owner_words(form.cleaned_data["assignee"], outcome), outcome.group))


@page(Permission.TRIAGE, methods=("POST",))
def comment(request: UserRequest, alert_id: int) -> HttpResponseBase:
    """Leave a comment; htmx gets the activity with it, or beside the queue a word, a browser is sent there."""
    alert, beside = seen_alert(request.user, alert_id), wants_part(request) and "peek" in request.POST
    form = CommentForm(request.POST)
    if not form.is_valid():
        if beside:
            return _said_alone(request, Spoken(first_error(form), problem=True))
        return show_alert(request, alert, 422, side="activity", comment_form=form, part="side")
    try:
        written = notes.comment(
            alert_id=alert.pk,
            text=form.cleaned_data["text"],
            actor=request.user,
            now=clock_now(),
            team_ids=teams_of(request.user),
        )
    except AlertError as error:
        if beside:
            return _said_alone(request, Spoken(error.message, problem=True))
        form.add_error("text", error.message)
        return show_alert(request, alert, 422, side="activity", comment_form=form, part="side")
    spoken = Spoken(_("Comment added."), written.group)
    if beside:
        return _said_alone(request, spoken)
    return answer(
        request,
        spoken,
        redirect_to=alert_url(alert, "activity", came_from(request)),
        template="alerts/detail.html",
        part="answer",
        context=lambda: alert_context(request, alert, "activity"),
    )


def _said_alone(request: UserRequest, spoken: Spoken) -> HttpResponseBase:
    """What was done from beside the queue, whose rows it does not change."""
    response = fragment(request, "alerts/_spoken.html", {"spoken": spoken, "undo_back": ""})
    response.status_code = 422 if spoken.problem else 200
    return response


@page(Permission.TRIAGE, methods=("POST",))
def snooze(request: UserRequest, alert_id: int) -> HttpResponseBase:
    """Let one alert sleep for a while, or wake it."""
    alert, now = seen_alert(request.user, alert_id), clock_now()
    form = SnoozeForm(request.POST)
    if not form.is_valid():
        return show_alert(request, alert, 422, problem=first_error(form))
    data = form.cleaned_data
    common: dict[str, Any] = {
        "alert_ids": [alert.pk],
        "versions": {alert.pk: data["version"]},
        "actor": request.user,
        "now": now,
        "team_ids": teams_of(request.user),
    }
    try:
        if data["wake"]:
            outcome = snoozing.wake(**common)
        else:
            until = snoozing.until_of(data["until"], now=now, time_zone=request.user.time_zone)
            outcome = snoozing.snooze(until=until, recurs=data["recurs"], **common)
    except StaleAlert as stale:
        meant = meant_words("wake" if data["wake"] else "snooze", data)
        return _overwritable(request, alert_id, stale, "alerts:snooze", ("until", "recurs", "wake"), meant)
    except AlertError as error:
        return show_alert(request, alert, 422, problem=error.message)
    return back_to_alert(request, alert, Spoken(_snooze_words(data, outcome), outcome.group))


@page(Permission.TRIAGE)
def originals(request: UserRequest, alert_id: int) -> HttpResponseBase:
    """Which alerts this one may be a duplicate of, to choose one by key; without scripts a page of links."""
    alert = seen_alert(request.user, alert_id)
    if not wants_part(request):
        return see_other(alert_url(alert, "related", came_from(request)))
    return _offered(request, originals_of(alert, user=request.user))


@page(Permission.TRIAGE)
def originals_of_several(request: UserRequest) -> HttpResponseBase:
    """The same of what is ticked in the queue: `alert`, the numbers, and `fold`. Without scripts one types a number."""
    if not wants_part(request):
        return see_other(queue_url(came_from(request)))
    numbers = wholes(request.GET.getlist("alert"))
    try:
        folds = folds_in(request.GET.getlist("fold"))
    except ValidationError:
        folds = []
    return _offered(request, originals_of_ticked(numbers, folds, user=request.user))


def _offered(request: UserRequest, found: list[Alert]) -> HttpResponseBase:
    return fragment(request, "alerts/_originals.html", {"originals": found, "now": clock_now()})


@page(Permission.TRIAGE, methods=("POST",))
def undo(request: UserRequest, group: UUID) -> HttpResponseBase:
    """Take back what was done under one group within ten minutes; answers with where the person was."""
    alert_id, back = request.POST.get("alert") or request.GET.get("alert", ""), list[int]()
    try:
        undone = undoing.undo(group=group, actor=request.user, now=clock_now(), team_ids=teams_of(request.user))
    except (AlertError, RulesError, ExceptionEntryError) as error:
        spoken = Spoken(error.message, problem=True)
    except RuleFailed:
        spoken = Spoken(_("Nothing was undone: its rule fails, so what was held back cannot be judged."), problem=True)
    else:
        if undone.act is not None:
            return show_act(request, undone.act) if wants_part(request) else see_other(act_url(undone.act))
        spoken, back = Spoken(_undone_words(undone)), undone.alerts
    if (to := request.GET.get("to", "")) and not wants_part(request):
        tell(request, spoken)
        return see_other(local_path(to))
    alert = _still_seen(request.user, alert_id)
    return (
        back_to_alert(request, alert, spoken, "activity") if alert is not None else answer_queue(request, spoken, back)
    )


def _overwritable(
    request: UserRequest, alert_id: int, stale: StaleAlert, name: str, fields: tuple[str, ...], meant: str
) -> HttpResponseBase:
    """The alert as it is now, with who was first, and the same act, told as `meant`, offered once more on what one sees
    now."""
    again = {
        "meant": meant,
        "url": reverse(name, args=[alert_id]),
        "fields": [(field, request.POST[field]) for field in fields if field in request.POST],
    }
    return show_alert(request, seen_alert(request.user, alert_id), 409, stale=stale, again=again)


def show_alert(
    request: UserRequest, alert: Alert, status: int, side: str = "guide", part: str = "", **more: Any
) -> HttpResponseBase:
    """The alert page again, with what went wrong on it; for htmx the part that says so, where one does."""
    context = alert_context(request, alert, side) | more
    if not part:
        return render(request, "alerts/detail.html", context, status=status)
    return render_page(request, "alerts/detail.html", context, part=part, status=status)


def back_to_alert(request: UserRequest, alert: Alert, spoken: Spoken, side: str = "guide") -> HttpResponseBase:
    """To the alert's page, with what was done at its foot."""
    say(request, spoken)
    return see_other(alert_url(alert, side, came_from(request)))


def alert_url(alert: Alert, side: str = "guide", query: str = "") -> str:
    """The address of an alert's page, with the queue it was opened from."""
    return alert_address(alert.pk, query, side="" if side == "guide" else side)


def _snooze_words(data: dict[str, Any], outcome: Outcome) -> str:
    if not outcome.changed:
        return _("Nothing to change: the alert already was so.")
    if data["wake"]:
        return _("Awake again.")
    return _("Snoozed %(until)s.") % {"until": snoozed_words(data)}


def _status_words(data: dict[str, Any], outcome: Outcome) -> str:
    status = data["status"]
    if not outcome.changed:
        return _("Nothing to change: the alert already was so.")
    if status == Status.CLOSED:
        return _("Closed as %(reason)s.") % {"reason": closed_as(data["reason"], data["fault"])}
    if status == Status.ACKNOWLEDGED:
        return _("Acknowledged.") + taken_words(outcome.taken, 1)
    return _("Reopened.")


def _owner_words(assignee: User | None, outcome: Outcome) -> str:
    if not outcome.changed:
        return _("Nothing to change: the owner already was so.")
    return _("Assigned to %(person)s.") % {"person": assignee} if assignee else _("Nobody owns it now.")


def _still_seen(user: User, alert_id: str) -> Alert | None:
    """The alert that an undo was pressed on, unless it went to another team meanwhile."""
    if (number := whole(alert_id)) is None:
        return None
    return Alert.objects.filter(pk=number, team_id__in=teams_of(user)).first()


def _undone_words(undone: undoing.Undone) -> str:
    """What came back, truly: an import's undo leaves what was changed since."""
    count, gone, back, left = len(undone.alerts), undone.gone, undone.changed_back, undone.left
    lists, drafts = undone.lists, undone.drafts
    alerts = ngettext("Undone: 1 alert is as before.", "Undone: %(count)s alerts are as before.", count)
    said = [alerts % {"count": count}] if count or not (gone or back or left or lists or drafts) else [_("Undone.")]
    counted = (
        (gone, ngettext("1 exception is gone.", "%(n)s exceptions are gone.", gone)),
        (lists, ngettext("1 shared list is gone.", "%(n)s shared lists are gone.", lists)),
        (back, ngettext("1 exception is as before.", "%(n)s exceptions are as before.", back)),
        (drafts, ngettext("1 draft is as before.", "%(n)s drafts are as before.", drafts)),
        (left, ngettext("1 stays: changed since, or guarded.", "%(n)s stay: changed since, or guarded.", left)),
        (
            undone.released,
            ngettext("1 held back event is an alert now.", "%(n)s held back events are alerts now.", undone.released),
        ),
    )
    return " ".join([*said, *(words % {"n": number} for number, words in counted if number)])
