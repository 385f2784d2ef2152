"""The queue in groups: the same alerts as the queue, each group a link to the queue with nothing but it."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from accounts.models import Team, User
from accounts.selectors import teams_of
from alerts import selectors
from alerts.models import Alert
from alerts.selectors import Group, QueueFilters, grouping, queue_page
from alerts.selectors.grouping import By
from alerts.selectors.ordering import is_past
from alerts.targets import targets
from alerts.views import filter_choices
from alerts.views.asked import filters_of
from rules.models import Rule, RuleRevision
from tests.alerts.pages.conftest import HTMX, SignIn
from tests.alerts.pages.test_folds import each, like
from tests.alerts.pages.test_folds import many as many_folds
from tests.alerts.pages.test_hostile import HOSTILE, SCRIPT
from tests.alerts.pages.world import PERL, World

QUEUE, GROUPS = reverse("alerts:queue"), reverse("alerts:groups")
ROW = re.compile(r"<tr( data-row)?>(<td.*?)</tr>", re.DOTALL)
CELL = re.compile(r'<td class="num r[^"]*" data-label="([^"]*)">([^<]*)</td>')
LINK = re.compile(r'<a href="([^"]*)" class="truncate[^"]*" title="([^"]*)"')
BY: tuple[By, ...] = ("rule", "host", "user")
ADDRESSES = {
    "triage": "",
    "everything": "view=all",
    "high and above": "view=urgent",
    "closed": "view=closed&status=closed",
    "mine": "view=mine",
    "nobody's": "assignee=nobody",
    "one status": "status=acknowledged",
    "one severity": "view=all&severity=critical",
    "one host": "view=all&host=db-1",
    "one user": "view=all&user=postgres",
    "one rule": f"view=all&rule={PERL}",
    "asleep": "snoozed=1",
    "past target": "past_target=1",
    "lately": "view=all&time=24h",
    "a row each": "fold=off",
    "one fold": "fold=" + "01" * 16,
    "no host": "view=all&lacks=host",
    "neither host nor user": "view=all&lacks=both",
    "kql of columns": "view=all&q=host.name%3A+db-*",
    "kql without a host": "view=all&q=not+host.name%3A+db-1",
    "kql of documents": "view=all&q=kibana.alert.risk_score+%3E+50",
    "kql of both": "q=user.name%3A+postgres+or+kibana.alert.severity%3A+high",
}


def many(world: World, number: int = 160) -> list[Alert]:
    """Alerts in every state, of two rules, on some hosts and none, by some users and none."""
    made = many_folds(world, number, 3)
    other = Rule.objects.exclude(pk=PERL).get()
    for at, alert in enumerate(made):
        alert.host_name = ["db-1", "db-2", "DB-1", None, ""][at % 5]
        alert.user_name = ["postgres", "root", None][at % 3]
        if at % 4 == 0:
            alert.rule, alert.revision = other, RuleRevision.objects.get(rule=other)
    Alert.objects.bulk_update(made, ["host_name", "user_name", "rule_id", "revision_id"])
    return made


def filters(person: User, query: str, now: datetime) -> QueueFilters:
    """What the queue is asked for under a query string."""
    choices = filter_choices.choices_for(person, teams_of(person), QueryDict(query))
    return filters_of(choices.chosen_in(query), person, now)


def grouped(world: World, query: str, by: By) -> list[Group]:
    found = selectors.groups(user=world.ana, filters=filters(world.ana, query, world.now), by=by, now=world.now)
    assert (found.number, found.alerts) == (len(found.rows), sum(group.alerts for group in found.rows))
    return found.rows


def plainly(alerts: list[Alert], by: str, now: datetime) -> list[Group]:
    """The same in Python: the gravest group first, then the largest."""
    named, times = dict[str | None, list[Alert]](), targets()
    for alert in alerts:
        name = {"rule": alert.rule_id, "host": alert.host_name, "user": alert.user_name}[by] or None
        named.setdefault(name, []).append(alert)
    found = [
        Group(
            name, len(some), sum(one.assignee_id is None for one in some),
            sum(is_past(one, times, now) for one in some), max(one.severity for one in some),
            len({one.rule_id for one in some}),
            len({one.host_name for one in some if one.host_name}),
            min(one.created_at for one in some), max(one.created_at for one in some),
        )
        for name, some in named.items()
    ]  # fmt: skip
    return sorted(found, key=lambda one: (-one.severity, -one.alerts, one.name is None, one.name or ""))


def lines(client: Client, by: str, query: str = "") -> list[Any]:
    return list(client.get(f"{GROUPS}?by={by}&{query}").context["lines"])


def total(world: World, address: str) -> int:
    """How many alerts the queue counts under an address."""
    parts = urlsplit(address)
    assert parts.path == QUEUE
    now = datetime.now(UTC)
    asked = filters(world.ana, parts.query, now)
    return selectors.queue(user=world.ana, filters=asked, now=now, limit=1).total.number


def rows(page: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Of each group on a page whether keys go over it, its address, and its numbers."""
    for keys, row in ROW.findall(page):
        link = LINK.search(row)
        yield keys.strip(), unescape(link[1]) if link else "", dict(CELL.findall(row))


