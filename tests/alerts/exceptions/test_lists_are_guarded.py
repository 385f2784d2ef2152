"""Values of a list change: what is hidden from then on passes the guard, what is covered no longer is raised."""

from datetime import timedelta

import pytest

from accounts.keys import create_key
from accounts.models import Change, Notice
from alerts.exceptions import add, disable
from alerts.listed import releasing
from alerts.models import Alert, ExceptionCheck, Reason, ReleaseDue, Status
from alerts.reviewing.checks import check_due
from alerts.triage import set_status
from rules import value_lists
from rules.errors import ValuesHide
from rules.models import HeldBack, Rule, ValueList
from tests.alerts.world import NOW, event, load, raised, work
from tests.people import sign_in

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=1)
AFTER = NOW + timedelta(minutes=2)
PAGE = "/settings/lists/hosts/"


def asking(operator="included"):
    return {"field": "host.name", "type": "list", "operator": operator, "list": {"id": "hosts", "type": "keyword"}}


@pytest.fixture
def rule(tmp_path):
    return load(tmp_path)


@pytest.fixture
def alerts(rule, cast):
    """Of the hosts bad, a true positive, and good."""
    bad, good = raised([event(host__name="bad"), event(host__name="good")])
    told = {"status": Status.CLOSED, "reason": Reason.TRUE_POSITIVE, "actor": cast.ana, "now": LATER}
    set_status(alert_ids=[bad.pk], **told, team_ids=[bad.team_id])
    return bad, good


def listed(cast, *hosts):
    told = {"list_id": "hosts", "name": "Hosts", "type": "keyword", "actor": cast.rosa, "now": LATER}
    value_lists.create_list(lines=hosts, **told)


def excepted(cast, alert, operator="included"):
    told = {"reason": "Known", "name": "Known hosts", "actor": cast.rosa, "now": LATER, "team_ids": [alert.team_id]}
    return add(alert=alert, entries=[asking(operator)], **told).item


def change(cast, verb, *values, **given):
    key = "values" if verb == "remove" else "lines"
    told = {"list_id": "hosts", "actor": cast.rosa, "now": AFTER, key: values}
    more = {"version": None} if verb == "replace" else {}
    return getattr(value_lists, f"{verb}_values")(**told, **more, **given)


def held():
    return sorted(bytes(uid) for uid in HeldBack.objects.values_list("uid", flat=True))


@pytest.mark.parametrize("verb", ["append", "replace"])
def test_a_value_that_would_hide_a_true_positive_is_kept_only_with_a_reason(alerts, cast, verb):
    bad, good = alerts
    listed(cast, "good")
    item = excepted(cast, good)
    with pytest.raises(ValuesHide) as refused:
        change(cast, verb, "bad", "good")
    assert f"would have hidden 1 true positive: AL-{bad.pk}." in refused.value.message
    assert value_lists.values_of("hosts") == ("good",)
    done = change(cast, verb, "bad", "good", override_guard_reason="It was the red team")
    assert done.effect.hides == 1
    assert Change.objects.filter(object_type="value list").latest("pk").note == (
        "Hides 1 true positives, saved nevertheless: It was the red team"
    )
    assert ExceptionCheck.objects.get(item=item).alert_id == bad.pk
    assert change(cast, "append", "harmless").effect.hides == 0  # what is hidden already is not asked about again


def test_a_value_taken_from_a_list_of_which_an_exception_asks_what_is_outside_passes_the_guard(alerts, cast):
    _, good = alerts
    listed(cast, "bad", "other")
    excepted(cast, good, "excluded")
    with pytest.raises(ValuesHide):
        change(cast, "remove", "bad")
    assert change(cast, "remove", "other").removed == 1


def test_the_page_of_a_list_says_what_would_be_hidden_and_asks_who_may_for_a_reason(alerts, cast):
    _, good = alerts
    listed(cast, "good")
    excepted(cast, good)
    page = sign_in(cast.rosa)
    answer = page.post(f"{PAGE}values/", {"values": "bad", "how": "append"})
    text = answer.content.decode()
    assert (answer.status_code, 'name="override"' in text, ">bad<" in text.replace("\n", "")) == (422, True, True)
    posted = {"values": "bad", "how": "append", "override": "Ours"}
    assert page.post(f"{PAGE}values/", posted).status_code == 303
    assert ValueList.objects.get(pk="hosts").count == 2


