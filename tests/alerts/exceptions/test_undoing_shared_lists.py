"""Changes of shared lists taken back for ten minutes: past the guard, with their exceptions as they were, each once."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.errors import NotAllowed
from accounts.models import Change, Team
from alerts import shared_lists, shared_undo
from alerts.blame import RuleFailed
from alerts.errors import GuardRefused
from alerts.models import Alert, Reason, Status
from alerts.triage import set_status
from rules import shared
from rules.errors import ListRefused, NotUndoable
from rules.exceptions import disable_item
from rules.models import ExceptionItem, SharedList
from rules.shared import lists as shared_module
from soc.web import clock
from tests.alerts.world import NOW, event, load, raised
from tests.people import sign_in

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=1)
AFTER = NOW + timedelta(minutes=2)
ENDED = AFTER + timedelta(minutes=10)
PAGE = "/settings/shared-lists/known/"


def on(host):
    return [{"field": "host.name", "type": "match", "operator": "included", "value": host}]


@pytest.fixture
def rules(tmp_path):
    return [load(tmp_path), load(tmp_path, rule_id="two", name="Two")]


@pytest.fixture
def items(rules, cast):
    """Two exceptions of a list that is for both rules; the second is off for the first rule."""
    told: dict[str, Any] = {"list_id": "known", "actor": cast.rosa, "now": LATER}
    shared.create_list(name="Known", rules=rules, **told)
    made = [shared.add_item(entries=on(host), reason="r", name=host, **told).items for host in ("bad", "worse")]
    disable_item(item=made[1][0], actor=cast.rosa, now=LATER)
    return [item for of in made for item in of]


def standing():
    rows = ExceptionItem.objects.filter(removed_at=None).order_by("pk")
    return list(rows.values_list("pk", "rule_id", "enabled"))


def act(cast, verb, **given):
    return getattr(shared_lists, verb)(list_id="known", actor=cast.rosa, now=AFTER, **given)


def undo(cast, change=None, now=ENDED, by=None, **given):
    change = change or Change.objects.filter(object_type="shared list").latest("pk")
    told = {"list_id": "known", "change_id": change.pk, "actor": by or cast.rosa, "now": now}
    return shared_undo.undo_change(**told, **given)


def judged(cast, alert):
    told: dict[str, Any] = {"status": Status.CLOSED, "reason": Reason.TRUE_POSITIVE, "actor": cast.ana, "now": LATER}
    set_status(alert_ids=[alert.pk], **told, team_ids=[alert.team_id])


def test_a_removed_list_comes_back_with_its_exceptions_as_they_were(items, cast):
    before = standing()
    act(cast, "remove_list", version=None)
    assert not standing()
    with pytest.raises(NotUndoable, match="ten minutes"):
        undo(cast, now=ENDED + timedelta(seconds=1))
    with pytest.raises(NotAllowed):
        undo(cast, by=cast.ana)
    removed = Change.objects.filter(object_type="shared list").latest("pk")
    undo(cast)
    assert standing() == before
    assert SharedList.objects.get().removed_at is None
    assert Change.objects.get(undoes=removed).verb == "restore"
    with pytest.raises(NotUndoable, match="undone already"):
        undo(cast, removed)


def test_bringing_back_what_hides_a_true_positive_asks_for_the_override(rules, items, cast):
    act(cast, "remove_list", version=None)
    (bad, _) = raised([event(host__name="bad")], now=AFTER)
    judged(cast, bad)
    with pytest.raises(GuardRefused):
        undo(cast)
    assert not standing()
    undo(cast, override_guard_reason="It was no attack.")
    assert len(standing()) == 4
    assert "saved nevertheless: It was no attack." in Change.objects.filter(verb="restore").latest("pk").note


def test_rules_that_were_taken_off_come_back_with_what_held_for_them(rules, items, cast):
    before = standing()
    act(cast, "remove_rules", rules=rules[:1])
    assert len(standing()) == 2
    undo(cast)
    assert standing() == before
    assert SharedList.objects.get().rules.count() == 2


def test_rules_that_were_added_go_and_what_was_held_back_for_them_is_raised(rules, items, cast, tmp_path):
    third = load(tmp_path, rule_id="three", name="Three")
    before = standing()
    act(cast, "add_rules", rules=[third])
    raised([event(host__name="bad")], now=AFTER)
    assert not Alert.objects.exists()
    assert undo(cast).alerts == 1
    assert standing() == before
    assert Alert.objects.get().rule_id == "three"


def test_a_name_comes_back_unless_it_was_changed_since(items, cast):
    def named(name):
        told = {"list_id": "known", "version": None, "actor": cast.rosa, "now": AFTER}
        shared.edit_list(name=name, description="", **told)
        return Change.objects.filter(object_type="shared list").latest("pk")

    first, second = named("One"), named("Two")
    with pytest.raises(NotUndoable, match="changed since"):
        undo(cast, first)
    undo(cast, second)
    undo(cast, first)
    assert SharedList.objects.get().name == "Known"


def test_more_copies_than_are_made_at_once_are_refused(rules, items, cast, tmp_path, monkeypatch):
    monkeypatch.setattr(shared_module, "MAX_COPIES", 1)
    with pytest.raises(ListRefused, match="Add fewer rules"):
        act(cast, "add_rules", rules=[load(tmp_path, rule_id="three", name="Three")])


def test_a_list_may_have_an_id_that_is_longer_than_the_record_has_room_for(cast):
    for name in ("a" * 255, "a" * 254 + "b"):
        shared.create_list(list_id=name, name="Known", actor=cast.rosa, now=AFTER)
    made = Change.objects.filter(object_type="shared list").values_list("object_id", flat=True)
    assert (len(made), len(set(made)), {len(one) for one in made}) == (2, 2, {64})


def test_toast_activity_and_the_page_of_lists_take_it_back_without_javascript(rules, items, cast):
    client = sign_in(cast.rosa)
    answer = client.post(f"{PAGE}edit/", {"name": "Other", "version": SharedList.objects.get().version})
    change = Change.objects.filter(object_type="shared list").latest("pk")
    page, address = client.get(answer["Location"]).content.decode(), f'action="{PAGE}undo/{change.pk}/"'
    assert page.count(address) == 2
    answer = client.post(f"{PAGE}undo/{change.pk}/")
    assert "Undone: Known is as before." in client.get(answer["Location"]).content.decode()
    (bad, _) = raised([event(host__name="other")], now=clock.now())
    Alert.objects.filter(pk=bad.pk).update(host_name="other")
    client.post(f"{PAGE}remove/")
    change = Change.objects.filter(object_type="shared list").latest("pk")
    address = f'action="{PAGE}undo/{change.pk}/"'
    assert client.get("/settings/lists/").content.decode().count(address) == 2  # the toast, and what was removed
    assert client.get("/settings/lists/").content.decode().count(address) == 1
    assert client.get(PAGE).status_code == 404
    (worst, _) = raised([event(host__name="bad")], now=clock.now())
    judged(cast, worst)
    answer = client.post(f"{PAGE}undo/{change.pk}/")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "true positive" in page
    assert 'name="override"' in page
    assert client.post(f"{PAGE}undo/{change.pk}/", {"override": "Known."}).status_code == 303
    assert client.get(PAGE).status_code == 200
    assert client.post(f"{PAGE}undo/{'9' * 30}/").status_code == 422
    assert client.post("/settings/shared-lists/none/undo/1/").status_code == 404


def test_what_a_colleague_took_off_the_list_meanwhile_does_not_come_back(rules, items, cast):
    act(cast, "remove_rules", rules=rules[:1])
    change = Change.objects.filter(object_type="shared list").latest("pk")
    shared_lists.switch_item(
        list_id="known", item_id=items[0].item_id, verb="remove", actor=cast.rosa, now=AFTER + timedelta(seconds=1)
    )
    with pytest.raises(NotUndoable, match="changed since"):
        undo(cast, change)
    assert {rule for _, rule, _ in standing()} == {"two"}


def test_rules_taken_off_one_after_the_other_come_back_each(rules, items, cast, tmp_path):
    act(cast, "add_rules", rules=[load(tmp_path, rule_id="three", name="Three")])
    act(cast, "remove_rules", rules=rules[:1])
    first = Change.objects.filter(object_type="shared list").latest("pk")
    act(cast, "remove_rules", rules=rules[1:])
    undo(cast, first)
    assert {rule for _, rule, _ in standing()} == {"perl", "three"}


def test_why_a_guard_was_passed_is_read_by_who_sees_all_the_rules(rules, items, cast, tmp_path):
    three, note = load(tmp_path, rule_id="three", name="Three"), "Hides an attack there."
    shared.add_rules(list_id="known", rules=[three], note=note, actor=cast.rosa, now=AFTER)
    vera = sign_in(cast.vera)
    assert note in vera.get(PAGE).content.decode()
    three.team = Team.objects.create(name="Second", slug="second")
    three.save()
    page = vera.get(PAGE)
    assert page.status_code == 200
    assert note not in page.content.decode()


def test_where_a_rule_of_the_list_fails_nothing_is_changed_and_the_page_says_so(rules, items, cast, monkeypatch):
    raised([event(host__name="bad")], now=AFTER)
    assert not Alert.objects.exists()  # both rules hold it back
    before, client = standing(), sign_in(cast.rosa)
    monkeypatch.setattr("alerts.release.judge", broken)
    asked: Any = ((f"items/{items[0].pk}/", {"do": "disable"}), ("remove-rule/", {"rule": "two"}), ("remove/", {}))
    answers = [client.post(f"{PAGE}{path}", data) for path, data in asked]
    assert [answer.status_code for answer in answers] == [409, 409, 409]
    assert all("the rule itself fails. Nothing was changed." in answer.content.decode() for answer in answers)
    assert standing() == before


def broken(*_given: Any, **_more: Any) -> None:
    raise RuleFailed("two", "It is broken.")