@pytest.mark.parametrize("name", ADDRESSES)
def test_groups_are_the_alerts_of_the_queue_with_the_same_address(world: World, name: str) -> None:
    many(world)
    numbers = each(world, filters(world.ana, ADDRESSES[name], world.now))
    alerts = list(Alert.objects.filter(pk__in=numbers))
    for by in BY:
        assert grouped(world, ADDRESSES[name], by) == plainly(alerts, by, world.now)


@pytest.mark.parametrize("name", ADDRESSES)
def test_the_queue_behind_each_name_counts_as_many_as_its_row_says(ana: Client, world: World, name: str) -> None:
    many(world)
    for by in BY:
        for line in lines(ana, by, ADDRESSES[name]):
            assert total(world, line.address) == line.group.alerts, line


def test_a_page_tells_of_each_group_how_many_how_grave_whose_and_since_when(ana: Client, world: World) -> None:
    first, second, third = world.send([world.perl(number) for number in (1, 2, 4)])  # on db-2, db-3, db-2
    Alert.objects.filter(pk=first.pk).update(severity=4, assignee=world.ana)
    page = ana.get(GROUPS, {"by": "host"}).content.decode()
    told = list(rows(page))
    assert [(keys, address) for keys, address, _ in told] == [
        ("data-row", f"{QUEUE}?host=db-2"), ("data-row", f"{QUEUE}?host=db-3")
    ]  # fmt: skip
    assert told[0][2] == {"alerts": "2", "nobody&#x27;s": "1", "past target": "0", "rule": "1"}
    assert told[1][2] == {"alert": "1", "nobody&#x27;s": "1", "past target": "0", "rule": "1"}
    assert "2 groups, 3 alerts" in page
    assert {first.host_name, third.host_name, second.host_name} == {"db-2", "db-3"}


def test_the_way_to_the_groups_stands_beside_the_folds_with_the_address_as_it_is(ana: Client, world: World) -> None:
    world.send([world.perl()])
    for headers in ({}, HTMX):
        page = ana.get(f"{QUEUE}?host=db-2&fold=off", headers=headers).content.decode()
        for by in BY:
            assert f'href="{GROUPS}?by={by}&amp;host=db-2&amp;fold=off"' in page


def test_the_way_back_to_the_list_keeps_the_address(ana: Client, world: World) -> None:
    world.send([world.perl()])
    page = ana.get(f"{GROUPS}?by=host&host=db-2").content.decode()
    shapes = page.split('id="folding"')[1].split("</nav>")[0]
    assert f'href="{QUEUE}?host=db-2">Folded' in shapes
    assert f'href="{QUEUE}?host=db-2&amp;fold=off">Each' in shapes
    assert f'href="{GROUPS}?by=host&amp;host=db-2" aria-current="true">By host' in shapes


def test_filters_tabs_and_tokens_stay_on_the_page_of_groups(ana: Client, world: World) -> None:
    world.send([world.perl()])
    page = ana.get(f"{GROUPS}?by=user&host=db-2&q=user.name:*").content.decode()
    form = page.split('id="filters"')[1].split("</form>")[0]
    assert f'action="{GROUPS}" hx-get="{GROUPS}"' in form
    assert '<input type="hidden" name="by" value="user">' in form
    assert f'href="{GROUPS}?by=user&amp;q=user.name%3A%2A" title="Remove the filter on host"' in form
    assert f'<a class="btn quiet" href="{GROUPS}?by=user">Clear filters' in form
    assert f'href="{GROUPS}?by=user&amp;view=all"' in page
    assert '<input type="hidden" name="sort" value="urgent">' in form  # groups have an order of their own


def test_htmx_gets_the_list_with_what_stands_around_it_and_a_short_address(ana: Client, world: World) -> None:
    world.send([world.perl()])
    answer = ana.get(f"{GROUPS}?by=host&view=&host=db-2&sort=urgent&q=", headers=HTMX)
    page = answer.content.decode()
    assert page.lstrip().startswith('<section class="pane list" id="list"')
    outside = re.findall(r'id="([a-z]+)"[^>]* hx-swap-oob="true"', page)
    assert outside == ["views", "folding", "tokens", "announce"]
    assert "1 group, 1 alert</p>" in page.split('id="announce"')[1]
    assert answer["HX-Push-Url"] == f"{GROUPS}?by=host&host=db-2"


