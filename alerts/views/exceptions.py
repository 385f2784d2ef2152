"""Exceptions: written on an alert or a rule, previewed on every edit, added with their closes, edited, taken back."""

from typing import Any
from uuid import UUID, uuid4

from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import page
from accounts.models import User
from accounts.roles import Permission
from accounts.selectors import teams_of
from alerts import exceptions
from alerts.blame import RuleFailed
from alerts.errors import AlertError, AlreadyExcepted, ChangeWaits, GuardRefused
from alerts.selectors.drafted_changes import changes_waiting
from alerts.views.actions import back_to_alert
from alerts.views.answers import Spoken, fragment, say, see_other, tell
from alerts.views.compared import compared
from alerts.views.composer import Composer
from alerts.views.composing import compose_edit, compose_from, compose_on_rule, values_of_rule, values_on
from alerts.views.detail import alert_context, seen_alert
from alerts.views.exception_answers import refused, tab_of, told, told_edited, undo_address
from alerts.views.exception_words import changed_words, rule_fails, spoken_of
from alerts.views.frame import came_from, rights
from alerts.views.way_back import back_of
from engine import ExceptionEntryError
from rules.errors import ExceptionRefused, RulesError, StaleException
from rules.models import ExceptionItem, Rule
from soc.web.clock import now as clock_now
from soc.web.htmx import render_page, wants_part
from soc.web.http import UserRequest
from soc.web.numbers import whole

_FORM_FIELD = {"reason": "reason", "expires_at": "expires", "name": "name"}
_EDIT = "alerts/exception_edit.html"


@page(Permission.EXCEPT, methods=("POST",))
def preview(request: UserRequest, alert_id: int) -> HttpResponseBase:
    """What the conditions as typed would have silenced. Changes nothing; it is a POST because conditions are long."""
    alert = seen_alert(request.user, alert_id)
    if _only_preview(request):  # the page around it, with its tree and its related alerts, is not needed
        composer = compose_from(request, alert.rule, alert)
        return _previewed(request, "", {"composer": composer, "alert": alert, **_frame(request)})
    context = alert_context(request, alert, "exception")
    composer = compose_from(request, alert.rule, alert, lambda: values_on(request, context["page"]))
    return _previewed(request, "alerts/detail.html", context | {"composer": composer})


@page(Permission.EXCEPT, methods=("POST",))
def add(request: UserRequest, alert_id: int) -> HttpResponseBase:
    """Save the exception and close what it matches, as one act with one undo."""
    alert = seen_alert(request.user, alert_id)
    context = alert_context(request, alert, "exception")
    composer = compose_from(request, alert.rule, alert, lambda: values_on(request, context["page"]))
    if _is_ready(composer):
        try:
            if "send" in request.POST:
                return back_to_alert(request, alert, Spoken(_sent_words(), _sent(composer)))
            added = _added(composer)
        except (AlertError, RulesError, ExceptionEntryError) as error:
            return _again(request, "alerts/detail.html", context | {"composer": composer}, _show(composer, error))
        return back_to_alert(request, alert, spoken_of(added), "activity")
    return _again(request, "alerts/detail.html", context | {"composer": composer}, 422)


@page(Permission.EXCEPT, methods=("GET", "POST"))
def new(request: UserRequest, rule_id: str) -> HttpResponseBase:
    """The panel on a rule, without an alert."""
    rule = seen_rule(request.user, rule_id)
    if request.method == "GET":
        context = _page_of(request, compose_on_rule(request, rule))
        return render(request, _EDIT, context)
    composer = compose_from(request, rule, None, lambda: values_of_rule(rule, teams_of(request.user)))
    if _is_ready(composer):
        try:
            if "send" in request.POST:
                to = tab_of(rule.pk)
                tell(request, Spoken(_sent_words()), undo_address(_sent(composer), to))
                return see_other(to)
            added = _added(composer)
        except (AlertError, RulesError, ExceptionEntryError) as error:
            return _again(request, _EDIT, _page_of(request, composer), _show(composer, error))
        say(request, spoken_of(added))
        return see_other(reverse("alerts:exceptions"))
    return _again(request, _EDIT, _page_of(request, composer), 422)


@page(Permission.EXCEPT, methods=("POST",))
def new_preview(request: UserRequest, rule_id: str) -> HttpResponseBase:
    """What conditions on a rule would have silenced."""
    rule = seen_rule(request.user, rule_id)
    composer = compose_from(request, rule, None, lambda: values_of_rule(rule, teams_of(request.user)))
    return _previewed(request, _EDIT, _page_of(request, composer))


