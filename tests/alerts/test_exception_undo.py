"""Every act on an exception or a draft is taken back as a whole, by whoever may, unless something came after it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Change, RolePolicy, User
from accounts.roles import Role
from accounts.selectors import default_team
from alerts import exceptions, shared_lists
from alerts.bulk_work import UNDO_NEVER_CAME_BACK, work_portion
from alerts.errors import DraftNotFound, GuardRefused, NothingToUndo, OwnDraft, ReviewNeeded, StaleDraft, TooLate
from alerts.exceptions import saving
from alerts.models import Alert, BulkAct, ExceptionDraft
from alerts.reviewing.renewing import review_again
from alerts.selectors.done_lately import done_lately
from alerts.shared_undo import undo_change
from alerts.triage import set_status
from alerts.undo import undo
from rules import shared
from rules.errors import NotUndoable
from rules.models import ExceptionItem
from tests.alerts.world import NOW, event, load, other_team, post, raised, work

pytestmark = pytest.mark.django_db
LATER, SOON = NOW + timedelta(minutes=1), NOW + timedelta(minutes=3)
CI = [{"field": "user.name", "type": "match", "operator": "included", "value": "svc-ci"}]
ELSE = [CI[0] | {"value": "other"}]


@pytest.fixture
def alerts(tmp_path, cast):
    load(tmp_path)
    return raised([event(), event(user__name="other")])


def by(person, now=LATER):
    return {"actor": person, "now": now, "team_ids": [default_team().pk]}


def added(alerts, person, **given):
    return exceptions.add(alert=alerts[0], entries=CI, reason="known", **by(person, NOW), **given).item


def done(act, person, **given):
    """An act, and the group to undo it by."""
    group = uuid4()
    act(group=group, **by(person), **given)
    return group


def state(item):
    now = ExceptionItem.objects.get(pk=item.pk)
    return now.enabled, now.removed_at is None, now.entries, now.name, now.reason, now.review_at, now.expires_at


def edited(item, **given):
    said = {"version": item.version, "entries": ELSE, "reason": "x", "name": "y"} | given
    return lambda **by: exceptions.edit(item=item, **said, **by)


def worked_off():
    """Everything that waits for a worker is done."""
    while work_portion(now=SOON, worker=uuid4()):
        pass


@pytest.mark.parametrize("verb", ["disable", "take_back", "edit", "reviewed"])
def test_what_was_done_to_an_exception_is_undone_and_it_holds_again(alerts, cast, verb):
    item = added(alerts, cast.rosa)
    acts = {
        "disable": lambda **by: exceptions.disable(item=item, **by),
        "take_back": lambda **by: exceptions.take_back(item=item, **by),
        "edit": edited(item),
        "reviewed": lambda **by: by.pop("team_ids") and review_again(item=item, version=None, **by),
    }
    before = state(item)
    group = done(acts[verb], cast.rosa)
    assert state(item) != before
    undone = undo(group=group, **by(cast.rosa, SOON))
    assert (state(item), undone.changed_back) == (before, 1)
    assert raised([event()], now=SOON) == []
    with pytest.raises(NothingToUndo):
        undo(group=group, **by(cast.rosa, SOON))


def test_the_undo_of_switching_on_switches_off_and_raises_what_was_held_back_meanwhile(alerts, cast):
    item = added(alerts, cast.rosa)
    exceptions.disable(item=item, **by(cast.rosa, NOW))
    group = done(exceptions.enable, cast.rosa, item=item)
    assert raised([event(host__name="held")], now=LATER) == []
    undone = undo(group=group, **by(cast.rosa, SOON))
    assert (undone.released, state(item)[0]) == (1, False)


def test_what_switching_off_raised_is_closed_again_unless_somebody_took_it(alerts, cast):
    item = added(alerts, cast.rosa)
    post([event(host__name="a"), event(host__name="b")], now=NOW)
    work(NOW)
    known = {alert.pk for alert in alerts}
    group = done(exceptions.disable, cast.rosa, item=item)
    first, second = Alert.objects.exclude(pk__in=known).order_by("pk")
    set_status(alert_ids=[second.pk], status="acknowledged", **by(cast.ana))
    undone = undo(group=group, **by(cast.rosa, SOON))
    assert undone.alerts == [first.pk]
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, first.reason, first.closed_by_exception_id) == ("closed", "other", item.pk)
    assert second.status == "acknowledged"
    assert Alert.objects.get(pk=alerts[0].pk).status == "open"


def test_taking_back_and_its_undo_open_and_close_what_the_exception_closed_however_often(alerts, cast):
    item = added(alerts, cast.rosa, close_matching="benign_positive")

    def stands():
        alert = Alert.objects.get(pk=alerts[0].pk)
        return alert.status, alert.reason, alert.closed_by_exception_id

    closed = ("closed", "benign_positive", item.pk)
    assert stands() == closed
    for _ in range(2):
        group = done(exceptions.take_back, cast.rosa, item=item)
        assert stands() == ("open", "", None)
        undo(group=group, **by(cast.rosa, SOON))
        assert stands() == closed
    adding = Change.objects.get(verb="create", object_id=str(item.pk)).group
    assert adding
    undo(group=adding, **by(cast.rosa, SOON))
    assert stands() == ("open", "", None)
    assert not state(item)[1]


def test_a_group_of_conditions_that_was_added_by_an_edit_goes_with_it(alerts, cast):
    item = added(alerts, cast.rosa)
    before = state(item)
    group = done(edited(item, entries=CI, more=[ELSE]), cast.rosa)
    assert ExceptionItem.objects.filter(removed_at=None).count() == 2
    assert undo(group=group, **by(cast.rosa, SOON)).gone == 1
    assert state(item) == before
    assert ExceptionItem.objects.filter(removed_at=None).count() == 1


def test_what_was_changed_since_is_not_undone(alerts, cast):
    item = added(alerts, cast.rosa)
    group = done(exceptions.disable, cast.rosa, item=item)
    exceptions.enable(item=item, **by(cast.ana))
    with pytest.raises(NotUndoable):
        undo(group=group, **by(cast.rosa, SOON))
    assert state(item)[0]


def test_after_ten_minutes_it_is_too_late(alerts, cast):
    group = done(exceptions.disable, cast.rosa, item=added(alerts, cast.rosa))
    with pytest.raises(TooLate):
        undo(group=group, **by(cast.rosa, LATER + timedelta(minutes=11)))


def test_the_guard_looks_before_an_exception_holds_again(alerts, cast):
    item = added(alerts, cast.rosa)
    group = done(exceptions.disable, cast.rosa, item=item)
    set_status(alert_ids=[alerts[0].pk], status="closed", reason="true_positive", **by(cast.ana))
    with pytest.raises(GuardRefused):
        undo(group=group, **by(cast.rosa, SOON))
    assert not state(item)[0]


def test_who_may_switch_off_only_does_not_switch_on_by_an_undo(alerts, cast):
    item = added(alerts, cast.ana)
    RolePolicy.objects.create(role=Role.ANALYST, exceptions=RolePolicy.Exceptions.DRAFT)
    group = done(exceptions.disable, cast.ana, item=item)
    with pytest.raises(ReviewNeeded):
        undo(group=group, **by(cast.ana, SOON))
    assert done_lately(cast.ana, [default_team().pk], SOON) == []
    assert len(done_lately(cast.rosa, [default_team().pk], SOON)) == 0


def test_a_list_tells_what_can_be_undone_until_it_is(alerts, cast):
    item, teams = added(alerts, cast.rosa), [default_team().pk]
    group = done(exceptions.take_back, cast.rosa, item=item)
    (shown,) = done_lately(cast.rosa, teams, SOON)
    assert (shown.change.verb, shown.change.group, shown.name) == ("remove", group, item.name)
    undo(group=group, **by(cast.rosa, SOON))
    assert done_lately(cast.rosa, teams, SOON) == []


def sent(alerts, person, group=None, **given):
    return exceptions.draft(alert=alerts[0], entries=CI, reason="known", group=group, **by(person, NOW), **given)


def test_a_draft_that_was_returned_withdrawn_or_sent_stands_as_before(alerts, cast):
    begun = uuid4()
    draft = sent(alerts, cast.ana, begun)
    state_of = lambda: ExceptionDraft.objects.get(pk=draft.pk).state  # noqa: E731
    group = done(exceptions.send_back, cast.rosa, draft_id=draft.pk, version=1, note="Narrower.")
    assert [one.change.verb for one in done_lately(cast.rosa, [default_team().pk], SOON)] == ["return"]
    assert undo(group=group, **by(cast.rosa, SOON)).drafts == 1
    assert state_of() == "waiting"
    group = done(exceptions.withdraw, cast.ana, draft_id=draft.pk, version=3)
    with pytest.raises(DraftNotFound):
        undo(group=group, **by(cast.rosa, SOON))
    undo(group=group, **by(cast.ana, SOON))
    assert state_of() == "waiting"
    with pytest.raises(StaleDraft):
        undo(group=begun, **by(cast.ana, SOON))


def test_a_draft_sent_anew_is_undone_with_what_it_replaced(alerts, cast):
    first = sent(alerts, cast.ana)
    exceptions.send_back(draft_id=first.pk, version=1, note="Narrower.", **by(cast.rosa, NOW))
    group = uuid4()
    second = sent(alerts, cast.ana, group, replaces=first.pk)
    undo(group=group, **by(cast.ana, SOON))
    states = dict(ExceptionDraft.objects.values_list("pk", "state"))
    assert states == {first.pk: "returned", second.pk: "withdrawn"}


def test_an_edit_closes_what_it_matches_and_its_undo_opens_that_again(alerts, cast):
    item = added(alerts, cast.rosa)
    group = uuid4()
    saved = edited(item, close_matching="false_positive")(group=group, **by(cast.rosa))
    other = Alert.objects.get(pk=alerts[1].pk)
    assert saved.closed == [other.pk]
    assert (other.status, other.reason, other.closed_by_exception_id) == ("closed", "false_positive", item.pk)
    assert undo(group=group, **by(cast.rosa, SOON)).alerts == [other.pk]
    assert Alert.objects.get(pk=other.pk).status == "open"
    assert state(item)[2] == CI


def test_an_edit_of_one_that_is_switched_off_closes_nothing(alerts, cast):
    item = exceptions.disable(item=added(alerts, cast.rosa), **by(cast.rosa, NOW)).item
    assert edited(item, close_matching="false_positive")(**by(cast.rosa)).closed == []


def test_what_a_worker_closes_after_an_edit_a_worker_opens_again(alerts, cast, monkeypatch):
    monkeypatch.setattr(saving, "CLOSED_AT_ONCE", 0)
    item, group = added(alerts, cast.rosa), uuid4()
    saved = edited(item, close_matching="false_positive")(group=group, **by(cast.rosa))
    assert saved.act is not None
    worked_off()
    assert Alert.objects.get(pk=alerts[1].pk).status == "closed"
    assert undo(group=group, **by(cast.rosa, SOON)).act is not None
    worked_off()
    assert Alert.objects.get(pk=alerts[1].pk).status == "open"
    assert state(item)[2] == CI


def test_a_workers_undo_that_failed_goes_on_when_it_is_asked_for_again(alerts, cast, monkeypatch):
    monkeypatch.setattr(saving, "CLOSED_AT_ONCE", 0)
    item, group = added(alerts, cast.rosa), uuid4()
    edited(item, close_matching="false_positive")(group=group, **by(cast.rosa))
    worked_off()
    undo(group=group, **by(cast.rosa, SOON))
    with pytest.raises(NothingToUndo):
        undo(group=group, **by(cast.rosa, SOON))
    BulkAct.objects.filter(pk=group).update(state=BulkAct.State.FAILED, error=UNDO_NEVER_CAME_BACK, done_at=SOON)
    assert undo(group=group, **by(cast.rosa, SOON)).act is not None
    worked_off()
    assert Alert.objects.get(pk=alerts[1].pk).status == "open"


def test_taking_back_is_not_undone_where_a_worker_opens_the_alerts(alerts, cast, monkeypatch):
    monkeypatch.setattr(saving, "CLOSED_AT_ONCE", 0)
    item = added(alerts, cast.rosa, close_matching="false_positive")
    worked_off()
    group = done(exceptions.take_back, cast.rosa, item=item)
    assert done_lately(cast.rosa, [default_team().pk], SOON) == []
    with pytest.raises(NotUndoable):
        undo(group=group, **by(cast.rosa, SOON))
    worked_off()
    assert (Alert.objects.get(pk=alerts[0].pk).status, state(item)[1]) == ("open", False)


def test_what_was_added_along_and_changed_since_is_not_undone_until_that_is(alerts, cast):
    item = added(alerts, cast.rosa)
    group = done(edited(item, entries=CI, more=[ELSE]), cast.rosa)
    made = ExceptionItem.objects.filter(removed_at=None).exclude(pk=item.pk).get()
    later = done(edited(made, entries=[CI[0] | {"value": "third"}]), cast.ana)
    with pytest.raises(NotUndoable):
        undo(group=group, **by(cast.rosa, SOON))
    assert state(made)[1]
    undo(group=later, **by(cast.ana, SOON))
    assert undo(group=group, **by(cast.rosa, SOON)).gone == 1


def test_one_act_after_the_other_is_undone_from_the_last_to_the_first(alerts, cast):
    item, teams = added(alerts, cast.rosa), [default_team().pk]
    before, first = state(item), done(edited(item), cast.rosa)
    second = done(exceptions.disable, cast.rosa, item=item)
    assert [one.change.group for one in done_lately(cast.rosa, teams, SOON)] == [second]
    undo(group=second, **by(cast.rosa, SOON))
    assert [one.change.group for one in done_lately(cast.rosa, teams, SOON)] == [first]
    undo(group=first, **by(cast.rosa, SOON))
    assert state(item) == before


def listed(tmp_path, person):
    """Three rules, a shared list on the first two of them, and the copies of its item there."""
    rules = [load(tmp_path, rule_id=f"rule-{number}", name=f"Rule {number}") for number in range(3)]
    told = {"list_id": "known", "actor": person, "now": NOW}
    shared.create_list(name="Known", rules=rules[:2], **told)
    return rules, shared.add_item(entries=CI, reason="known", name="ci", **told).items


def test_an_edit_in_a_shared_list_that_went_on_a_rule_since_is_not_undone_until_that_is(tmp_path, cast):
    rules, items = listed(tmp_path, cast.rosa)
    group = done(edited(items[0]), cast.rosa)
    told = {"list_id": "known", "actor": cast.rosa}
    put_on = shared_lists.add_rules(rules=[rules[2]], now=LATER, **told)
    with pytest.raises(NotUndoable):
        undo(group=group, **by(cast.rosa, SOON))
    standing = ExceptionItem.objects.filter(removed_at=None)
    assert [item.entries for item in standing] == [ELSE, ELSE, ELSE]
    undo_change(change_id=put_on.change.pk, now=SOON, **told)
    undo(group=group, **by(cast.rosa, SOON))
    assert [item.entries for item in standing.all()] == [CI, CI]


def test_an_exception_does_not_come_back_onto_a_rule_that_its_list_was_taken_off(tmp_path, cast):
    rules, items = listed(tmp_path, cast.rosa)
    group = done(exceptions.take_back, cast.rosa, item=items[0])
    shared_lists.remove_rules(list_id="known", rules=[rules[0]], actor=cast.rosa, now=LATER)
    with pytest.raises(NotUndoable):
        undo(group=group, **by(cast.rosa, SOON))
    assert not state(items[0])[1]


def test_the_author_of_a_returned_draft_does_not_undo_the_return(alerts, cast):
    rita = User.objects.create(username="rita", role=Role.ENGINEER)
    rita.teams.add(default_team())
    draft = sent(alerts, cast.rosa)
    group = done(exceptions.send_back, rita, draft_id=draft.pk, version=1, note="Narrower.")
    with pytest.raises(OwnDraft):
        undo(group=group, **by(cast.rosa, SOON))
    assert undo(group=group, **by(rita, SOON)).drafts == 1


def test_one_that_was_saved_past_the_guard_is_not_offered_to_hold_again_and_the_refusal_says_what_to_do(alerts, cast):
    set_status(alert_ids=[alerts[0].pk], status="closed", reason="true_positive", **by(cast.ana, NOW))
    item, teams = added(alerts, cast.rosa, override_guard_reason="A test of ours."), [default_team().pk]
    renamed = done(edited(item, entries=CI, override_guard_reason="A test of ours."), cast.rosa)
    assert [one.change.group for one in done_lately(cast.rosa, teams, SOON)] == [renamed]
    undo(group=renamed, **by(cast.rosa, SOON))
    narrowed = done(edited(ExceptionItem.objects.get(pk=item.pk)), cast.rosa)
    with pytest.raises(GuardRefused, match="Edit it instead, with a reason"):
        undo(group=narrowed, **by(cast.rosa, SOON))
    exceptions.take_back(item=item, **by(cast.ana))
    exceptions.add(alert=alerts[0], entries=CI, reason="known", override_guard_reason="Ours.", **by(cast.rosa, NOW))
    item = ExceptionItem.objects.filter(removed_at=None).get()
    group = done(exceptions.disable, cast.rosa, item=item)
    assert done_lately(cast.rosa, teams, SOON) == []
    with pytest.raises(GuardRefused, match="Add it anew instead, with a reason"):
        undo(group=group, **by(cast.rosa, SOON))
    with pytest.raises(GuardRefused, match="Have a detection engineer add it anew"):
        undo(group=group, **by(cast.ana, SOON))
    exceptions.add(alert=alerts[0], entries=CI, reason="known", override_guard_reason="Ours.", **by(cast.rosa, SOON))


def test_taking_back_opens_what_an_edit_closed_just_now_and_its_undo_closes_it_again(alerts, cast):
    item, closing = added(alerts, cast.rosa, close_matching="benign_positive"), uuid4()
    edited(item, close_matching="false_positive")(group=closing, **by(cast.rosa))
    stands = lambda: [Alert.objects.get(pk=alert.pk).reason for alert in alerts]  # noqa: E731
    for _ in range(2):
        group = done(exceptions.take_back, cast.rosa, item=item)
        assert stands() == ["", ""]
        undo(group=group, **by(cast.rosa, SOON))
        assert stands() == ["benign_positive", "false_positive"]
    undo(group=closing, **by(cast.rosa, SOON))
    assert stands() == ["benign_positive", ""]


def test_what_a_worker_closed_after_an_edit_a_worker_opens_when_the_exception_is_taken_back(alerts, cast, monkeypatch):
    monkeypatch.setattr(saving, "CLOSED_AT_ONCE", 0)
    item = added(alerts, cast.rosa, close_matching="benign_positive")
    worked_off()
    edited(item, close_matching="false_positive")(**by(cast.rosa))
    worked_off()
    group = done(exceptions.take_back, cast.rosa, item=item)
    worked_off()
    assert [Alert.objects.get(pk=alert.pk).status for alert in alerts] == ["open", "open"]
    with pytest.raises(NotUndoable):
        undo(group=group, **by(cast.rosa, SOON))


def test_the_copies_of_a_shared_lists_item_are_stored_by_one_statement(tmp_path, cast):
    _, items = listed(tmp_path, cast.rosa)
    group = done(edited(items[0]), cast.rosa)
    with CaptureQueriesContext(connection) as asked:
        undo(group=group, **by(cast.rosa, SOON))
    assert sum('UPDATE "rules_exceptionitem"' in one["sql"] for one in asked) == 1


def test_what_an_act_raised_in_a_team_that_the_person_is_not_in_is_left_to_that_team(alerts, cast):
    item = added(alerts, cast.rosa)
    post([event(host__name="theirs")], now=NOW, team=other_team())
    post([event(host__name="ours")], now=NOW)
    work(NOW)
    known = {alert.pk for alert in alerts}
    group = done(exceptions.disable, cast.rosa, item=item)
    undo(group=group, **by(cast.rosa, SOON))
    new = Alert.objects.exclude(pk__in=known)
    assert dict(new.values_list("team", "status")) == {default_team().pk: "closed", other_team().pk: "open"}
