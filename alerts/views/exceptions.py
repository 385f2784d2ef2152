"""Exceptions written on an alert: previewed on every edit, added with their closes, edited, switched and taken back."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import page
from accounts.models import User
from accounts.roles import Permission
from accounts.selectors import teams_of
from alerts import exceptions
from alerts.errors import AlertError, GuardRefused
from alerts.models import Alert
from alerts.views.actions import back_to_alert
from alerts.views.answers import Spoken, fragment, see_other
from alerts.views.composer import Composer, compose_edit, compose_from
from alerts.views.detail import alert_context, seen_alert
from alerts.views.exception_words import added_words, changed_words
from alerts.views.frame import rights
from engine import ExceptionEntryError
from rules.errors import ExceptionRefused, RulesError, StaleException
from rules.models import ExceptionItem
from soc.web.clock import now as clock_now
from soc.web.htmx import render_page, wants_part
from soc.web.http import UserRequest

_FORM_FIELD = {"reason": "reason", "expires_at": "expires"}


@page(Permission.EXCEPT, methods=("POST",))
def preview(request: UserRequest, alert_id: int) -> HttpResponseBase:
    """What the conditions as typed would have silenced. Changes nothing; it is a POST because conditions are long."""
    alert = seen_alert(request.user, alert_id)
    context = alert_context(request, alert, "exception")
    composer = compose_from(request, context["page"])
    composer.form.full_clean()
    composer.form.errors.clear()
    return _previewed(request, "alerts/detail.html", context | {"composer": composer})


@page(Permission.EXCEPT, methods=("POST",))
def add(request: UserRequest, alert_id: int) -> HttpResponseBase:
    """Save the exception and close what it matches, as one act with one undo."""
    alert = seen_alert(request.user, alert_id)
    context = alert_context(request, alert, "exception")
    composer = compose_from(request, context["page"])
    if composer.form.is_valid() and not composer.problem and composer.filled:
        try:
            if "send" in request.POST:
                return _sent(request, composer, alert)
            added = _added(composer, alert)
        except (AlertError, RulesError, ExceptionEntryError) as error:
            _show(composer, error)
        else:
            words = added_words(len(added.closed), len(added.left_open))
            return back_to_alert(request, alert, Spoken(words, added.group), "activity")
    return _again(request, "alerts/detail.html", context | {"composer": composer}, 422)


@page(Permission.EXCEPT, methods=("GET", "POST"))
def edit(request: UserRequest, item_id: int) -> HttpResponseBase:
    """The panel on a stored exception; saving replaces what it says."""
    item = seen_item(request.user, item_id)
    composer = compose_edit(request, item)
    context = {
        "composer": composer,
        "item": item,
        "rule": item.rule,
        "query": "",
        "now": clock_now(),
        **rights(request.user),
    }
    if request.method == "GET":
        return render_page(request, "alerts/exception_edit.html", context, part="main")
    if composer.form.is_valid() and not composer.problem and composer.filled:
        try:
            edited = _edited(composer, item)
        except StaleException as error:
            return _again(request, "alerts/exception_edit.html", context | {"stale": error.message}, 409)
        except (AlertError, RulesError, ExceptionEntryError) as error:
            _show(composer, error)
        else:
            return _back_to_rule(request, item, Spoken(changed_words(_("Exception saved."), edited)))
    return _again(request, "alerts/exception_edit.html", context, 422)


@page(Permission.EXCEPT, methods=("POST",))
def edit_preview(request: UserRequest, item_id: int) -> HttpResponseBase:
    """What the edited conditions would have silenced."""
    item = seen_item(request.user, item_id)
    composer = compose_edit(request, item)
    composer.form.full_clean()
    composer.form.errors.clear()
    context = {
        "composer": composer,
        "item": item,
        "rule": item.rule,
        "query": "",
        "now": clock_now(),
        **rights(request.user),
    }
    return _previewed(request, "alerts/exception_edit.html", context)


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
    item = seen_item(request.user, item_id)
    try:
        taken = exceptions.take_back(
            item=item,
            version=_version(request),
            actor=request.user,
            now=clock_now(),
            team_ids=teams_of(request.user),
        )
    except (AlertError, RulesError) as error:
        return _back_to_rule(request, item, Spoken(error.message, problem=True))
    return _back_to_rule(request, item, Spoken(changed_words(_("Exception taken back."), taken)))


def seen_item(user: User, item_id: int) -> ExceptionItem:
    """The exception, or a 404 when it is gone or its rule belongs to a team the person is not in."""
    item = get_object_or_404(ExceptionItem.objects.select_related("rule", "owner"), pk=item_id, removed_at=None)
    if item.rule.team_id is not None and item.rule.team_id not in teams_of(user):
        raise Http404
    return item


def _previewed(request: UserRequest, template: str, context: dict[str, Any]) -> HttpResponseBase:
    """For htmx the preview alone while somebody types, the whole panel when a row came or went; else the page."""
    if not wants_part(request):
        return render_page(request, template, context, part="side")
    if request.htmx.target == "preview":
        return fragment(request, "alerts/_preview.html", context | {"oob": True})
    return fragment(request, "alerts/_exception_answer.html", context)


def _again(request: UserRequest, template: str, context: dict[str, Any], status: int) -> HttpResponseBase:
    response = render_page(request, template, context, part="side")
    response.status_code = status
    return response


def _show(composer: Composer, error: Exception) -> None:
    """Put what a service refused beside the field it is about."""
    if isinstance(error, ExceptionRefused) and error.field in _FORM_FIELD:
        composer.form.add_error(_FORM_FIELD[error.field], error.message)
    elif isinstance(error, GuardRefused):
        composer.form.add_error("override", error.message)
    elif isinstance(error, AlertError | RulesError | ExceptionEntryError):
        composer.problem = error.message


def _added(composer: Composer, alert: Alert) -> exceptions.Added:
    data, now = composer.form.cleaned_data, clock_now()
    return exceptions.add(
        alert=alert,
        entries=composer.entries(),
        reason=data["reason"],
        expires_at=composer.form.expires_at(now),
        review_at=composer.form.review_at(now),
        close_matching=data["close_reason"] if data["close"] else None,
        override_guard_reason=data["override"],
        actor=composer.user,
        now=now,
        team_ids=teams_of(composer.user),
    )


def _sent(request: UserRequest, composer: Composer, alert: Alert) -> HttpResponseBase:
    """Send it for review instead of saving it."""
    data, now = composer.form.cleaned_data, clock_now()
    exceptions.draft(
        alert=alert,
        entries=composer.entries(),
        reason=data["reason"],
        expires_at=composer.form.expires_at(now),
        review_at=composer.form.review_at(now),
        close_matching=data["close_reason"] if data["close"] else None,
        replaces=composer.draft_id,
        actor=composer.user,
        now=now,
        team_ids=teams_of(composer.user),
    )
    return back_to_alert(request, alert, Spoken(_("Sent for review. Nothing is held back until it is approved.")))


def _edited(composer: Composer, item: ExceptionItem) -> exceptions.Edited:
    data, now = composer.form.cleaned_data, clock_now()
    return exceptions.edit(
        item=item,
        version=composer.version,
        entries=composer.entries(),
        reason=data["reason"],
        name=data["name"] or item.name,
        expires_at=composer.form.expires_at(now),
        review_at=composer.form.review_at(now),
        override_guard_reason=data["override"],
        actor=composer.user,
        now=now,
        team_ids=teams_of(composer.user),
    )


def _switch(request: UserRequest, item_id: int, act: Any, words: str) -> HttpResponseBase:
    item = seen_item(request.user, item_id)
    try:
        changed = act(
            item=item,
            version=_version(request),
            actor=request.user,
            now=clock_now(),
            team_ids=teams_of(request.user),
        )
    except (AlertError, RulesError) as error:
        return _back_to_rule(request, item, Spoken(error.message, problem=True))
    return _back_to_rule(request, item, Spoken(changed_words(words, changed)))


def _version(request: UserRequest) -> int | None:
    """The version of the exception the person saw, if the form said."""
    version = request.POST.get("version", "")
    return int(version) if version.isdecimal() and len(version) < 10 else None


def _back_to_rule(request: UserRequest, item: ExceptionItem, spoken: Spoken) -> HttpResponseBase:
    messages.add_message(request, messages.ERROR if spoken.problem else messages.SUCCESS, spoken.text)
    return see_other(reverse("rules:detail", args=[item.rule_id]) + "?tab=exceptions")