@page(Permission.EXCEPT, methods=("GET", "POST"))
def edit(request: UserRequest, item_id: int) -> HttpResponseBase:
    """The panel on a stored exception; saving replaces what it says."""
    item = seen_item(request.user, item_id)
    composer = compose_edit(request, item)
    context = _page_of(request, composer)
    if request.method == "GET":
        return render(request, _EDIT, context)
    if _is_ready(composer):
        try:
            if "send" in request.POST:
                to = composer.back or reverse("alerts:exception", args=[item.pk])
                tell(request, Spoken(_sent_change_words()), undo_address(_sent_change(composer, item), to))
                return see_other(to)
            return told_edited(
                request, _("Exception saved."), _edited(composer, item), composer.back or tab_of(item.rule_id)
            )
        except StaleException as error:
            return _again(request, _EDIT, context | {"stale": error.message}, 409)
        except (AlertError, RulesError, ExceptionEntryError, RuleFailed) as error:
            return _again(request, _EDIT, context, _show(composer, error))
    return _again(request, _EDIT, context, 422)


@page(Permission.EXCEPT, methods=("POST",))
def edit_preview(request: UserRequest, item_id: int) -> HttpResponseBase:
    """What the edited conditions would have silenced."""
    composer = compose_edit(request, seen_item(request.user, item_id))
    return _previewed(request, _EDIT, _page_of(request, composer))


@page(Permission.EXCEPT, methods=("POST",))
def disable(request: UserRequest, item_id: int) -> HttpResponseBase:
    """Switch an exception off; what it covers alerts again from the next event on."""
    return _switch(request, item_id, exceptions.disable, _("Exception disabled."))


@page(Permission.EXCEPT, methods=("POST",))
def enable(request: UserRequest, item_id: int) -> HttpResponseBase:
    """Switch an exception on again."""
    return _switch(request, item_id, exceptions.enable, _("Exception enabled."))


@page(Permission.EXCEPT, methods=("POST",))
def take_back(request: UserRequest, item_id: int) -> HttpResponseBase:
    """Take an exception back: it goes, and what it held back and is still stored becomes alerts."""
    return _switch(request, item_id, exceptions.take_back, _("Exception taken back."))


def seen_item(user: User, item_id: int) -> ExceptionItem:
    """The exception, or a 404 when it is gone or its rule belongs to a team the person is not in."""
    item = get_object_or_404(ExceptionItem.objects.select_related("rule", "owner"), pk=item_id, removed_at=None)
    if item.rule.team_id is not None and item.rule.team_id not in teams_of(user):
        raise Http404
    return item


def seen_rule(user: User, rule_id: str) -> Rule:
    """The rule, or a 404 when there is none or it belongs to a team the person is not in."""
    rule = get_object_or_404(Rule.objects.select_related("revision"), pk=rule_id)
    if rule.team_id is not None and rule.team_id not in teams_of(user):
        raise Http404
    return rule


def _page_of(request: UserRequest, composer: Composer) -> dict[str, Any]:
    """What the page needs on which the panel stands alone."""
    context = {"composer": composer, "item": composer.item, "rule": composer.rule, **_frame(request)}
    if composer.item is None or _only_preview(request):
        return context
    waiting = changes_waiting(composer.item, request.user, teams_of(request.user))
    context["waiting"] = [(one, seen) for one, seen in waiting if one != composer.draft]
    if composer.draft is not None:
        context |= {"draft": composer.draft, "change": compared(composer.draft, composer.item)}
    return context


def _frame(request: UserRequest) -> dict[str, Any]:
    return {"query": came_from(request), "now": clock_now(), **rights(request.user)}


def _only_preview(request: UserRequest) -> bool:
    """Whether somebody types: then only the preview changes, and what hangs on it."""
    return wants_part(request) and request.htmx.target == "preview"


def _previewed(request: UserRequest, template: str, context: dict[str, Any]) -> HttpResponseBase:
    """For htmx the preview alone while somebody types, the whole panel when a row came or went; else the page."""
    composer: Composer = context["composer"]
    composer.rev += 1
    if composer.form.is_bound:
        composer.form.full_clean()
        composer.form.errors.clear()
    if not wants_part(request):
        return render_page(request, template, context, part="side")
    if _only_preview(request):
        return fragment(request, "alerts/_preview.html", context | {"oob": True})
    return fragment(request, "alerts/_exception_answer.html", context)


def _again(request: UserRequest, template: str, context: dict[str, Any], status: int) -> HttpResponseBase:
    response = render_page(request, template, context, part="side")
    response.status_code = status
    return response


