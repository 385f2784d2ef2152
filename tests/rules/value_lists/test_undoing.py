"""Ten minutes in which a change of a list's values can be taken back: small ones from the record, large ones whole."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.errors import NotAllowed
from accounts.models import Change, User
from accounts.roles import Role
from rules import epoch
from rules import value_lists as lists
from rules.errors import NotUndoable, StaleList
from rules.models import FormerValues, ValueList
from rules.value_lists import changing, common, former, reading, restoring
from rules.value_lists.selectors import as_text
from tests.people import sign_in
from tests.rules.conftest import NOW, person

AFTER = NOW + timedelta(minutes=1)


@pytest.fixture
def rosa(db: None) -> User:
    return person("rosa", Role.ENGINEER)


def made(rosa: User, lines: Any = ("a", "b", "c"), kind: str = "keyword") -> None:
    lists.create_list(list_id="hosts", name="Hosts", type=kind, lines=lines, actor=rosa, now=NOW)


def append(rosa: User | None, *lines: str, now: Any = AFTER) -> lists.Changed:
    return lists.append_values(list_id="hosts", lines=lines, actor=rosa, now=now)


def replace(rosa: User, *lines: str) -> lists.Changed:
    return lists.replace_values(list_id="hosts", version=None, lines=lines, actor=rosa, now=AFTER)


def remove(rosa: User, *values: str) -> lists.Changed:
    return lists.remove_values(list_id="hosts", values=values, actor=rosa, now=AFTER)


def undo(rosa: User, changed: lists.Changed, now: Any = AFTER + timedelta(minutes=10)) -> lists.Changed:
    assert changed.change is not None
    return lists.undo_change(list_id="hosts", change_id=changed.change.pk, actor=rosa, now=now)


def held() -> list[str]:
    return list(as_text(ValueList.objects.get()))


@pytest.mark.parametrize(
    "act", [lambda who: append(who, "d", "b"), lambda who: remove(who, "b"), lambda who: replace(who, "x", "a")]
)
def test_each_change_is_taken_back_once_in_ten_minutes(rosa: User, act: Any) -> None:
    made(rosa)
    changed = act(rosa)
    assert held() != ["a", "b", "c"]
    with pytest.raises(NotUndoable, match="for ten minutes"):
        undo(rosa, changed, AFTER + timedelta(minutes=10, seconds=1))
    before = epoch.read()
    undo(rosa, changed)
    assert sorted(held()) == ["a", "b", "c"]
    assert epoch.read() == before + 1
    entry = Change.objects.latest("pk")
    assert (entry.verb, entry.undoes_id, entry.inverse) == ("undo", changed.change.pk, None)
    with pytest.raises(NotUndoable, match="undone already"):
        undo(rosa, changed)


def test_a_small_change_is_taken_back_whatever_came_after_it(rosa: User) -> None:
    made(rosa)
    mistaken = append(rosa, "x", "y")
    append(None, "z")
    remove(rosa, "y")
    undone = undo(rosa, mistaken)
    assert (undone.removed, held()) == (1, ["a", "b", "c", "z"])


@pytest.fixture
def _large(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (common, former):
        monkeypatch.setattr(module, "RECORDED", 2)


@pytest.mark.usefixtures("_large")
def test_a_large_change_comes_back_exactly_as_it_was_and_only_as_the_last_one(rosa: User) -> None:
    made(rosa, "abcde")
    replaced = replace(rosa, *"vwxyz")
    later = append(rosa, "1")
    with pytest.raises(NotUndoable, match="changed since"):
        undo(rosa, replaced)
    undo(rosa, later)
    undone = undo(rosa, replaced)
    assert (undone.added, undone.removed, held()) == (5, 5, list("abcde"))


@pytest.mark.usefixtures("_large")
def test_of_large_changes_the_last_few_are_kept_and_no_longer_than_they_can_be_undone(
    rosa: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(former, "MOST_KEPT", 2)
    made(rosa, "abcde")
    for number in range(4):
        replace(rosa, *(f"{number}-{at}" for at in range(5)))
    assert FormerValues.objects.count() == 2
    append(None, "x", now=AFTER + timedelta(minutes=11))
    assert not FormerValues.objects.exists()


@pytest.mark.usefixtures("_large")
def test_a_table_comes_back_with_its_columns(rosa: User) -> None:
    made(rosa, ["host,owner", "web-1,ana"], "table")
    replaced = replace(rosa, "host,team,tier", "web-1,blue,1")
    assert len(ValueList.objects.get().columns) == 3
    undo(rosa, replaced)
    row = ValueList.objects.get()
    assert ([one["name"] for one in row.columns], row.count) == (["host", "owner"], 1)


def test_only_who_may_change_lists_may_take_a_change_back(rosa: User) -> None:
    made(rosa)
    with pytest.raises(NotAllowed):
        undo(person("ana", Role.ANALYST), append(rosa, "d"))


def test_what_somebody_changed_while_it_was_worked_out_is_worked_out_anew(
    rosa: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(rosa)
    bump, late = epoch.bump, iter([True])

    def and_a_colleague_first() -> int:
        if next(late, False):
            append(rosa, "colleague's")
        return bump()

    monkeypatch.setattr(epoch, "bump", and_a_colleague_first)
    assert (append(rosa, "mine").value_list.count, held()) == (5, ["a", "b", "c", "colleague's", "mine"])


def test_lines_that_were_read_for_other_columns_are_refused(rosa: User, monkeypatch: pytest.MonkeyPatch) -> None:
    made(rosa, ["host,owner", "web-1,ana"], "table")
    bump, late = epoch.bump, iter([True])

    def and_a_colleague_first() -> int:
        if next(late, False):
            replace(rosa, "host,team,tier", "web-1,blue,1")
        return bump()

    monkeypatch.setattr(epoch, "bump", and_a_colleague_first)
    with pytest.raises(StaleList):
        append(rosa, "host,owner", "web-2,ana")


def test_alerting_stands_still_for_what_is_new_alone(rosa: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a list of many only what is new is read, checked and compared once the epoch is held."""
    made(rosa, [f"host-{number}" for number in range(5_000)])
    looked = {"before": 0, "held": 0}
    state, key_of, bump = ["before"], reading.key_of, epoch.bump

    def counted(kind: str, item: Any) -> object:
        looked[state[0]] += 1
        return key_of(kind, item)

    def held_now() -> int:
        state[0] = "held"
        return bump()

    monkeypatch.setattr(changing, "key_of", counted)
    monkeypatch.setattr(epoch, "bump", held_now)
    with CaptureQueriesContext(connection) as queries:
        append(rosa, "one more")
    assert looked["before"] > 5_000
    assert looked["held"] == 0
    assert len(queries) < 16, len(queries)


