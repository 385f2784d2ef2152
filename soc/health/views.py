"""Doors to the pages about health, and to trying again what was set aside."""

from django.contrib import messages
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from accounts.access import may, page, reason_against
from accounts.roles import Permission
from accounts.selectors import teams_of
from events import senders
from events.set_aside import try_again
from rules.quarantine import release
from soc.health import agents
from soc.health.charts import disk_bar, flow_chart, storage_chart
from soc.health.figures import figures
from soc.health.state import health_of
from soc.health.trouble import rule_to_try
from soc.web import clock
from soc.web.answers import SeeOther
from soc.web.htmx import render_page
from soc.web.http import UserRequest

_LONGEST_FIND = 100


@page()
def health(request: UserRequest) -> HttpResponseBase:
    """Whether the silence can be trusted."""
    now = clock.now()
    state = health_of(team_ids=teams_of(request.user), now=now)
    context = {
        "health": state,
        "now": now,
        "flow_chart": flow_chart(state.flow),
        "storage_chart": storage_chart(state.storage.days),
        "disk_bar": disk_bar(state.storage.disk),
        "figures": list(figures(state)),
        "may_operate": may(request.user, Permission.OPERATE),
        "may_release": may(request.user, Permission.MANAGE_RULES),
        "may_see_letters": may(request.user, Permission.MANAGE_KEYS),
        "why_not": reason_against(Permission.OPERATE),
    }
    return render(request, "health/page.html", context)


@page()
def all_agents(request: UserRequest) -> HttpResponseBase:
    """Everything that sends, worst first; htmx gets further rows alone."""
    now, team_ids = clock.now(), teams_of(request.user)
    state = request.GET.get("state", "")
    state = state if state in senders.STATES else ""
    find = request.GET.get("q", "")[:_LONGEST_FIND].strip()
    found, rows = agents.page(team_ids=team_ids, now=now, state=state, find=find, after=request.GET.get("after"))
    counted = senders.count(team_ids=team_ids, now=now)
    facets = [(name, words, counted.of(name)) for name, words in senders.STATES.items()]
    context = {
        "page": found,
        "rows": rows,
        "counts": counted,
        "facets": facets,
        "state": state,
        "find": find,
        "now": now,
    }
    return render_page(request, "health/agents.html", context)


@page(Permission.MANAGE_RULES, methods=("POST",))
def rule_again(request: UserRequest, rule_id: str) -> HttpResponseBase:
    """Have a rule in quarantine tried again."""
    rule = rule_to_try(rule_id=rule_id, team_ids=teams_of(request.user))
    if rule is None:
        raise Http404
    release(rule=rule, actor=request.user, now=clock.now())
    messages.success(request, f"{rule.name} is judged again, and what it missed. Still broken, it comes back here.")
    return SeeOther(reverse("health:page"))


@page(Permission.OPERATE, methods=("POST",))
def batch_again(request: UserRequest, batch_id: int) -> HttpResponseBase:
    """Have events that were set aside judged again."""
    try_again(batch_id=batch_id, actor=request.user, now=clock.now(), team_ids=teams_of(request.user))
    messages.success(request, "These events are judged again. If they fail again, they come back here with the reason.")
    return SeeOther(reverse("health:page"))
