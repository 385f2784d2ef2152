"""Why a rule did not fire on an event: chosen from an event's page, or from a rule's by the event's uid."""

import re
from urllib.parse import urlencode

from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.access import page
from accounts.selectors import teams_of
from alerts.selectors.why_not import rules_like, why_not
from alerts.views.choices import RuleChoice
from events.named import event_in
from events.stored import StoredEvent
from rules.selectors import rule_for
from soc.web.http import UserRequest

_IN_TEXT = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")


@page()
def choose(request: UserRequest) -> HttpResponseBase:
    """From a rule: which event? Its number, or the address of its page, leads on to the answer."""
    text, rule_id = request.GET.get("event", "").strip()[:2_000], request.GET.get("rule", "").strip()[:64]
    found = _IN_TEXT.search(text.lower())
    if found:
        day = re.search(r"day=(\d{4}-\d\d-\d\d)", text)
        asked = {"rule": rule_id, **({"day": day[1]} if day else {})}
        return redirect(f"{reverse('alerts:why_not', args=[found[0]])}?{urlencode(asked)}")
    rule = rule_for(request.user, rule_id) if rule_id else None
    context = {"rule": rule, "text": text, "asking": True}
    return render(request, "alerts/why_not.html", context, status=422 if text else 200)


@page()
def show(request: UserRequest, uid: str) -> HttpResponseBase:
    """The rule of `rule` against the event; without one, rules to choose from, by the words in `q`."""
    event = _event(request, uid)
    rule_id, text = request.GET.get("rule", "").strip(), request.GET.get("q", "").strip()[:200]
    context = {"event": event, "day": event.day.isoformat(), "q": text}
    if rule_id:
        rule = rule_for(request.user, rule_id)
        context |= {"rule": rule, "told": why_not(rule=rule, event=event, user=request.user)}
    else:
        day = {"day": event.day.isoformat()}
        found = rules_like(request.user, text)
        context["choices"] = [RuleChoice(rule, f"?{urlencode(day | {'rule': rule.pk})}") for rule in found]
        context["kept"] = day
    context["event_url"] = f"{reverse('events:event', args=[uid])}?day={event.day.isoformat()}"
    return render(request, "alerts/why_not.html", context)


def _event(request: UserRequest, uid: str) -> StoredEvent:
    """The event, or a 404 when it is not stored or of a team the person is not in."""
    found = event_in(uid, request.GET.get("day", ""), teams_of(request.user))
    if found is None:
        raise Http404
    return found