def test_a_grouping_that_means_nothing_is_named_and_left_out(ana: Client, world: World) -> None:
    world.send([world.perl()])
    page = ana.get(GROUPS, {"by": SCRIPT, "severity": "grave"}).content.decode()
    assert "Grouped by: “&lt;script&gt;alert(1)&lt;/script&gt;” is left out." in page
    assert "Severity: “grave” is left out." in page
    assert SCRIPT not in page
    assert f'href="{QUEUE}?severity=grave&amp;rule={PERL}"' in page


def test_rules_are_grouped_by_where_nothing_is_said(ana: Client, world: World) -> None:
    world.send([world.perl()])
    page = ana.get(GROUPS).content.decode()
    assert "is left out" not in page
    assert "Interactive Terminal Spawned via Perl</bdi></a>" in page


def test_somebody_of_another_team_sees_none_of_it(sign_in: SignIn, world: World) -> None:
    world.send([world.perl(host__name="secret-1")])
    world.send([world.perl(2, host__name="theirs-1", user__name="their-user")], team=world.other)
    for by, own in (("rule", "Perl"), ("host", "theirs-1"), ("user", "their-user")):
        page = sign_in("otto").get(GROUPS, {"by": by, "view": "all"}).content.decode()
        assert "1 group, 1 alert<" in page
        assert "secret-1" not in page
        assert own in page.split('id="list"')[1]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_name_is_shown_not_obeyed_and_leads_to_its_alerts(ana: Client, world: World, text: str) -> None:
    world.send([world.perl(host__name=text, user__name=text), world.perl(2)])
    for by in ("host", "user"):
        page = ana.get(GROUPS, {"by": by}).content.decode()
        assert SCRIPT not in page
        assert "<img src=x" not in page
        assert '" onmouseover="alert' not in page
        assert "\u202e" not in page
        assert "\x1b" not in page
        links = [address for _, address, _ in rows(page)]
        assert [ana.get(address).context["page"].total.number for address in links] == [1, 1]


@pytest.mark.parametrize("name", [" db-1", "db-1\t", "x" * 300])
def test_a_name_that_no_filter_can_say_is_no_link(ana: Client, world: World, name: str) -> None:
    world.send([world.perl(host__name=name)])
    page = ana.get(GROUPS, {"by": "host"}).content.decode()
    assert [(keys, address) for keys, address, _ in rows(page)] == [("", "")]


def test_a_rule_that_cannot_be_chosen_is_told_and_is_no_link(ana: Client, world: World) -> None:
    world.send([world.perl()])
    Rule.objects.filter(pk=PERL).update(team=world.other)
    filter_choices.forget()
    page = ana.get(GROUPS).content.decode()
    assert [(keys, address) for keys, address, _ in rows(page)] == [("", "")]
    assert "Interactive Terminal Spawned via Perl" in page.split('id="list"')[1]


def test_a_rule_of_another_team_is_called_as_it_was_when_it_raised_the_alert(ana: Client, world: World) -> None:
    [alert] = world.send([world.perl()])
    other = Team.objects.create(name="Another", slug="another")
    Rule.objects.filter(pk=PERL).update(team=other, name="What only they may read")
    cache.clear()
    page = ana.get(GROUPS).content.decode()
    assert alert.name in page
    assert "What only they" not in page


def test_a_rule_that_came_a_moment_ago_is_a_link_at_once(ana: Client, world: World) -> None:
    Rule.objects.filter(pk=PERL).update(evaluated=False)
    filter_choices.forget()
    ana.get(QUEUE)
    Rule.objects.filter(pk=PERL).update(evaluated=True)
    world.send([world.perl()])
    assert [line.address for line in lines(ana, "rule")] == [f"{QUEUE}?rule={PERL}"]


