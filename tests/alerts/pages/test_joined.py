"""Alerts of several events, as an analyst meets them: on the page, in the queue, over the API, before an exception."""

import html
import re
import uuid
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from alerts.exceptions import preview
from alerts.models import Alert, AlertEvent, Kind
from alerts.settling import settle_due
from events.models import Event
from soc.web import clock
from tests.alerts.pages import joined
from tests.alerts.pages.conftest import HTMX
from tests.alerts.pages.world import World


@pytest.fixture
def rules(world: World) -> World:
    """The world with rules of every kind."""
    joined.load()
    return world


def words(page: str) -> str:
    """A page as it is read."""
    text = re.sub(r"<[^>]+>", " ", re.sub(r"</?(?:b|bdi)(?: [^>]*)?>", "", page))
    return re.sub(r" (?=[,.;])", "", re.sub(r"\s+", " ", html.unescape(text)))


def told(client: Client, alert: Alert, query: str = "") -> str:
    answer = client.get(f"/alerts/{alert.pk}/{query}")
    assert answer.status_code == 200
    return words(answer.content.decode())


def entry(field: str, value: str) -> dict[str, str]:
    return {"field": field, "type": "match", "operator": "included", "value": value}


def test_a_sequence_tells_each_step_its_gap_its_clauses_and_what_did_not_come(ana: Client, rules: World) -> None:
    alert = joined.sequence(rules)
    page = told(ana, alert)
    assert "www-data ran sh -i from nginx, then 3.2 s later connected to 203.0.113.66:4444 with sh;" in page
    assert re.search(r"; no event where .*event.type is end.* followed within 30 s on web-3", page)
    assert "host.name web-3 process.entity_id sh-1 In order 3.2 s of 30 s allowed" in page
    assert re.search(r"Step 2 \d\d:\d\d:\d\d\.\d{3} \+3\.2 s", page)
    assert "process.parent.name is any of nginx, apache2 nginx" in page
    assert "length(process.name) is less than 5 sh" in page
    assert "Step 3 nothing came No such event followed within 30 s." in page
    blocks = alert.blocks.values_list("pk", flat=True)
    assert len(blocks) == 2
    assert all(f"AL-{number}" in page for number in blocks)
    events = AlertEvent.objects.filter(alert=alert).values_list("uid", flat=True)
    source = ana.get(f"/alerts/{alert.pk}/").content.decode()
    assert all(f"/search/event/{bytes(uid).hex()}/" in source for uid in events)


def test_each_of_its_events_leads_back_to_it_and_is_explained_by_its_step(ana: Client, rules: World) -> None:
    alert = joined.sequence(rules)
    block = alert.blocks.order_by("-pk").first()
    assert block is not None
    page = told(ana, block)
    assert f"This event is step 2 of AL-{alert.pk}" in page
    assert "length(process.name) is less than 5" in page
    assert "nginx" not in page.split("Why it fired")[1].split("sequence by")[0]


def test_the_process_tree_of_a_sequence_says_what_started_its_process(ana: Client, rules: World) -> None:
    alert = joined.sequence(rules)
    tree = told(ana, alert).split("Process tree")[1]
    assert tree.startswith(" 2 processes nginx not recorded sh sh -i ")
    assert "nginx sh sh -i" in words(ana.get(f"/alerts/{alert.pk}/peek/", headers=HTMX).content.decode())


def test_the_steps_that_an_alert_keeps_say_it_where_the_events_are_gone(ana: Client, rules: World) -> None:
    alert = joined.sequence(rules)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM event")
    assert "nginx not recorded sh sh -i " in told(ana, alert).split("Process tree")[1]


def test_the_fields_of_a_sequence_stand_by_step_what_is_alike_once(ana: Client, rules: World) -> None:
    alert = joined.sequence(rules)
    fields = told(ana, alert).split("of all steps")[1]
    alike, first, second = re.split("Step 1|Step 2", fields)[:3]
    assert "web-3" in alike
    assert "/usr/sbin/nginx" in first
    assert "4444" in second
    assert "web-3" not in first
    raw = told(ana, alert, "?facts=raw")
    assert "Raw events" in raw
    assert '"entity_id": "sh-1"' in raw
    everything = told(ana, alert, "?facts=all")
    assert "destination.port 4444" in everything
    assert "process.parent.name nginx" in everything


def test_a_sample_has_no_order(ana: Client, rules: World) -> None:
    page = told(ana, joined.sample(rules))
    assert "www-data ran whoami; also ran uname on web-3" in page
    assert "In any order 10 s" in page


def test_a_count_stands_against_what_is_needed(ana: Client, rules: World) -> None:
    page = told(ana, joined.count(rules))
    assert "26 events from 203.0.113.9, with 7 different users within 4 m 10 s; 20 are enough" in page
    assert "26 events, 20 needed" in page
    assert "7 different users, 5 needed" in page
    assert "All 26 events that counted" in page
    assert "user-0 failed to sign in from 203.0.113.9 on web-3" in page


