"""The facts of an alert's page: how common values are, processes, what is related, and what earlier verdicts say."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from alerts.models import Alert
from events import prevalence_notes
from events.models import ValuesLearnt
from tests.alerts.pages.conftest import HTMX, SignIn
from tests.alerts.pages.world import World


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    prevalence_notes.forget_written()
    yield
    prevalence_notes.forget_written()


def page_of(client: Client, alert: Alert, **asked: str) -> str:
    answer = client.get(reverse("alerts:detail", args=[alert.pk]), asked)
    assert answer.status_code == 200
    return answer.content.decode()


def told(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def noted(world: World) -> None:
    prevalence_notes.note(now=world.now + timedelta(minutes=5))


def started(world: World, number: int, entity: str, name: str, parent: str, **more: Any) -> dict[str, Any]:
    return world.perl(
        number, process={"entity_id": entity, "name": name, "pid": number, "parent": {"entity_id": parent}}, **more
    )


class TestHowCommon:
    def test_a_value_on_several_hosts_says_on_how_many_and_since_when(self, ana: Client, world: World) -> None:
        world.send([world.perl(2, **{"@timestamp": (world.now - timedelta(days=3)).isoformat()})])
        [alert] = world.send([world.perl(1)])
        assert "How common here" not in page_of(ana, alert)
        noted(world)
        page = told(page_of(ana, alert))
        assert "How common here in events of any index" in page
        assert "on 2 of 2 hosts, new on this one" in page

    def test_the_first_day_and_the_only_host(self, ana: Client, world: World) -> None:
        [alert] = world.send([world.perl(1)])
        noted(world)
        page = told(page_of(ana, alert))
        assert "only this host" in page
        assert "first seen" not in page  # nothing is known of other days
        days_ago = (world.now - timedelta(days=5)).isoformat()
        world.send([world.perl(4, **{"@timestamp": days_ago}, process__name="ls", process__args=["ls"])])
        noted(world)
        assert "only this host, first seen that day" in told(page_of(ana, alert))
        old = world.perl(4, **{"@timestamp": (world.now - timedelta(days=2)).isoformat()})  # the same host
        world.send([old])
        noted(world)
        assert "only this host, since" in told(page_of(ana, alert))

    def test_it_says_up_to_when_it_knows_where_noting_is_behind(self, ana: Client, world: World) -> None:
        world.send([world.perl(1)])
        noted(world)
        assert "as of" not in told(page_of(ana, Alert.objects.get()))
        until = world.now - timedelta(hours=2)
        ValuesLearnt.objects.update(at=until)
        assert f"as of {until:%H:%M} UTC" in told(page_of(ana, Alert.objects.get()))

    def test_the_preview_does_not_ask(self, ana: Client, world: World) -> None:
        [alert] = world.send([world.perl(1)])
        noted(world)
        peek = ana.get(reverse("alerts:peek", args=[alert.pk]), headers=HTMX).content.decode()
        assert "How common here" not in peek


class TestProcesses:
    def test_the_tree_goes_up_down_and_beside(self, ana: Client, world: World) -> None:
        world.send([
            started(world, 30, "top", "systemd", "none"),
            started(world, 29, "shell-1", "bash", "top"),
            *(started(world, 20 - number, f"kid-{number}", f"kid{number}", "perl-1") for number in range(9)),
            started(world, 10, "beside", "ls", "shell-1"),
            started(world, 60 * 26, "before", "ls", "shell-1"),
        ])  # fmt: skip
        [alert] = world.send([world.perl(1)])
        page = told(page_of(ana, alert))
        tree = page.split("Process tree")[1].split("Fields")[0]
        assert tree.index("systemd") < tree.index("bash") < tree.index("this alert") < tree.index("kid0")
        assert "4 more children within a day, no network activity" in tree
        assert "1 other child of bash within a day, no network activity" in tree
        assert "14 processes" in tree  # what started systemd is told by its event

    def test_an_alert_of_the_same_tree_is_related_with_its_tactic(self, ana: Client, world: World) -> None:
        child = world.perl(2, host__name="elsewhere", user__name="other")
        child["process"] |= {"entity_id": "kid", "parent": {"entity_id": "perl-1", "name": "perl"}}
        alerts = world.send([world.perl(1), child])
        [mine] = [alert for alert in alerts if alert.user_name == "postgres"]
        page = page_of(ana, mine, side="related")
        group = page.split("Same process tree")[1].split("</section>")[0]
        [other] = [alert for alert in alerts if alert != mine]
        assert reverse("alerts:detail", args=[other.pk]) in group
        assert 'class="here" title="Execution, this alert"' in group


class TestRelated:
    def test_an_address_that_is_public_brings_alerts_together(self, ana: Client, world: World) -> None:
        first, second, inside = world.send([
            world.perl(1, host__name="a", user__name="x", process__parent__entity_id="x", source__ip="198.51.100.7"),
            world.perl(2, host__name="b", user__name="y", process__parent__entity_id="y", source__ip="198.51.100.7"),
            world.perl(3, host__name="c", user__name="z", process__parent__entity_id="z", source__ip="10.0.0.1"),
        ])  # fmt: skip
        assert inside.address is None
        page = page_of(ana, first, side="related")
        assert reverse("alerts:detail", args=[second.pk]) in page.split("Same address")[1]

    def test_identical_alerts_are_named_above(self, ana: Client, world: World) -> None:
        alert, *_ = world.send([world.perl(1), world.perl(4)])
        assert alert.fold is not None
        page = told(page_of(ana, alert))
        assert re.search(r"1 identical alert since \d\d:\d\d:\d\d UTC on \d+ \w+ \d{4}", page)


class TestEarlier:
    def test_it_says_what_differs_from_earlier_verdicts_on_the_host(self, ana: Client, world: World) -> None:
        before = world.send([world.perl(4), world.perl(7)])
        world.close(before)
        [alert] = world.send([world.perl(1, user__name="root")])
        page = told(page_of(ana, alert))
        assert re.search(r"On db-2 2 verdicts: 2 benign", page)
        assert re.search(r"Different this time user.name root before: postgres", page)

    def test_it_says_where_nothing_differs(self, ana: Client, world: World) -> None:
        world.close(world.send([world.perl(4)]))
        [alert] = world.send([world.perl(1)])
        assert "Nothing of note differs" in told(page_of(ana, alert))


def test_the_query_stands_behind_the_clauses(ana: Client, world: World) -> None:
    [alert] = world.send([world.perl(1)])
    page = page_of(ana, alert)
    assert 'id="why-clauses" checked' in page
    assert alert.revision.definition["query"][:20].strip() in told(page.split('class="as-query"')[1])


def test_a_rule_that_changed_since_is_compared(ana: Client, world: World) -> None:
    [alert] = world.send([world.perl(1)])
    old = alert.rule.revision
    assert old is not None
    old.pk, old.number = None, old.number + 1
    old.definition = {**old.definition, "query": old.definition["query"] + " and true"}
    old.save(force_insert=True)
    alert.rule.revision = old
    alert.rule.save()
    page = told(page_of(ana, alert))
    assert f"The rule is at version {old.number} now; version {old.number - 1} raised this. Compare" in page


def test_an_event_that_left_storage_is_told_with_the_day(ana: Client, world: World, settings: Any) -> None:
    [alert] = world.send([world.perl(1, **{"@timestamp": (world.now - timedelta(days=5)).isoformat()})])
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM event WHERE day < %s", [(world.now - timedelta(days=4)).date()])
    settings.RETENTION_DAYS = 2
    page = told(page_of(ana, alert))
    assert re.search(r"The event left storage on \d+ \w+; these \d+ fields were kept with the alert\.", page)


def test_verdicts_are_the_same_number_wherever_they_are_told(ana: Client, sign_in: SignIn, world: World) -> None:
    *closed, alert = world.send([world.perl(3 * number) for number in range(1, 14)])  # all on one host
    for reason, several in (
        ("true_positive", closed[:2]), ("benign_positive", closed[2:7]), ("false_positive", closed[7:10]),
        ("duplicate", closed[10:11]), ("other", closed[11:]),
    ):  # fmt: skip
        world.close(several, reason, note="an exercise")
    on_page = told(page_of(ana, alert))
    assert re.search(r"\D10 verdicts", on_page.split("What usually happens")[-1])
    assert (
        "On db-1 10 verdicts: 2 true positive, 5 benign, 3 false positive; not counted: 1 duplicate, 1 other."
        in on_page
    )
    assert "2 true of 10" in told(ana.get(reverse("alerts:queue")).content.decode())
    assert "20 % of 10" in told(ana.get(reverse("rules:list")).content.decode())
    assert "2 true of 10 verdicts" in told(sign_in("mona").get("/overview/").content.decode())