def test_taking_a_value_out_on_the_page_passes_the_guard_too(alerts, cast):
    _, good = alerts
    listed(cast, "bad", "other")
    excepted(cast, good, "excluded")
    page = sign_in(cast.rosa)
    answer = page.post(f"{PAGE}drop/", {"value": "bad"})
    assert (answer.status_code, 'name="override"' in answer.content.decode()) == (422, True)
    assert page.post(f"{PAGE}drop/", {"value": "bad", "override": "Ours"}).status_code == 303


def test_a_feed_is_not_refused_but_its_change_is_noted_and_the_owners_are_told(alerts, cast, client):
    bad, good = alerts
    listed(cast, "good")
    item = excepted(cast, good)
    check_due(LATER)
    scopes = ["lists:write"]
    _, secret = create_key(name="feed", team=good.team, actor=cast.rosa, now=NOW, scopes=scopes, acts_for=cast.rosa)
    answer = client.post(
        "/api/v1/lists/hosts/values",
        {"values": ["bad"]},
        content_type="application/json",
        headers={"Authorization": f"ApiKey {secret}"},
    )
    assert answer.status_code == 200, answer.content
    note = Change.objects.filter(object_type="value list").latest("pk").note
    assert note == "Hides 1 true positives from now on; the owners of the exceptions were told."
    notice = Notice.objects.get(user=cast.rosa, kind=Notice.Kind.REVIEW)
    assert "“Known hosts” hide a true positive" in notice.text
    assert notice.path == f"/exceptions/{item.pk}/"
    assert ExceptionCheck.objects.get(item=item).alert_id == bad.pk


@pytest.mark.parametrize("rest", ["at once", "by the worker"])
def test_what_an_exception_covers_no_longer_is_raised_when_a_value_leaves_the_list(rule, cast, monkeypatch, rest):
    (good,) = raised([event(host__name="good")])
    listed(cast, "good", "c2", "scanner")
    excepted(cast, good)
    hosts = ["c2", "scanner", "c2", "c2"]
    assert not raised([event(host__name=host, event__id=str(at)) for at, host in enumerate(hosts)], now=AFTER)
    assert len(held()) == 4
    monkeypatch.setattr(releasing, "PORTION", 500 if rest == "at once" else 1)
    done = change(cast, "remove", "c2")
    if rest == "at once":
        assert (done.effect.alerts, done.effect.waiting) == (3, 0)
    else:
        assert done.effect.waiting == 3  # whether the one that was looked at is the scanner's is up to its number
        while releasing.work_portion(now=AFTER):
            pass
    assert list(Alert.objects.filter(pk__gt=good.pk).values_list("host_name", flat=True)) == ["c2"] * 3
    assert (len(held()), ReleaseDue.objects.count()) == (1, 0)
    work(AFTER)
    assert Alert.objects.count() == 4


def test_a_worker_that_is_killed_in_a_portion_loses_nothing_and_raises_nothing_twice(rule, cast, monkeypatch):
    (good,) = raised([event(host__name="good")])
    listed(cast, "good", "c2")
    excepted(cast, good)
    assert not raised([event(host__name="c2", event__id=str(at)) for at in range(4)], now=AFTER)
    monkeypatch.setattr(releasing, "PORTION", 1)
    change(cast, "remove", "c2")
    real = ReleaseDue.save

    def killed(*_args, **_kwargs):
        raise SystemExit

    monkeypatch.setattr(ReleaseDue, "save", killed)
    with pytest.raises(SystemExit):
        releasing.work_portion(now=AFTER)
    monkeypatch.setattr(ReleaseDue, "save", real)
    while releasing.work_portion(now=AFTER):
        pass
    assert Alert.objects.filter(host_name="c2").count() == 4
    assert held() == []