def _is_ready(composer: Composer) -> bool:
    """Whether there is something to save that can be read."""
    return composer.form.is_valid() and not composer.problem and bool(composer.filled)


def _show(composer: Composer, error: Exception) -> int:
    """Put what a service refused beside the field it is about; the status of the answer."""
    if isinstance(error, ExceptionRefused) and error.field in _FORM_FIELD:
        composer.form.add_error(_FORM_FIELD[error.field], error.message)
    elif isinstance(error, GuardRefused):
        composer.refused = len(error.alert_ids) + error.elsewhere
        may_pass = _("%(hides)s Narrow the conditions, or write here why it may be.") % {"hides": error.hides}
        composer.form.add_error("override", may_pass if composer.may_override else error.message)
    elif isinstance(error, AlreadyExcepted):
        composer.problem = error.message
        composer.conflict = ExceptionItem.objects.filter(pk=error.item_id or 0).first()
        return 409
    elif isinstance(error, AlertError | RulesError | ExceptionEntryError):
        composer.problem = error.message
    elif isinstance(error, RuleFailed):
        composer.problem = rule_fails()
    return 409 if isinstance(error, ChangeWaits | RuleFailed) else 422


def _asked(composer: Composer) -> dict[str, Any]:
    """What adding and drafting have in common."""
    data, now, groups = composer.form.cleaned_data, clock_now(), composer.groups_of_entries()
    scope = composer.scope
    return {
        "alert": composer.alert,
        "rule": composer.rule,
        "entries": groups[0],
        "more": groups[1:],
        "rule_ids": scope.rule_ids if scope else (),
        "list_id": scope.list_id if scope else "",
        "reason": data["reason"],
        "expires_at": composer.form.expires_at(now),
        "review_at": composer.form.review_at(now),
        "close_matching": data["close_reason"] if data["close"] else None,
        "actor": composer.user,
        "now": now,
        "team_ids": teams_of(composer.user),
    }


def _added(composer: Composer) -> exceptions.Added:
    return exceptions.add(**_asked(composer), override_guard_reason=composer.form.cleaned_data["override"])


def _sent(composer: Composer) -> UUID:
    """Send it for review instead of saving it; the group by which that is undone."""
    group = uuid4()
    exceptions.draft(**_asked(composer), replaces=composer.draft_id, group=group)
    return group


def _sent_words() -> str:
    return _("Sent for review. Nothing is held back until it is approved.")


def _rewritten(composer: Composer, item: ExceptionItem) -> dict[str, Any]:
    """What editing and sending a change for review have in common."""
    data, now, groups = composer.form.cleaned_data, clock_now(), composer.groups_of_entries()
    return {
        "item": item,
        "version": composer.version,
        "entries": groups[0],
        "more": groups[1:],
        "reason": data["reason"],
        "name": data["name"] or item.name,
        "expires_at": composer.form.expires_at(now),
        "review_at": composer.form.review_at(now),
        "close_matching": data["close_reason"] if data["close"] and composer.may_close else None,
        "actor": composer.user,
        "now": now,
        "team_ids": teams_of(composer.user),
    }


def _edited(composer: Composer, item: ExceptionItem) -> exceptions.Edited:
    override = composer.form.cleaned_data["override"]
    return exceptions.edit(**_rewritten(composer, item), override_guard_reason=override)


def _sent_change(composer: Composer, item: ExceptionItem) -> UUID:
    """Send the change for review instead of saving it; the group by which that is undone."""
    group = uuid4()
    exceptions.draft_change(**_rewritten(composer, item), replaces=composer.draft_id, group=group)
    return group


def _sent_change_words() -> str:
    return _("Sent for review. The exception stays as it is until the change is approved.")


def _switch(request: UserRequest, item_id: int, act: Any, words: str) -> HttpResponseBase:
    item, group = seen_item(request.user, item_id), uuid4()
    to = back_of(request) or tab_of(item.rule_id)
    try:
        changed = act(
            item=item,
            version=_version(request),
            actor=request.user,
            now=clock_now(),
            team_ids=teams_of(request.user),
            group=group,
        )
    except (AlertError, RulesError) as error:
        return refused(request, error.message, to)
    except RuleFailed:
        return refused(request, rule_fails(), to)
    said = changed_words(words, changed)
    if isinstance(changed, exceptions.TakenBack) and changed.act:  # a worker opens alerts: this is not undone at once
        tell(request, Spoken(said))
        return see_other(to)
    return told(request, said, group, to)


def _version(request: UserRequest) -> int | None:
    """The version of the exception the person saw, if the form said."""
    return whole(request.POST.get("version", ""), 9)
