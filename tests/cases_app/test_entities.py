"""Hosts, users, addresses and hashes of a case, and the tactics its alerts tell."""

from datetime import timedelta

from alerts.models import Alert
from cases.selectors import chain, entities
from tests.alerts.world import event, raised
from tests.cases_app import world
from tests.cases_app.world import NOW, alerts, opened

SHA = "AB" * 32


def _told(found):
    return {one.value: one.alerts for one in found}


def test_hosts_and_users_come_from_the_alerts_with_their_first_and_last_time(people, rule):
    found = alerts(3) + alerts(1, host__name="db-2", user__name="root")
    told = entities(opened(people, found))
    assert _told(told.hosts) == {"web-1": 3, "db-2": 1}
    assert [one.value for one in told.users] == ["svc-ci", "root"]
    assert (told.hosts[0].first, told.hosts[0].last) == (NOW, NOW + timedelta(seconds=2))
    assert (told.total, told.read, told.capped) == (4, 4, False)


def test_addresses_and_hashes_come_from_the_kept_events(people, rule):
    found = raised([
        event(
            source__ip="198.51.100.23",
            destination__ip=["2001:DB8::0:1", "127.0.0.1", "::", "198.51.100.23"],
            process__hash__sha256=SHA, process__hash__md5="0" * 32, file__hash__md5="F" * 32,
            dll__hash__sha1="<script>",
        ),
        event(NOW + timedelta(seconds=1), source__ip="198.51.100.23"),
    ])  # fmt: skip
    told = entities(opened(people, found))
    assert _told(told.addresses) == {"198.51.100.23": 2, "2001:db8::1": 1}
    assert _told(told.hashes) == {SHA.lower(): 1, "f" * 32: 1}


def test_an_odd_alert_names_all_its_hosts_and_users(people, rule):
    found = raised([event(host__name=["web-1", "web-2"], user__name=["svc-ci", "root", "svc-ci"])])
    assert found[0].odd
    told = entities(opened(people, found))
    assert _told(told.hosts) == {"web-1": 1, "web-2": 1}
    assert _told(told.users) == {"svc-ci": 1, "root": 1}


def test_of_very_many_alerts_the_first_ones_events_are_read_and_it_says_so(people, rule):
    found = [
        *raised([event(source__ip="203.0.113.1")]),
        *raised([event(NOW + timedelta(hours=1), source__ip="203.0.113.2")]),
    ]
    told = entities(opened(people, found), read=1)
    assert (told.total, told.read, told.capped) == (2, 1, True)
    assert _told(told.addresses) == {"203.0.113.1": 1}
    assert _told(told.hosts) == {"web-1": 2}


def test_alerts_of_another_team_tell_nothing(people, rule):
    case = opened(people, alerts(2))
    Alert.objects.update(team=people.retail)
    told = entities(case)
    assert (told.hosts, told.users, told.total, chain(case)) == ([], [], 0, [])


def test_an_empty_case_is_about_nothing(people):
    case = opened(people)
    assert entities(case).total == 0
    assert chain(case) == []


def test_the_chain_tells_the_tactics_in_the_order_in_which_they_were_seen(people, rule):
    world.load(rule, rule_id="curl", name="Curl", query="process.name:curl")
    (rule / "curl.toml").write_text(
        (rule / "curl.toml").read_text().replace("TA0002", "TA0001").replace('"Execution"', '"Initial Access"')
    )
    from rules.loading import load_rules

    load_rules(paths=[rule / "curl.toml"], source="test", actor=None, now=NOW - timedelta(days=29), enable=True)
    later = raised([event(NOW + timedelta(minutes=5))])
    first = raised([event(process__name="curl"), event(NOW + timedelta(seconds=1), process__name="curl")])
    steps = chain(opened(people, later + first))
    assert [(step.tactic_id, step.name, step.alerts) for step in steps] == [
        ("TA0001", "Initial Access", 2),
        ("TA0002", "Execution", 1),
    ]
    assert steps[0].first == NOW