def test_kql_of_columns_is_grouped_without_a_look_at_documents(
    ana: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.send([world.perl(number) for number in range(1, 5)])
    monkeypatch.setattr(queue_page, "BUDGET", 0)
    page = ana.get(GROUPS, {"by": "host", "q": "host.name: db-2 or user.name: nobody"}).content.decode()
    assert "1 group, 2 alerts" in page


def test_kql_of_documents_says_how_far_it_looked_where_it_stopped(
    ana: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.send([world.perl(number) for number in range(1, 7)])
    monkeypatch.setattr(queue_page, "CHUNK", 2)
    monkeypatch.setattr(queue_page, "BUDGET", 3)
    page = ana.get(GROUPS, {"by": "host", "q": "process.name: perl"}).content.decode()
    assert "The search stopped after 4 alerts." in page
    assert "4+ alerts" in page
    monkeypatch.setattr(queue_page, "SECONDS", -1.0)
    page = ana.get(GROUPS, {"by": "host", "q": "process.name: perl"}).content.decode()
    assert "The search stopped after three seconds and 0 alerts." in page


def test_a_list_of_more_than_are_grouped_says_so_and_groups_the_newest(
    ana: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    [pattern] = world.send([world.perl()])
    Alert.objects.bulk_create(
        like(pattern, at, host_name=host, created_at=world.now.replace(year=2020)) for at, host in enumerate("abc")
    )
    monkeypatch.setattr(grouping, "MOST", 1)
    for view in ("triage", "all"):
        page = ana.get(GROUPS, {"by": "host", "view": view}).content.decode()
        assert "More alerts match than are grouped." in page
        assert str(pattern.host_name) in page.split('id="list"')[1]
        assert [numbers["alert"] for _, _, numbers in rows(page)] == ["1+", "1+"]


def test_grouping_that_takes_too_long_is_stopped_and_says_so(
    ana: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.send([world.perl()])
    monkeypatch.setattr(grouping, "SECONDS", 0.05)
    monkeypatch.setattr(grouping, "_NAMES", {**grouping._NAMES, "rule": "rule_id || pg_sleep(2)"})
    answer = ana.get(GROUPS)
    assert answer.status_code == 200
    assert "Grouping took longer than three seconds" in answer.content.decode()


def test_bad_kql_shows_the_same_mistake_as_the_queue(ana: Client, world: World) -> None:
    world.send([world.perl()])
    told = [
        ana.get(address, {"q": "host.name: ("}).content.decode().split('class="notice danger kql-error"')[1]
        for address in (QUEUE, GROUPS)
    ]
    assert [one.split("</div></div>")[0] for one in told] == [told[0].split("</div></div>")[0]] * 2


def test_more_groups_than_fit_are_told_and_reached_by_number(
    ana: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.send([world.perl(number) for number in range(1, 4)])
    monkeypatch.setattr(grouping, "PAGE", 2)
    for query in ("", "&q=process.name:perl"):
        first = ana.get(f"{GROUPS}?by=host{query}").content.decode()
        assert "1 more" in first
        [onward] = re.findall(r'rel="next" href="([^"]*)"', first)
        second = ana.get(unescape(onward)).content.decode()
        assert "rel=next" not in second
        hosts = [unescape(address) for page in (first, second) for _, address, _ in rows(page)]
        assert sorted(re.findall(r"host=(db-\d)", "".join(hosts))) == ["db-1", "db-2", "db-3"]
        beyond = ana.get(f"{GROUPS}?by=host{query}&page=9").content.decode()
        assert "That page of the list is gone; this is its beginning." in beyond
        assert list(rows(beyond)) == list(rows(first))


def test_every_page_of_a_list_of_more_than_are_grouped_is_of_the_newest(
    ana: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    [pattern] = world.send([world.perl()])
    for host, year in (("a", 2020), ("a", 2020), ("b", 2021), ("c", 2022)):
        at = Alert.objects.count()
        Alert.objects.bulk_create([like(pattern, at, host_name=host, created_at=datetime(year, 3, 1, tzinfo=UTC))])
    pattern.delete()
    monkeypatch.setattr(grouping, "MOST", 1)
    monkeypatch.setattr(grouping, "PAGE", 1)
    for view in ("triage", "all"):
        pages = [ana.get(GROUPS, {"by": "host", "view": view, "page": page}).context["page"] for page in (1, 2, 3)]
        assert [[group.name for group in page.rows] for page in pages] == [["b"], ["c"], ["b"]]
        assert [(page.further, page.capped, page.bad_key) for page in pages] == [
            (1, True, False), (0, True, False), (1, True, True)
        ]  # fmt: skip


def test_where_nothing_fits_it_says_what_there_is_without_the_filters(ana: Client, world: World) -> None:
    assert "No alert was raised yet." in ana.get(GROUPS).content.decode()
    world.send([world.perl()])
    page = ana.get(f"{GROUPS}?by=user&host=nowhere&view=all").content.decode()
    assert "No alert matches." in page
    assert f'href="{GROUPS}?by=user&amp;view=all">Clear filters' in page
    assert "Nothing waiting." in ana.get(GROUPS, {"view": "closed"}).content.decode()


def test_what_has_no_host_can_be_asked_for_by_a_filter_of_its_own(ana: Client, world: World) -> None:
    [with_host, without] = world.send([world.perl(), world.perl(2)])
    Alert.objects.filter(pk=without.pk).update(host_name="")
    answer = ana.get(QUEUE, {"lacks": "host"})
    assert [row.alert.pk for row in answer.context["page"].rows] == [without.pk]
    assert "<span>lacks</span>" in answer.content.decode()
    assert not ana.get(QUEUE, {"lacks": "both"}).context["page"].rows
    assert with_host.host_name