def test_a_value_added_to_a_list_of_which_an_exception_asks_what_is_outside_raises_what_it_held_back(rule, cast):
    (good,) = raised([event(host__name="good")])
    listed(cast, "watched")
    excepted(cast, good, "excluded")
    assert not raised([event(host__name="c2")], now=AFTER)
    assert change(cast, "append", "c2").effect.alerts == 1
    assert Alert.objects.filter(host_name="c2").count() == 1


def test_what_another_exception_covers_stays_held_back(rule, cast):
    (good,) = raised([event(host__name="good")])
    listed(cast, "good", "c2")
    excepted(cast, good)
    also = [{"field": "host.name", "type": "match", "operator": "included", "value": "c2"}]
    told = {"reason": "Known", "actor": cast.rosa, "now": LATER, "team_ids": [good.team_id]}
    other = add(alert=good, entries=also, **told).item
    assert not raised([event(host__name="c2")], now=AFTER)
    assert change(cast, "remove", "c2").effect.alerts == 0
    assert list(HeldBack.objects.values_list("item_id", flat=True)) == [other.pk]


def test_of_a_rule_that_is_off_it_is_raised_when_the_rule_is_on_again(rule, cast):
    (good,) = raised([event(host__name="good")])
    listed(cast, "good", "c2")
    item = excepted(cast, good)
    assert not raised([event(host__name="c2")], now=LATER)
    Rule.objects.filter(pk=rule.pk).update(enabled=False)
    assert change(cast, "remove", "c2").effect.alerts == 0
    item.refresh_from_db()
    assert (item.updated_at, ReleaseDue.objects.count()) == (AFTER, 0)


def test_an_exception_that_was_switched_off_meanwhile_has_nothing_left_to_look_at(rule, cast, monkeypatch):
    (good,) = raised([event(host__name="good")])
    listed(cast, "good", "c2")
    item = excepted(cast, good)
    assert not raised([event(host__name="c2", event__id=str(at)) for at in range(3)], now=AFTER)
    monkeypatch.setattr(releasing, "PORTION", 1)
    change(cast, "remove", "c2")
    disable(item=item, actor=cast.rosa, now=AFTER, team_ids=[good.team_id])
    assert Alert.objects.filter(host_name="c2").count() == 3
    while releasing.work_portion(now=AFTER):
        pass
    assert Alert.objects.filter(host_name="c2").count() == 3
    assert not ReleaseDue.objects.exists()


def test_taking_a_change_back_passes_the_guard_too_and_raises_what_it_covers_no_longer(cast, alerts):
    listed(cast, "bad")
    removed = change(cast, "remove", "bad").change
    excepted(cast, alerts[1])
    told = {"list_id": "hosts", "change_id": removed.pk, "actor": cast.rosa, "now": AFTER}
    with pytest.raises(ValuesHide):
        value_lists.undo_change(**told)
    client = sign_in(cast.rosa)
    undone = value_lists.undo_change(**told, override_guard_reason="It was no attack.")
    assert undone.effect.hides == 1
    assert "saved nevertheless: It was no attack." in Change.objects.get(undoes=removed).note
    added = change(cast, "append", "worse").change
    raised([event(host__name="worse")], now=AFTER)
    assert not Alert.objects.filter(host_name="worse").exists()
    undone = value_lists.undo_change(**{**told, "change_id": added.pk})
    assert undone.effect.alerts == 1
    assert Alert.objects.filter(host_name="worse").exists()
    assert client.get(PAGE).status_code == 200


def test_the_api_tells_the_effect_of_a_change_as_the_page_does(cast, alerts):
    listed(cast, "other")
    excepted(cast, alerts[1])
    client = sign_in(cast.rosa)
    body = {"values": ["bad"]}
    told = client.post("/api/v1/lists/hosts/values", body, content_type="application/json").json()
    assert (told["effect"], told["kept_off"]) == ({"hides": 1, "alerts": 0, "waiting": 0}, 0)
    raised([event(host__name="bad")], now=AFTER)
    told = client.post("/api/v1/lists/hosts/values/remove", body, content_type="application/json").json()
    assert told["effect"] == {"hides": 0, "alerts": 1, "waiting": 0}