def test_the_preview_says_why_in_the_words_of_the_page(ana: Client, rules: World) -> None:
    def peeked(alert: Alert) -> str:
        return words(ana.get(f"/alerts/{alert.pk}/peek/", headers=HTMX).content.decode())

    counted, named = joined.count(rules), rules.send([rules.perl()])[0]
    assert "26 events, 20 needed, 7 different users" in peeked(counted)
    assert "source.ip 203.0.113.9" in peeked(counted)
    assert "process.name perl" in peeked(named)
    assert "process.name is perl" in told(ana, named)


def test_a_count_whose_events_were_not_all_kept_says_so(ana: Client, rules: World) -> None:
    page = told(ana, joined.count(rules, of=1_234))
    assert "26 of the 1,234 events were kept with the alert" in page


def test_an_indicator_is_told_with_the_field_it_met_and_what_is_known_of_it(ana: Client, rules: World) -> None:
    page = told(ana, joined.met(rules))
    assert "Its destination.ip 203.0.113.66 is a known indicator of Example feed." in page
    assert "The event's destination.ip 203.0.113.66 is the indicator's threat.indicator.ip" in page
    assert "description Command server of a loader" in page
    assert "The indicator as it arrived" in page


def test_what_a_rule_met_while_it_learns_is_one_alert_that_says_so(ana: Client, rules: World) -> None:
    page = told(ana, joined.learning(rules))
    assert "3 new combinations of host.name and process.name met while the rule learns its history" in page
    assert "web-3 jq" in page
    assert "Not seen in the" not in page


def test_hits_counted_at_an_alert_are_told_with_what_they_share(ana: Client, rules: World) -> None:
    page = told(ana, joined.alike(rules))
    assert "3 more like this were counted here instead of becoming alerts" in page
    assert "Alike are those with the same host.name web-3, user.name www-data." in page


def test_the_queue_shows_what_each_rests_on_and_keeps_building_blocks_out(ana: Client, rules: World) -> None:
    made = [joined.sequence(rules), joined.count(rules), joined.alike(rules)]
    page = words(ana.get("/alerts/").content.decode())
    assert "2 events joined" in page
    assert "26 events" in page
    assert "+3 more like it, counted here" in page
    assert "one of several" not in page
    blocks = words(ana.get("/alerts/?blocks=1").content.decode())
    assert "one of several" in blocks
    assert "building blocks shown too" in blocks
    for alert in made:
        assert ana.get(f"/alerts/{alert.pk}/peek/", headers=HTMX).status_code == 200


def test_a_hostile_value_stays_text(ana: Client, rules: World) -> None:
    alert = joined.sequence(rules)
    facts = alert.facts or {}
    facts["by"] = [{"field": "host.name", "value": "<script>alert(1)</script>"}, {"field": "x", "value": None}]
    Alert.objects.filter(pk=alert.pk).update(facts=facts)
    page = ana.get(f"/alerts/{alert.pk}/").content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_facts_of_an_unknown_shape_leave_the_page_standing(ana: Client, rules: World) -> None:
    alert = joined.count(rules)
    Alert.objects.filter(pk=alert.pk).update(facts={"something": "else"})
    assert ana.get(f"/alerts/{alert.pk}/").status_code == 200
    assert ana.get("/alerts/").status_code == 200


def test_the_interface_tells_the_same(ana: Client, rules: World) -> None:
    alert, count = joined.sequence(rules), joined.count(rules)
    answer = ana.get(f"/api/v1/alerts/{alert.pk}").json()
    assert (answer["alert"]["kind"], answer["alert"]["shell"]) == ("sequence", None)
    steps = answer["composition"]["steps"]
    assert [pair["value"] for pair in steps["by"]] == ["web-3", "sh-1"]
    assert [row["gap"] for row in steps["rows"]] == ["", "+3.2 s", ""]
    assert steps["rows"][1]["event"]["document"]["destination"]["port"] == 4444
    assert steps["rows"][2]["missing"] == "No such event followed within 30 s"
    assert len(answer["composition"]["blocks"]) == 2
    reached = ana.get(f"/api/v1/alerts/{count.pk}").json()["composition"]["reached"]
    assert (reached["count"], reached["needed"], len(reached["events"])) == (26, 20, 26)
    listed = ana.get("/api/v1/alerts?building_blocks=true").json()["items"]
    assert sorted(row["kind"] for row in listed) == ["block", "block", "sequence", "threshold"]