@pytest.fixture
def page(rosa: User) -> Client:
    return sign_in(rosa)


def test_the_toast_and_the_activity_of_the_list_take_a_change_back_without_javascript(page: Client, rosa: User) -> None:
    lists.create_list(list_id="hosts", name="Hosts", type="keyword", lines=["a"], actor=rosa, now=NOW)
    answer = page.post("/settings/lists/hosts/values/", {"values": "b\nc", "how": "append"})
    change = Change.objects.latest("pk")
    shown, address = page.get(answer["Location"]).content.decode(), f"/settings/lists/hosts/undo/{change.pk}/"
    assert shown.count(f'action="{address}"') == 2  # in the toast, and in the activity
    assert "added values to it · 2 added" in shown
    assert page.get(answer["Location"]).content.decode().count(f'action="{address}"') == 1
    answer = page.post(address)
    shown = page.get(answer["Location"]).content.decode()
    assert held() == ["a"]
    assert "Undone: 0 added, 2 removed. The list holds 1." in shown
    assert address not in shown
    assert "took back a change of it" in shown
    answer = page.post(address)
    assert (answer.status_code, "undone already" in answer.content.decode()) == (422, True)
    assert page.post(f"/settings/lists/hosts/undo/{'9' * 30}/").status_code == 422
    viewer = sign_in(person("vera", Role.VIEWER))
    assert "/undo/" not in viewer.get("/settings/lists/hosts/").content.decode()


