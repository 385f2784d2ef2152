"""What comes into force by a shared list passes the guard and the review policy, as single exceptions do."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Change, RolePolicy
from alerts import shared_lists
from alerts.errors import GuardRefused, ReviewNeeded
from alerts.models import Reason, Status
from alerts.triage import set_status
from rules import shared
from rules.models import ExceptionItem
from tests.alerts.world import NOW, event, load, raised
from tests.people import sign_in

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=1)
PAGE = "/settings/shared-lists/known/"
BAD = [{"field": "host.name", "type": "match", "operator": "included", "value": "bad"}]


@pytest.fixture
def rules(tmp_path):
    return [load(tmp_path), load(tmp_path, rule_id="two", name="Two")]


@pytest.fixture
def item(rules, cast):
    """An item about a host, on the first rule alone, owned by Rosa."""
    told: dict[str, Any] = {"list_id": "known", "actor": cast.rosa, "now": LATER}
    shared.create_list(name="Known", rules=rules[:1], **told)
    return shared.add_item(entries=BAD, reason="Scanner", name="Scanner", **told).items[0]


def judged_as_true_positive(cast, *alerts):
    teams = [alert.team_id for alert in alerts]
    told: dict[str, Any] = {"status": Status.CLOSED, "reason": Reason.TRUE_POSITIVE, "note": ""}
    set_status(alert_ids=[one.pk for one in alerts], **told, actor=cast.ana, now=LATER, team_ids=teams)


def off(item, cast):
    shared.disable_item(list_id="known", item_id=item.item_id, actor=cast.rosa, now=LATER)


def switch(item, actor, verb, **given):
    told: dict[str, Any] = {"list_id": "known", "item_id": item.item_id, "verb": verb, "actor": actor, "now": LATER}
    return shared_lists.switch_item(**told, **given)


def drafts_only(role="analyst"):
    RolePolicy.objects.update_or_create(role=role, defaults={"exceptions": RolePolicy.Exceptions.DRAFT})


def test_an_item_that_would_hide_a_true_positive_is_switched_on_by_who_may_and_says_why(item, cast):
    off(item, cast)
    (bad,) = [one for one in raised([event(host__name="bad")]) if one.rule_id == "perl"]
    judged_as_true_positive(cast, bad)
    for actor, why in [(cast.rosa, ""), (cast.ana, "I think so")]:
        with pytest.raises(GuardRefused) as refused:
            switch(item, actor, "enable", override_guard_reason=why)
        assert refused.value.alert_ids == (bad.pk,)
    item.refresh_from_db()
    assert not item.enabled
    switch(item, cast.rosa, "enable", override_guard_reason="It was the red team")
    item.refresh_from_db()
    assert item.enabled
    note = Change.objects.get(object_type="exception", object_id=str(item.pk), verb="enable").note
    assert note == "Hides 1 true positives, saved nevertheless: It was the red team"


def test_every_copy_is_guarded_by_what_it_says_itself(item, rules, cast):
    shared.add_rules(list_id="known", rules=rules, actor=cast.rosa, now=LATER)
    other = ExceptionItem.objects.get(rule="two")
    ExceptionItem.objects.filter(pk=other.pk).update(entries=[{**BAD[0], "value": "worse"}])
    off(item, cast)
    alerts = raised([event(host__name="worse")])
    judged_as_true_positive(cast, *alerts)
    with pytest.raises(GuardRefused) as refused:
        switch(item, cast.rosa, "enable")
    assert refused.value.alert_ids == tuple(one.pk for one in alerts if one.rule_id == "two")


def test_a_role_whose_exceptions_need_a_review_switches_none_on_and_removes_none_of_others(item, cast):
    drafts_only()
    for verb in ("disable", "remove"):
        with pytest.raises(ReviewNeeded):
            switch(item, cast.ana, verb)
    off(item, cast)
    with pytest.raises(ReviewNeeded):
        switch(item, cast.ana, "enable")
    item.refresh_from_db()
    assert (item.enabled, item.removed_at) == (False, None)
    assert sign_in(cast.ana).post(f"{PAGE}items/{item.pk}/", {"do": "remove"}).status_code == 422


def test_a_role_whose_exceptions_need_a_review_puts_no_list_on_a_rule_and_removes_none(item, rules, cast):
    drafts_only("engineer")
    told: dict[str, Any] = {"list_id": "known", "now": LATER}
    ExceptionItem.objects.update(owner=cast.mona)
    with pytest.raises(ReviewNeeded):
        shared_lists.add_rules(rules=rules, actor=cast.rosa, **told)
    with pytest.raises(ReviewNeeded):
        shared_lists.remove_list(version=None, actor=cast.rosa, **told)
    assert ExceptionItem.objects.filter(removed_at=None).count() == 1


def test_a_rule_with_a_true_positive_that_the_list_hides_gets_the_list_only_with_a_reason(item, rules, cast):
    alerts = raised([event(host__name="bad"), event(host__name="good")])
    judged_as_true_positive(cast, *(one for one in alerts if one.rule_id == "two" and one.host_name == "bad"))
    page = sign_in(cast.rosa)
    answer = page.post(f"{PAGE}add-rule/", {"rule": "two"})
    assert (answer.status_code, ExceptionItem.objects.count()) == (422, 1)
    assert 'name="override"' in answer.content.decode()
    assert page.post(f"{PAGE}add-rule/", {"rule": "two", "override": "Ours"}).status_code == 303
    assert ExceptionItem.objects.filter(rule="two").exists()
    note = Change.objects.get(object_type="shared list", verb="add rules").note
    assert note == "Hides 1 true positives, saved nevertheless: Ours"


def test_an_item_that_is_off_does_not_keep_a_list_from_a_rule(item, rules, cast):
    off(item, cast)
    judged_as_true_positive(cast, *raised([event(host__name="bad")]))
    shared_lists.add_rules(list_id="known", rules=rules, actor=cast.rosa, now=LATER)
    assert not ExceptionItem.objects.get(rule="two").enabled
