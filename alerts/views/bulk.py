"""Acts on several alerts: those that are ticked, whole folds, or all that match, which a worker works off."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from accounts.access import page
from accounts.models import User
from accounts.roles import Permission
from accounts.selectors import people_to_assign, teams_of
from alerts import bulk as acts
from alerts import notes, snoozing, triage
from alerts.act_forms import MOST_SELECTED, ActForm
from alerts.bulk_verbs import VERBS
from alerts.errors import (
    ActNotFound,
    AlertError,
    AlertNotFound,
    FilterUnknown,
    LookAgain,
    NothingMatches,
    StaleAlert,
)
from alerts.models import Alert, BulkAct, Status
from alerts.moved_on import moved_on
from alerts.selectors import QueueFilters
from alerts.stale import stale
from alerts.triage import Outcome
from alerts.views.act_words import act_title, act_words, meant_words, offers_after, several_words
from alerts.views.answers import Spoken, answer, see_other
from alerts.views.frame import came_from, rights
from alerts.views.queue import queue_context, read_queue
from engine import LanguageError
from soc.web.clock import now as clock_now
from soc.web.htmx import render_page, wants_part
from soc.web.http import UserRequest

STATUS_OF = {"acknowledge": Status.ACKNOWLEDGED, "close": Status.CLOSED, "reopen": Status.OPEN}


@page(Permission.TRIAGE, methods=("POST",))
def bulk(request: UserRequest) -> HttpResponseBase:
    """One action on what is chosen: all of it or, when a ticked alert has moved on, none."""
    form = ActForm(request.POST, people=people_to_assign(teams_of(request.user)))
    if not form.is_valid():
        return show_queue(request, 422, bulk_error=first_error(form))
    data = form.cleaned_data
    try:
        return _all(request, data) if data["all"] else _chosen(request, data)
    except LookAgain as error:
        return show_queue(request, 409, bulk_error=error.message)
    except AlertNotFound as error:
        return show_queue(request, 404, bulk_error=error.message)
    except AlertError as error:
        return show_queue(request, 422, bulk_error=error.message)
    except LanguageError:
        return show_queue(request, 422)  # the queue says itself what is wrong with its query


@page(Permission.TRIAGE)
def progress(request: UserRequest, act_id: UUID) -> HttpResponseBase:
    """How far an act on all that match has come: a toast that asks again, or a page that does."""
    return show_act(request, _act_of(request, act_id))


@page(Permission.TRIAGE, methods=("POST",))
def stop(request: UserRequest, act_id: UUID) -> HttpResponseBase:
    """Leave off; what was done can be undone."""
    try:
        act = acts.stop(act_id=act_id, actor=request.user, now=clock_now())
    except ActNotFound as error:
        raise Http404(error.message) from error
    return show_act(request, act) if wants_part(request) else see_other(act_url(act))


def show_act(request: UserRequest, act: BulkAct) -> HttpResponseBase:
    """The state of an act: its toast for htmx, else a page."""
    now = clock_now()
    state = acts.progress_of(act, now)
    context = {"act": act, "progress": state, "words": act_words(state), "now": now, **rights(request.user)}
    if wants_part(request):
        return render(request, "alerts/_act.html", context)
    return render(request, "alerts/act.html", context | {"title": act_title(act)})


def act_url(act: BulkAct) -> str:
    """Where an act shows how far it has come."""
    return reverse("alerts:bulk_progress", args=[act.pk])


def show_queue(request: UserRequest, status: int, **more: Any) -> HttpResponseBase:
    """The queue again, with what went wrong above its rows."""
    asked = read_queue(request, QueryDict(came_from(request)))
    asked.extra.update(more)
    response = render_page(request, "alerts/queue.html", queue_context(request, asked), part="answer")
    response.status_code = status
    return response


def answer_queue(
    request: UserRequest, spoken: Spoken, back: Collection[int] | None = None, **more: Any
) -> HttpResponseBase:
    """The queue that the person came from, with what was done said at its foot. The cursor is on the first of the
    alerts that came `back`, if one has a row.
    """
    query = came_from(request)
    return answer(
        request,
        spoken,
        redirect_to=f"{reverse('alerts:queue')}?{query}" if query else reverse("alerts:queue"),
        template="alerts/queue.html",
        part="answer",
        context=lambda: _pointing(queue_context(request, read_queue(request, QueryDict(query))) | more, back),
    )


def _pointing(context: dict[str, Any], back: Collection[int] | None) -> dict[str, Any]:
    if back is None:
        return context
    shown = (row.alert.pk for row in context["page"].rows if row.alert.pk in back)
    return context | {"at": next(shown, None)}


def first_error(form: Any) -> str:
    """The first thing that is wrong in a form, as a sentence."""
    for errors in form.errors.values():
        return str(errors[0])
    return ""


def chosen_numbers(request: UserRequest, data: dict[str, Any], limit: int = MOST_SELECTED) -> list[int]:
    """The ticked alerts and the members of the ticked folds; one more than `limit` says that there are more.

    Of folds those that there were when the list was drawn. Raises: FilterUnknown, LanguageError, LookAgain.
    """
    numbers = list(data["versions"])
    if data["folds"]:
        by: dict[str, Any] = {"filters": filters_of(request), "user": request.user, "now": clock_now()}
        numbers += acts.members(folds=data["folds"], seen=data["seen"], limit=limit + 1, **by)
    return list(dict.fromkeys(numbers))[: limit + 1]


def filters_of(request: UserRequest) -> QueueFilters:
    """The filters of the queue that the person acts from.

    Raises: FilterUnknown for one that is left out, as its rule, owner or team is not to be chosen any more.
    """
    asked = read_queue(request, QueryDict(came_from(request)))
    if asked.form.errors:
        raise FilterUnknown
    return asked.filters()


def start(request: UserRequest, verb: str, arguments: dict[str, Any], data: dict[str, Any]) -> BulkAct:
    """Begin an act on all that match, or on what is chosen. Raises: AlertError, LanguageError."""
    return acts.start(
        verb=verb,
        arguments=arguments,
        filters=filters_of(request),
        folds=data["folds"] if not data["all"] else (),
        also=list(data["versions"]) if not data["all"] else (),
        query=came_from(request),
        seen=data["seen"],
        actor=request.user,
        now=clock_now(),
    )


def _chosen(request: UserRequest, data: dict[str, Any]) -> HttpResponseBase:
    action, numbers = data["action"], chosen_numbers(request, data)
    if not numbers:  # folds of which nothing is left, or nothing was ever to be seen
        raise NothingMatches
    if action == "escalate":
        return _to_escalation(request, numbers[:MOST_SELECTED])
    if len(numbers) > MOST_SELECTED:
        return began(request, start(request, action, _arguments(request, data), data))
    try:
        if VERBS[action].moves:
            data["versions"] = _as_known(request.user, numbers, data)
        outcome = _act(request, data, numbers)
    except StaleAlert as stale:
        return show_queue(request, 409, stale=stale, again=_again(request, numbers, meant_words(action, data)))
    words = several_words(action, len(outcome.changed), data, outcome.taken)
    offers = offers_after(action, data, outcome.changed)
    return answer_queue(request, Spoken(words, outcome.group, offers=offers, alerts=tuple(outcome.changed[:50])))


def _as_known(user: User, numbers: list[int], data: dict[str, Any]) -> dict[int, int]:
    """The versions of the alerts on which to act, which stand as the person knows them: a tick says which version was
    seen, a folded row when its alerts were. What he does not see has none. Raises: StaleAlert.
    """
    ticked: dict[int, int] = data["versions"]
    seen, now = data["seen"], clock_now()
    if not seen:
        return ticked
    theirs = Alert.objects.filter(pk__in=numbers, team_id__in=teams_of(user))
    versions = dict(theirs.values_list("pk", "version"))  # asked for first: what comes from now on makes them stale
    listed = {number: ticked.get(number) for number, version in versions.items() if ticked.get(number) != version}
    if moved := moved_on(listed, person_id=user.pk, drawn=min(seen.at, now), asked=now):
        raise stale(Alert.objects.get(pk=min(moved)))
    return versions


def _all(request: UserRequest, data: dict[str, Any]) -> HttpResponseBase:
    if data["action"] == "escalate":
        raise AlertError("Escalate alerts that you have selected one by one.")
    return began(request, start(request, data["action"], _arguments(request, data), data))


def began(request: UserRequest, act: BulkAct) -> HttpResponseBase:
    """What is answered when an act on all that match was begun: the queue with its toast; without htmx its own page."""
    if not wants_part(request):
        return see_other(act_url(act))
    state = acts.progress_of(act, clock_now())
    return answer_queue(request, Spoken(""), act=act, progress=state, words=act_words(state))


def _act(request: UserRequest, data: dict[str, Any], numbers: list[int]) -> Outcome:
    now = clock_now()
    common: dict[str, Any] = {
        "alert_ids": numbers,
        "actor": request.user,
        "now": now,
        "team_ids": teams_of(request.user),
    }
    action = data["action"]
    if action == "note":
        return notes.note_all(text=data["text"], **common)
    common["versions"] = data["versions"]
    if action == "assign":
        return triage.assign(assignee=data["assignee"], **common)
    if action == "wake":
        return snoozing.wake(**common)
    if action == "snooze":
        until = snoozing.until_of(data["until"], now=now, time_zone=request.user.time_zone)
        return snoozing.snooze(until=until, recurs=data["recurs"], **common)
    said = {name: data[name] for name in ("reason", "fault", "note")}
    return triage.set_status(status=STATUS_OF[action], duplicate_of=data["of"], **said, **common)


def _arguments(request: UserRequest, data: dict[str, Any]) -> dict[str, Any]:
    """What a worker needs to know to do the same."""
    action, now = data["action"], clock_now()
    if action == "close":
        return {name: data[name] for name in ("reason", "fault", "note")} | {"duplicate_of": data["of"]}
    if action == "assign":
        return {"assignee": data["assignee"].pk if data["assignee"] else None}
    if action == "snooze":
        until = snoozing.until_of(data["until"], now=now, time_zone=request.user.time_zone)
        return {"until": until.isoformat(), "recurs": data["recurs"]}
    if action == "note":
        return {"text": data["text"]}
    return {}


def _again(request: UserRequest, numbers: list[int], meant: str) -> dict[str, Any]:
    """The same act, told as `meant`, once more on the alerts as they are now, each by its number."""
    now = Alert.objects.filter(pk__in=numbers, team_id__in=teams_of(request.user)).order_by("pk")
    ticks = [("alert", f"{number}:{version}") for number, version in now.values_list("pk", "version")]
    names = ("action", "reason", "fault", "note", "assignee", "until", "recurs", "of")
    told = [(name, request.POST[name]) for name in names if request.POST.get(name)]
    return {"meant": meant, "url": reverse("alerts:bulk"), "fields": [*told, *ticks]}


def _to_escalation(request: UserRequest, alert_ids: list[int]) -> HttpResponseBase:
    """On to the page that asks which team, with the alerts that were chosen."""
    chosen = QueryDict(mutable=True)
    chosen.setlist("alert", [str(alert_id) for alert_id in alert_ids])
    if query := came_from(request):
        chosen["from"] = query
    address = f"{reverse('alerts:escalate', args=[alert_ids[0]])}?{chosen.urlencode()}"
    return HttpResponseClientRedirect(address) if request.htmx else see_other(address)


def _act_of(request: UserRequest, act_id: UUID) -> BulkAct:
    try:
        return acts.act_of(act_id, request.user)
    except ActNotFound as error:
        raise Http404(error.message) from error
