"""Shared exception lists: an item holds for every rule of its list, and the copies are changed together."""

from typing import Any

import pytest

from accounts.errors import NotAllowed
from accounts.models import Change, User
from accounts.roles import Role
from engine import Document
from rules import ruleset, shared
from rules.errors import ListGone, ListRefused, StaleList
from rules.models import ExceptionItem, Rule, SharedList
from tests.rules.conftest import NOW, Load, person, rule_text

OTHER = "11111111-0000-4000-8000-000000000002"
ENTRIES = [{"field": "host.name", "type": "match", "operator": "included", "value": "ci-1"}]
COVERED = Document.of({"host": {"name": "ci-1"}})


@pytest.fixture
def rules(rule: Rule, load: Load) -> list[Rule]:
    load(rule_text(rule_id=OTHER, name="Other"), enable=True)
    return list(Rule.objects.order_by("pk"))


@pytest.fixture
def listed(rules: list[Rule], rosa: User) -> SharedList:
    return shared.create_list(name="Build hosts", rules=rules[:1], list_id="builds", actor=rosa, now=NOW)


@pytest.fixture
def rosa(db: None) -> User:
    return person("rosa", Role.ENGINEER)


def act(rosa: User) -> dict[str, Any]:
    return {"list_id": "builds", "actor": rosa, "now": NOW}


def add(rosa: User) -> shared.Copies:
    return shared.add_item(entries=ENTRIES, reason="Builds", name="Builds", **act(rosa))


def covered() -> list[str]:
    return [pk for pk, rule in ruleset.current().rules.items() if rule.excepted_by(COVERED) is not None]


def test_an_item_holds_for_every_rule_of_its_list_also_for_those_that_come_later(
    listed: SharedList, rules: list[Rule], rosa: User
) -> None:
    made = add(rosa)
    assert covered() == [rules[0].pk]
    shared.add_rules(rules=rules, **act(rosa))
    assert covered() == [rule.pk for rule in rules]
    (item,) = shared.items_of(listed)
    assert (item.item_id, len(item.copies), item.differing) == (made.item_id, 2, 0)
    assert shared.list_of(item.shown) == listed


def test_a_rule_that_is_taken_off_and_put_on_again_has_the_item_as_it_is_then(
    listed: SharedList, rules: list[Rule], rosa: User
) -> None:
    made = add(rosa)
    shared.add_rules(rules=rules, **act(rosa))
    shared.remove_rules(rules=rules[1:], **act(rosa))
    assert covered() == [rules[0].pk]
    wider = [{**ENTRIES[0], "type": "match_any", "value": ["ci-1", "ci-2"]}]
    shared.edit_item(item_id=made.item_id, version=None, entries=wider, reason="More", name="Builds", **act(rosa))
    shared.add_rules(rules=rules, **act(rosa))
    assert [item.entries for item in ExceptionItem.objects.filter(removed_at=None)] == [wider, wider]
    assert ExceptionItem.objects.count() == 2


def test_the_copies_are_changed_together_under_one_group_of_the_record(
    listed: SharedList, rules: list[Rule], rosa: User
) -> None:
    shared.add_rules(rules=rules, **act(rosa))
    made = add(rosa)
    assert len(made.items) == 2
    changed = shared.disable_item(item_id=made.item_id, **act(rosa))
    assert covered() == []
    assert Change.objects.filter(group=changed.group, verb="disable", object_type="exception").count() == 2
    shared.enable_item(item_id=made.item_id, **act(rosa))
    assert len(covered()) == 2
    shared.remove_item(item_id=made.item_id, **act(rosa))
    assert (covered(), shared.items_of(listed)) == ([], [])


def test_a_copy_that_somebody_changed_alone_is_told(listed: SharedList, rules: list[Rule], rosa: User) -> None:
    from rules import exceptions

    shared.add_rules(rules=rules, **act(rosa))
    made = add(rosa)
    exceptions.disable_item(item=made.items[1], actor=rosa, now=NOW)
    (item,) = shared.items_of(listed)
    assert item.differing == 1


def test_a_list_is_removed_with_its_items_and_comes_back_with_them(listed: SharedList, rosa: User) -> None:
    add(rosa)
    removed = shared.remove_list(version=None, **act(rosa))
    assert (covered(), shared.shared_lists()) == ([], [])
    change = Change.objects.get(object_type="shared list", verb="remove")
    assert change.inverse is not None
    assert change.inverse["items"] == [item.pk for item in removed.items]
    shared.restore_list(items=change.inverse["items"], **act(rosa))
    assert len(covered()) == 1
    assert [row.items for row in shared.shared_lists()] == [1]


def test_what_cannot_be_is_refused(listed: SharedList, rules: list[Rule], rosa: User) -> None:
    with pytest.raises(ListRefused, match="already"):
        shared.create_list(name="x", list_id="builds", actor=rosa, now=NOW)
    with pytest.raises(StaleList):
        shared.edit_list(version=9, name="x", description="", **act(rosa))
    with pytest.raises(ListGone):
        shared.remove_item(item_id="gone", **act(rosa))
    add(rosa)
    with pytest.raises(ListRefused, match="needs a rule"):
        shared.remove_rules(rules=rules[:1], **act(rosa))
    with pytest.raises(NotAllowed):
        shared.create_list(name="x", actor=person("ana", Role.ANALYST), now=NOW)
    shared.create_list(name="No rules", list_id="none", actor=rosa, now=NOW)
    with pytest.raises(ListRefused, match="no rule yet"):
        shared.add_item(list_id="none", entries=ENTRIES, reason="r", name="n", actor=rosa, now=NOW)
