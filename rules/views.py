"""Doors to the rule pages."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.access import may, page, reason_against
from accounts.roles import Permission
from engine.rule_types.esql import multivalue_of
from rules import quarantine, schedule, selectors, services
from rules.effective import effective_of
from rules.errors import OverrideRefused, RuleNotEvaluated
from rules.forms import ListForm, LocalForm, SwitchForm
from rules.headline import headline
from rules.listing import counts, facets, row_of, rule_list
from rules.models import Rule
from rules.overrides import set_overrides
from rules.pages import TABS, rule_page
from rules.piped import TITLES
from rules.trees import TreeUnusable, definition_of
from soc.web import clock
from soc.web.answers import done
from soc.web.errors import PageError
from soc.web.htmx import render_page
from soc.web.http import UserRequest
from soc.web.paging import read_key, sign_key

SALT = "rules"


@page()
def list_rules(request: UserRequest) -> HttpResponse:
    """The rule list."""
    form, after, now = ListForm(request.GET), read_key(request.GET.get("after"), SALT), clock.now()
    filters, numbers = form.filters(), counts(request.user)
    found = rule_list(user=request.user, filters=filters, now=now, after=after.values)
    context = {
        "form": form,
        "rules": found,
        "facets": facets(numbers, _without_page(request)),
        "headline": headline(numbers),
        "loaded": numbers.total,
        "next_key": sign_key(found.next_key, SALT) if found.next_key else "",
        "notice": after.notice,
        "query": _without_page(request),
        "now": now,
        **_switching(request),
    }
    return render_page(request, "rules/list.html", context, part="list")


@page()
def detail(request: UserRequest, rule_id: str) -> HttpResponse:
    """One rule; `tab` in the address says what of it."""
    rule, tab = selectors.rule_for(request.user, rule_id), request.GET.get("tab", "")
    return _detail(request, rule, tab if tab in TABS else TABS[0])


def _detail(request: UserRequest, rule: Rule, tab: str, form: LocalForm | None = None) -> HttpResponse:
    """The page of a rule; `form` is what was typed on it and does not hold."""
    now = clock.now()
    try:
        shown = rule_page(user=request.user, rule=rule, tab=tab, now=now, before=_number(request.GET.get("before")))
    except TreeUnusable as error:
        raise PageError(str(error)) from error
    context = {"page": shown, "rule": rule, "now": now, **_switching(request)}
    if tab == "local":
        context["form"] = form or LocalForm(rule, shown.file)
        context["upstream_multivalue"] = TITLES[multivalue_of(shown.file)]
    return render(request, "rules/detail.html", context, status=422 if form else 200)


@page(Permission.MANAGE_RULES, methods=("POST",))
def set_here(request: UserRequest, rule_id: str) -> HttpResponse:
    """Set beside the rule's file what is to be otherwise here."""
    rule = selectors.rule_for(request.user, rule_id)
    try:
        form = LocalForm(rule, definition_of(rule.revision), request.POST)  # type: ignore[arg-type]  # rule_for has it
        if form.is_valid():
            said = form.cleaned_data["note"]
            set_overrides(rule=rule, overrides=form.overrides(), actor=request.user, now=clock.now(), note=said)
    except OverrideRefused as error:
        form.refuse(error.field, error.message)
    except (RuleNotEvaluated, TreeUnusable) as error:
        raise PageError(str(error)) from error
    if form.errors:
        return _detail(request, rule, "local", form)
    said = f"Saved. {rule.name} is judged with it from now on."
    return done(request, "rules/_said.html", {"said": said}, _tab(rule, "local"), said)


def _tab(rule: Rule, tab: str) -> str:
    return f"{reverse('rules:detail', args=[rule.pk])}?tab={tab}"


@page(Permission.MANAGE_RULES, methods=("POST",))
def switch(request: UserRequest, rule_id: str) -> HttpResponse:
    """Switch a rule on or off."""
    rule, now = selectors.rule_for(request.user, rule_id), clock.now()
    form = SwitchForm({**request.GET.dict(), **request.POST.dict()})  # an undo says it in its address
    if not form.is_valid():
        raise PageError("Say whether the rule is to be on or off.")
    act = services.enable if form.cleaned_data["enabled"] else services.disable
    try:
        rule = act(rule=rule, actor=request.user, now=now)
    except RuleNotEvaluated as error:
        raise PageError(error.message) from error
    return done(request, "rules/_switched.html", _switched(request, rule, now), _back(request, rule), _said(rule))


@page(Permission.MANAGE_RULES, methods=("POST",))
def release(request: UserRequest, rule_id: str) -> HttpResponse:
    """Have a quarantined rule tried again."""
    rule = selectors.rule_for(request.user, rule_id)
    quarantine.release(rule=rule, actor=request.user, now=clock.now())
    said = f"{rule.name} is judged again. If it is still broken, it comes back here with the reason."
    return done(request, "rules/_said.html", {"said": said}, reverse("rules:detail", args=[rule.pk]), said)


def _switched(request: UserRequest, rule: Rule, now: datetime) -> dict[str, Any]:
    """What the list shows anew after a switch: the row, the numbers, and what was done."""
    query, numbers = _query_of_list(request), counts(request.user)
    back = urlencode({"enabled": "0" if rule.enabled else "1", "from": query})
    return {
        "row": row_of(rule, now),
        "said": _said(rule),
        "undo_url": f"{reverse('rules:switch', args=[rule.pk])}?{back}",
        "headline": headline(numbers),
        "facets": facets(numbers, query),
        "query": query,
        "now": now,
        **_switching(request),
    }


def _query_of_list(request: HttpRequest) -> str:
    """The address of the list that a switch was pressed in; an undo carries it in its own address."""
    return request.POST.get("from", request.GET.get("from", ""))


def _switching(request: UserRequest) -> dict[str, Any]:
    """Whether the person may switch rules, and why not."""
    allowed = may(request.user, Permission.MANAGE_RULES)
    return {"may_switch": allowed, "why_not": "" if allowed else reason_against(Permission.MANAGE_RULES)}


def _said(rule: Rule) -> str:
    """What switching did, as a sentence."""
    if not rule.enabled or rule.revision is None:
        return f"{rule.name} is off. Nothing new is judged by it; its alerts stay."
    back = schedule.lookback_text(effective_of(rule))
    return f"{rule.name} is on and also judges the last {back}."


def _back(request: UserRequest, rule: Rule) -> str:
    """Where the form was: the list as it was filtered, or the rule's own page."""
    if "from" in request.POST or "from" in request.GET:
        return f"{reverse('rules:list')}?{_query_of_list(request)}"
    return reverse("rules:detail", args=[rule.pk])


def _without_page(request: HttpRequest) -> str:
    query = request.GET.copy()
    query.pop("after", None)
    return query.urlencode()


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 9 else None