class TestExceptions:
    def test_what_covers_any_event_of_a_sequence_covers_the_sequence(self, rules: World) -> None:
        alert = joined.sequence(rules)
        given: dict[str, Any] = {"rule": alert.rule, "team_ids": [rules.team.pk], "now": clock.now(), "alert": alert}
        found = preview(entries=[entry("process.parent.name", "nginx")], **given)
        assert (found.total, found.silenced, found.matches_source) == (1, 1, True)
        found = preview(entries=[entry("process.parent.name", "nginx"), entry("destination.port", "4444")], **given)
        assert (found.silenced, found.per_entry) == (0, [1, 0])  # no single event has both

    def test_a_count_is_covered_when_too_few_events_are_left(self, rules: World) -> None:
        alert = joined.count(rules)
        given: dict[str, Any] = {"rule": alert.rule, "team_ids": [rules.team.pk], "now": clock.now(), "alert": alert}
        assert preview(entries=[entry("user.name", "user-1")], **given).silenced == 0  # 22 of 26 are left
        assert preview(entries=[entry("host.name", "web-3")], **given).silenced == 1
        two = {"field": "user.name", "type": "match_any", "operator": "included", "value": ["user-1", "user-2"]}
        assert preview(entries=[two], **given).silenced == 1  # 18 of 26 are left

    def test_values_are_offered_from_every_step(self, ana: Client, rules: World) -> None:
        alert = joined.sequence(rules)
        page = told(ana, alert, "?side=exception&add=process.parent.name&add=destination.port")
        assert "It takes out single events, before they are joined" in page
        source = ana.get(f"/alerts/{alert.pk}/?side=exception&add=process.parent.name").content.decode()
        assert 'value="process.parent.name"' in source
        assert re.search(r"<textarea[^>]*>\s*nginx</textarea>", source)
        assert "Silences 1 of 1 alert" in told(ana, alert, "?side=exception&add=process.parent.name")


class TestAValueOfAStep:
    """An exception on a sequence takes out single events: a condition is on what the event that was pointed at says."""

    @staticmethod
    def steps_of(page: str) -> list[str]:
        """The buttons at `event.category`, step by step."""
        found = re.findall(r'name="add_field" value="event.category" formaction="([^"]+)"', page)
        return [unescape(url) for url in found]

    def test_is_the_condition(self, ana: Client, rules: World) -> None:
        alert = joined.sequence(rules)
        page = ana.get(f"/alerts/{alert.pk}/?side=exception&add=host.name").content.decode()
        for url, value in zip(self.steps_of(page), ("process", "network"), strict=True):
            told = ana.post(url, {"add_field": "event.category"}, headers=HTMX).content.decode()
            assert re.search(rf"<textarea[^>]*>\s*{value}</textarea>", told)
            assert '<option value="is" selected' in told
            assert "Silences 1 of 1 alert" in told
            assert len(re.findall(r'class="f used"><dt[^>]*title="event.category"', told)) == 1

    def test_is_the_condition_of_a_panel_that_opens_with_it(self, ana: Client, rules: World) -> None:
        alert = joined.sequence(rules)
        page = ana.get(f"/alerts/{alert.pk}/").content.decode()
        ways = [unescape(one) for one in re.findall(r'href="([^"]*add=event.category[^"]*)"', page)]
        for way, value in zip(ways, ("process", "network"), strict=True):
            assert re.search(rf"<textarea[^>]*>\s*{value}</textarea>", ana.get(way).content.decode())

    def test_is_read_from_what_was_kept_when_the_event_is_gone(self, ana: Client, rules: World) -> None:
        alert = joined.sequence(rules)
        page = ana.get(f"/alerts/{alert.pk}/?side=exception&add=host.name").content.decode()
        Event.objects.all().delete()
        told = ana.post(self.steps_of(page)[1], {"add_field": "event.category"}, headers=HTMX).content.decode()
        assert re.search(r"<textarea[^>]*>\s*network</textarea>", told)

    def test_stands_alone_among_all_fields_where_the_steps_differ(self, ana: Client, rules: World) -> None:
        alert = joined.sequence(rules)
        page = ana.get(f"/alerts/{alert.pk}/?side=exception&add=host.name&facts=all").content.decode()
        told = ana.post(self.steps_of(page)[1], {"add_field": "event.category", "facts": "all"}, headers=HTMX)
        assert re.search(r"<textarea[^>]*>\s*network</textarea>", told.content.decode())

    def test_covers_what_its_preview_says(self, rules: World) -> None:
        """Two steps' values asked of one event cover nothing, and either alone does."""
        alert = joined.sequence(rules)
        given: dict[str, Any] = {"rule": alert.rule, "team_ids": [rules.team.pk], "now": clock.now(), "alert": alert}
        first, second = entry("event.category", "process"), entry("event.category", "network")
        assert preview(entries=[second], **given).silenced == preview(entries=[first], **given).silenced == 1
        assert preview(entries=[first, second], **given).silenced == 0


def test_events_that_came_by_the_door_are_joined_and_told(ana: Client, rules: World) -> None:
    rules.send(joined.story_of_shell(rules))
    now = rules.now + timedelta(seconds=30)
    while settle_due(now=now, worker=uuid.uuid4()).rules:
        pass
    alert = Alert.objects.get(rule_id=joined.SEQUENCE, shell=None)
    assert alert.kind == Kind.SEQUENCE
    page = told(ana, alert)
    assert "then 3.2 s later connected to 203.0.113.66:4444 with sh; no event where " in page
    assert "host.name web-3 process.entity_id sh-1" in page