def test_a_list_that_was_made_anew_knows_nothing_of_the_one_before(rosa):
    made(rosa)
    gone = remove(rosa, "a")
    lists.remove_list(list_id="hosts", version=None, actor=rosa, now=AFTER)
    later = AFTER + timedelta(seconds=1)
    lists.create_list(list_id="hosts", name="Hosts", type="ip", lines=("10.0.0.1",), actor=rosa, now=later)
    with pytest.raises(NotUndoable):
        undo(rosa, gone)
    assert [one.change.verb for one in lists.activity(ValueList.objects.get(), later)] == ["create"]


def gone(rosa: User) -> Change:
    return lists.remove_list(list_id="hosts", version=None, actor=rosa, now=AFTER)


def back(who: User | None, change: Change, now: Any = AFTER + timedelta(minutes=10)) -> lists.Changed:
    return lists.restore_list(list_id="hosts", change_id=change.pk, actor=who, now=now)


@pytest.mark.parametrize("number", [3, 5_000])
def test_a_removed_list_comes_back_as_it_was(rosa: User, number: int) -> None:
    made(rosa, [f"host-{one}" for one in range(number)])
    before = ValueList.objects.get()
    kept = common.state(before) | {"version": before.version + 1}
    number_of_state = epoch.read()
    restored = back(rosa, gone(rosa)).value_list
    after = ValueList.objects.get()
    assert common.state(after) == kept
    assert (after.owner, after.created_at, bytes(after.data)) == (rosa, before.created_at, bytes(before.data))
    assert epoch.read() == number_of_state + 2, "runs see it from the next claim on"
    assert restored.pk == "hosts"
    entry = Change.objects.get(object_type="value list", verb="restore")
    assert entry.undoes is not None
    assert [one.change.verb for one in lists.activity(after, AFTER)] == ["restore", "remove", "create"]
    assert lists.removed_lately(AFTER) == []


def test_a_removed_list_comes_back_once_in_ten_minutes_and_for_who_may(rosa: User) -> None:
    made(rosa)
    removal = gone(rosa)
    assert [one.change for one in lists.removed_lately(AFTER)] == [removal]
    with pytest.raises(NotAllowed):
        back(person("ana", Role.ANALYST), removal)
    with pytest.raises(NotUndoable, match="ten minutes"):
        back(rosa, removal, AFTER + timedelta(minutes=10, seconds=1))
    back(rosa, removal)
    with pytest.raises(NotUndoable):
        back(rosa, removal)


def test_a_list_that_was_made_anew_is_not_written_over(rosa: User) -> None:
    made(rosa)
    removal = gone(rosa)
    made(rosa, ("x",))
    assert lists.removed_lately(AFTER) == []
    with pytest.raises(NotUndoable, match="was made since"):
        back(rosa, removal)
    assert held() == ["x"]


def test_a_removal_is_no_undo_for_another_list(rosa: User) -> None:
    made(rosa)
    removal = gone(rosa)
    with pytest.raises(NotUndoable):
        lists.restore_list(list_id="others", change_id=removal.pk, actor=rosa, now=AFTER)


def test_what_cannot_come_back_any_more_is_not_kept(rosa: User) -> None:
    made(rosa)
    gone(rosa)
    assert restoring.forget(AFTER + timedelta(minutes=10)) == 0
    assert restoring.forget(AFTER + timedelta(minutes=11)) == 1


def test_the_page_brings_a_removed_list_back_from_its_toast_and_from_under_the_lists(rosa: User) -> None:
    made(rosa)
    client, moment = sign_in(rosa), ValueList.objects.get().version
    page = client.post("/settings/lists/hosts/remove/", {"version": moment}, follow=True).content.decode()
    removal = Change.objects.get(verb="remove")
    assert page.count(f'action="/settings/lists/hosts/restore/{removal.pk}/"') == 2
    answer = client.post(f"/settings/lists/hosts/restore/{removal.pk}/", follow=True)
    assert "Brought back with 3 values" in answer.content.decode()
    assert held() == ["a", "b", "c"]
    again = client.post(f"/settings/lists/hosts/restore/{removal.pk}/", follow=True)
    assert "nothing to undo" in again.content.decode()
