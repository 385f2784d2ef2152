"""Exceptions: saved, changed, switched, removed and let go, each in force from the next claim on."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.errors import NotAllowed
from accounts.models import Change, User
from accounts.roles import Role
from engine import Document, ExceptionEntryError
from rules import epoch, exceptions, ruleset
from rules.errors import ExceptionGone, ExceptionRefused, StaleException
from rules.exceptions import restore_items
from rules.models import ExceptionItem, HeldBack, Rule
from rules.tasks import expire_exceptions
from tests.rules.conftest import NOW, PERL, person

BUILD_HOST: list[dict[str, Any]] = [
    {"field": "host.name", "type": "match", "operator": "included", "value": "ci-1"},
    {"field": "user.name", "type": "match_any", "operator": "excluded", "value": ["root"]},
]
COVERED = Document.of({"host": {"name": "ci-1"}, "user": {"name": "build"}})
NOT_COVERED = Document.of({"host": {"name": "ci-1"}, "user": {"name": "root"}})


def create(rule: Rule, actor: User | None = None, **values: Any) -> ExceptionItem:
    usual: dict[str, Any] = {"entries": BUILD_HOST, "reason": "CI builds do this", "name": "Build hosts"}
    return exceptions.create_item(rule=rule, actor=actor, now=NOW, **(usual | values))


def covering() -> int | None:
    return ruleset.current().rules[PERL].excepted_by(COVERED)


def test_an_exception_covers_what_it_says_from_the_next_rule_set_on(rule: Rule, ana: User) -> None:
    assert covering() is None
    item = create(rule, ana)
    assert covering() == item.pk
    assert ruleset.current().rules[PERL].excepted_by(NOT_COVERED) is None
    assert item.owner == ana


def test_saving_is_on_record_with_the_way_back(rule: Rule, ana: User) -> None:
    item = create(rule, ana)
    change = Change.objects.get(object_type="exception", object_id=str(item.pk))
    assert (change.verb, change.actor, change.inverse) == ("create", ana, {"verb": "remove"})
    assert change.after["entries"] == BUILD_HOST


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"entries": []}, "entries"),
        ({"entries": BUILD_HOST * 40}, "entries"),
        ({"reason": "  "}, "reason"),
        ({"reason": "x" * 2_001}, "reason"),
        ({"name": "\x00"}, "name"),
        ({"expires_at": NOW - timedelta(seconds=1)}, "expires_at"),
    ],
)
def test_what_cannot_be_saved_names_its_field_and_changes_nothing(
    rule: Rule, values: dict[str, Any], field: str
) -> None:
    before = epoch.read()
    with pytest.raises(ExceptionRefused) as caught:
        create(rule, **values)
    assert caught.value.field == field
    assert (ExceptionItem.objects.count(), epoch.read()) == (0, before)


def test_an_entry_that_cannot_be_read_says_which(rule: Rule) -> None:
    with pytest.raises(ExceptionEntryError):
        create(rule, entries=[{"field": "host.name", "type": "match", "operator": "perhaps", "value": "x"}])


def test_a_viewer_may_not_save_an_exception(rule: Rule) -> None:
    with pytest.raises(NotAllowed):
        create(rule, person("Vera", Role.VIEWER))


def edit(item: ExceptionItem, version: int, **values: Any) -> ExceptionItem:
    usual = {"entries": BUILD_HOST[:1], "reason": "wider", "name": "Build hosts", "actor": None, "now": NOW}
    return exceptions.edit_item(item=item, version=version, **(usual | values))


def test_an_edit_replaces_the_conditions_and_remembers_the_old_ones(rule: Rule) -> None:
    item = edit(create(rule), 1)
    assert ruleset.current().rules[PERL].excepted_by(NOT_COVERED) == item.pk
    inverse = Change.objects.get(verb="edit").inverse
    assert inverse is not None
    assert (inverse["version"], inverse["values"]["entries"]) == (2, BUILD_HOST)


def test_an_edit_of_what_somebody_else_changed_is_stale(rule: Rule) -> None:
    item = create(rule)
    edit(item, 1)
    with pytest.raises(StaleException) as caught:
        edit(item, 1)
    assert (caught.value.seen, caught.value.current) == (1, 2)


def test_disabling_and_enabling_take_effect_at_once_and_twice_is_once(rule: Rule) -> None:
    item = create(rule)
    exceptions.disable_item(item=item, actor=None, now=NOW)
    exceptions.disable_item(item=item, actor=None, now=NOW)
    assert covering() is None
    exceptions.enable_item(item=item, actor=None, now=NOW)
    assert covering() == item.pk
    assert list(Change.objects.filter(object_type="exception").order_by("pk").values_list("verb", flat=True)) == [
        "create",
        "disable",
        "enable",
    ]


def test_a_removed_exception_stays_on_record_and_can_be_restored(rule: Rule) -> None:
    item = create(rule)
    exceptions.remove_item(item=item, actor=None, now=NOW)
    assert covering() is None
    with pytest.raises(ExceptionGone):
        exceptions.enable_item(item=item, actor=None, now=NOW)
    restore_items(items=[item.pk], actor=None, now=NOW)
    assert covering() == item.pk


def test_an_exception_whose_time_is_up_is_let_go_once(rule: Rule) -> None:
    item = create(rule, expires_at=NOW + timedelta(hours=1))
    assert exceptions.expire_due(NOW + timedelta(minutes=59)) == 0
    assert covering() == item.pk
    assert exceptions.expire_due(NOW + timedelta(hours=1)) == 1
    assert covering() is None
    assert exceptions.expire_due(NOW + timedelta(hours=2)) == 0
    assert Change.objects.get(verb="expire").door == Change.Door.SYSTEM


def test_a_later_date_brings_an_expired_exception_back(rule: Rule) -> None:
    item = create(rule, expires_at=NOW + timedelta(hours=1))
    later = NOW + timedelta(hours=2)
    exceptions.expire_due(later)
    item.refresh_from_db()
    with pytest.raises(ExceptionRefused):
        exceptions.enable_item(item=item, actor=None, now=later)
    edit(item, item.version, entries=BUILD_HOST, now=later, expires_at=NOW + timedelta(days=9))
    assert covering() == item.pk


def test_the_task_costs_one_query_beside_the_clock_when_nothing_is_due(rule: Rule) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        expire_exceptions()
    assert len(queries) == 2


def test_what_is_held_back_is_kept_once_and_in_order_of_time(rule: Rule) -> None:
    item = create(rule)
    rows = [
        exceptions.HeldEvent(
            PERL, item.pk, 1, date(2026, 11, 20), "logs-x", bytes([n]) * 16, NOW - timedelta(minutes=n)
        )
        for n in range(3)
    ]
    exceptions.hold_back(rows + rows, at=NOW)
    exceptions.hold_back(rows[:1], at=NOW)
    assert exceptions.held_back_of(item) == rows[::-1]
    assert exceptions.drop_held_back(item, until=NOW) == 3
    assert not HeldBack.objects.exists()
