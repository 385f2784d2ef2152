"""Changes of stored exceptions that wait for a second pair of eyes: what stands holds until somebody else approved."""

from datetime import timedelta
from uuid import uuid4

import pytest

from accounts.errors import NotAllowed, NotYourTeam
from accounts.models import Change, Notice, RolePolicy
from accounts.roles import Role
from accounts.selectors import default_team
from alerts import exceptions
from alerts.errors import (
    ChangeWaits,
    DraftNotFound,
    GuardRefused,
    OutdatedDraft,
    OwnDraft,
    ReviewNeeded,
    StaleDraft,
)
from alerts.exceptions.drafts import waiting_for
from alerts.exceptions.looks import look_at
from alerts.exceptions.outdated import is_outdated
from alerts.models import Alert, ExceptionDraft
from alerts.selectors.done_lately import done_lately
from alerts.triage import set_status
from alerts.undo import undo
from rules import shared
from rules.errors import ExceptionGone, ExceptionRefused, StaleException
from rules.models import ExceptionItem, Rule
from tests.alerts.world import NOW, event, load, other_team, raised

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=2)
LATEST = NOW + timedelta(minutes=4)


def on(value, field="user.name"):
    return [{"field": field, "type": "match", "operator": "included", "value": value}]


@pytest.fixture
def rule(tmp_path, cast):
    RolePolicy.objects.create(role=Role.ANALYST, exceptions=RolePolicy.Exceptions.DRAFT)
    return load(tmp_path)


@pytest.fixture
def alerts(rule):
    return raised([event(user__name="ci"), event(user__name="ci"), event(user__name="night")])


@pytest.fixture
def item(alerts, cast):
    given = {"reason": "The pipeline.", "name": "Pipeline", "actor": cast.rosa, "now": NOW, "team_ids": team()}
    return exceptions.add(alert=alerts[0], entries=on("ci"), **given).item


def team():
    return [default_team().pk]


def sent(item, actor, entries=None, **given):
    said = {"version": item.version, "reason": "The pipeline.", "name": "Pipeline", "team_ids": team(), "now": NOW}
    return exceptions.draft_change(item=item, entries=entries or on("night"), actor=actor, **said | given)


def done(act, draft, actor, **given):
    return act(draft_id=draft.pk, **{"version": 1, "actor": actor, "now": LATER, "team_ids": team()} | given)


def edited(item, actor, entries, **given):
    said = {"version": item.version, "reason": "The pipeline.", "name": "Pipeline", "team_ids": team(), "now": LATER}
    return exceptions.edit(item=item, entries=entries, actor=actor, **said | given).item


def stands(item):
    return ExceptionItem.objects.get(pk=item.pk)


def test_who_may_not_edit_sends_a_change_and_nothing_changes_yet(item, cast):
    with pytest.raises(ReviewNeeded):
        edited(item, cast.ana, on("night"))
    draft = sent(item, cast.ana)
    assert (draft.edits, draft.edits_version, draft.alert, draft.team) == (item, item.version, None, default_team())
    assert stands(item).entries == on("ci")
    told = Change.objects.get(object_type="exception_draft", verb="draft").after
    assert (told["edits"], told["edits_version"]) == (item.pk, item.version)


def test_approved_it_is_the_edit_that_an_engineer_makes(item, alerts, cast):
    held = raised([event(user__name="ci", at=NOW)])
    assert held == []
    draft = sent(item, cast.ana, close_matching="benign_positive")
    result = done(exceptions.approve, draft, cast.rosa)
    now_says = stands(item)
    assert (now_says.entries, now_says.version, now_says.owner) == (on("night"), item.version + 1, cast.rosa)
    assert (result.closed, result.released) == ([alerts[2].pk], 1)
    told = Change.objects.get(object_type="exception", verb="edit")
    assert (told.actor, told.before["entries"], told.after["entries"]) == (cast.rosa, on("ci"), on("night"))
    assert told.note == "Drafted by Ana, approved by Rosa: The pipeline."
    draft.refresh_from_db()
    assert (draft.state, draft.item, draft.reviewer) == ("approved", item, cast.rosa)


def test_approving_is_taken_back_as_an_edit_is(item, alerts, cast):
    draft = sent(item, cast.ana, close_matching="benign_positive")
    result = done(exceptions.approve, draft, cast.rosa)
    undo(group=result.group, actor=cast.rosa, now=LATEST, team_ids=team())
    assert stands(item).entries == on("ci")
    assert Alert.objects.get(pk=alerts[2].pk).status == "open"


def test_the_reviewers_are_told_what_would_change_and_then_the_author(item, cast):
    draft = sent(item, cast.ana)
    told = Notice.objects.get(kind="review")
    assert (told.user, told.text) == (
        cast.rosa, "Ana asks for a review: a change of the exception “Pipeline” on Perl was started",
    )  # fmt: skip
    done(exceptions.send_back, draft, cast.rosa, note="Name the host as well.")
    assert Notice.objects.get(user=cast.ana).text == (
        "Rosa sent back your change of the exception “Pipeline” on Perl was started: Name the host as well."
    )


def test_a_draft_of_what_was_edited_meanwhile_is_refused_and_says_what_differs(item, cast):
    draft = sent(item, cast.ana)
    edited(item, cast.rosa, on("other"), reason="Another pipeline.")
    with pytest.raises(OutdatedDraft) as refused:
        done(exceptions.approve, draft, cast.rosa)
    said = refused.value.message
    assert said.startswith("Rosa edited this exception on 20 Nov 2026, 14:08 UTC, after the draft was made from it.")
    assert "Its conditions and reason differ now." in said
    assert "Send it back to Ana, who can take it up again on top of what stands now." in said
    assert stands(item).entries == on("other")
    assert ExceptionDraft.objects.get().state == "waiting"


def test_who_saves_the_exception_himself_withdraws_his_change_that_waits(item, cast):
    mine, anas = sent(item, cast.rosa), sent(item, cast.ana)
    group = uuid4()
    edited(item, cast.rosa, on("night"), group=group)
    mine.refresh_from_db()
    anas.refresh_from_db()
    assert (mine.state, anas.state) == ("withdrawn", "waiting")
    told = Change.objects.get(object_type="exception_draft", verb="withdraw")
    assert (told.actor, told.group, told.note) == (cast.rosa, group, "Its author saved the exception himself.")
    assert [one.change.verb for one in done_lately(cast.rosa, team(), LATER)][:1] == ["edit"]
    undo(group=group, actor=cast.rosa, now=LATEST, team_ids=team())
    mine.refresh_from_db()
    assert (mine.state, stands(item).entries) == ("waiting", on("ci"))
    assert not is_outdated(mine, stands(item))
    assert [one for one in done_lately(cast.rosa, team(), LATEST) if one.change.group == group] == []


def test_a_change_that_was_sent_anew_stays_when_the_edit_is_taken_back(item, cast):
    mine, group = sent(item, cast.rosa), uuid4()
    newer = edited(item, cast.rosa, on("night"), group=group)
    again = sent(newer, cast.rosa, on("other"))
    undo(group=group, actor=cast.rosa, now=LATEST, team_ids=team())
    mine.refresh_from_db()
    again.refresh_from_db()
    assert (mine.state, again.state) == ("withdrawn", "waiting")


def test_a_change_on_top_of_something_older_still_waits_for_its_author(item, cast):
    mine = sent(item, cast.rosa)
    exceptions.disable(item=item, actor=cast.rosa, now=LATER, team_ids=team())
    edited(stands(item), cast.rosa, on("night"))
    mine.refresh_from_db()
    assert mine.state == "waiting"


@pytest.mark.parametrize("act", [exceptions.disable, exceptions.take_back])
def test_a_draft_of_what_was_turned_off_or_taken_back_is_refused(item, cast, act):
    draft = sent(item, cast.ana)
    act(item=item, actor=cast.rosa, now=LATER, team_ids=team())
    words = "Rosa turned off" if act is exceptions.disable else "Rosa took back .* There is nothing left to change."
    with pytest.raises(OutdatedDraft, match=words):
        done(exceptions.approve, draft, cast.rosa)


def test_the_author_takes_it_up_again_on_top_of_what_stands(item, cast):
    draft = sent(item, cast.ana)
    newer = edited(item, cast.rosa, on("other"))
    with pytest.raises(StaleException):
        sent(item, cast.ana, replaces=draft.pk)
    done(exceptions.send_back, draft, cast.rosa, note="It moved on.")
    again = sent(newer, cast.ana, replaces=draft.pk, now=LATER)
    assert ExceptionDraft.objects.get(pk=draft.pk).state == "withdrawn"
    done(exceptions.approve, again, cast.rosa)
    assert stands(item).entries == on("night")


def test_one_that_waits_is_taken_up_again_without_anybody_sending_it_back(item, cast):
    draft = sent(item, cast.ana)
    group = uuid4()
    again = sent(item, cast.ana, on("nightly"), replaces=draft.pk, group=group)
    assert list(waiting_for(cast.rosa, team())) == [again]
    assert undo(group=group, actor=cast.ana, now=LATER, team_ids=team()).drafts == 2
    assert list(waiting_for(cast.rosa, team())) == [draft]


def test_sending_returning_and_withdrawing_are_taken_back(item, cast):
    state = lambda: ExceptionDraft.objects.get().state  # noqa: E731
    sending, returning, leaving = uuid4(), uuid4(), uuid4()
    draft = sent(item, cast.ana, group=sending)
    done(exceptions.send_back, draft, cast.rosa, note="Narrower.", group=returning)
    undo(group=returning, actor=cast.rosa, now=LATER, team_ids=team())
    assert state() == "waiting"
    done(exceptions.withdraw, draft, cast.ana, version=3, group=leaving)
    undo(group=leaving, actor=cast.ana, now=LATER, team_ids=team())
    assert state() == "waiting"
    assert done(exceptions.withdraw, draft, cast.ana, version=5, group=leaving).state == "withdrawn"


def test_a_reviewer_whose_wish_cannot_be_taken_back_reads_whose_change_waits(item, cast):
    returning, draft = uuid4(), sent(item, cast.ana)
    done(exceptions.send_back, draft, cast.rosa, note="Narrower.", group=returning)
    sent(item, cast.ana, on("nightly"))
    with pytest.raises(ChangeWaits, match="by Ana waits for review already"):
        undo(group=returning, actor=cast.rosa, now=LATER, team_ids=team())


def test_what_was_withdrawn_does_not_come_back_beside_another_of_the_same_person(item, cast):
    leaving = uuid4()
    draft = sent(item, cast.ana)
    done(exceptions.withdraw, draft, cast.ana, group=leaving)
    sent(item, cast.ana, on("nightly"))
    with pytest.raises(ChangeWaits):
        undo(group=leaving, actor=cast.ana, now=LATER, team_ids=team())
    with pytest.raises(ChangeWaits):
        sent(item, cast.ana, on("weekly"))


def test_the_guard_looks_when_it_is_approved(item, alerts, cast):
    draft = sent(item, cast.ana)
    given = {"actor": cast.ana, "now": NOW, "team_ids": team()}
    set_status(alert_ids=[alerts[2].pk], status="closed", reason="true_positive", **given)
    with pytest.raises(GuardRefused):
        done(exceptions.approve, draft, cast.rosa)
    done(exceptions.approve, draft, cast.rosa, override_guard_reason="A drill.")
    assert "A drill." in Change.objects.get(object_type="exception", verb="edit").note


def test_who_may_send_and_who_may_review(item, cast):
    for person in (cast.mona, cast.vera):
        with pytest.raises(NotAllowed):
            sent(item, person)
    Rule.objects.update(team=default_team())
    item.rule.refresh_from_db()
    with pytest.raises(NotYourTeam):
        sent(item, cast.otto, team_ids=[other_team().pk])
    draft, own = sent(item, cast.ana), sent(item, cast.rosa, on("nightly"))
    with pytest.raises(NotAllowed):
        done(exceptions.approve, draft, cast.ana)
    with pytest.raises(OwnDraft):
        done(exceptions.approve, own, cast.rosa)
    with pytest.raises(DraftNotFound):
        done(exceptions.approve, draft, cast.rosa, team_ids=[other_team().pk])
    done(exceptions.send_back, draft, cast.rosa, note="Narrower.")
    with pytest.raises(StaleDraft, match="Rosa returned"):
        done(exceptions.approve, draft, cast.rosa)


def test_a_change_that_changes_nothing_or_what_is_gone_is_not_sent(item, cast):
    with pytest.raises(ExceptionRefused, match="says all of this already"):
        sent(item, cast.ana, on("ci"))
    two = [*on("ci"), *on("perl", "process.name")]
    item = edited(item, cast.rosa, two)
    with pytest.raises(ExceptionRefused, match="says all of this already"):
        sent(item, cast.ana, two[::-1])
    exceptions.take_back(item=item, actor=cast.rosa, now=NOW, team_ids=team())
    with pytest.raises(ExceptionGone):
        sent(item, cast.ana)


def test_it_needs_no_alert_to_be_reviewed_by_and_outlives_all_of_them(item, cast):
    draft = sent(item, cast.ana)
    Alert.objects.all().delete()
    done(exceptions.approve, draft, cast.rosa)
    assert stands(item).entries == on("night")
    again = sent(stands(item), cast.ana, on("nightly"), now=LATER)
    assert again.team == default_team()


def test_further_groups_become_exceptions_of_their_own(item, cast):
    draft = sent(item, cast.ana, more=[on("weekly")])
    done(exceptions.approve, draft, cast.rosa)
    said = ExceptionItem.objects.order_by("pk").values_list("name", "entries")
    assert list(said) == [("Pipeline", on("night")), ("Pipeline (2)", on("weekly"))]


def test_of_a_shared_list_every_copy_changes(rule, tmp_path, cast):
    second = load(tmp_path, rule_id="two", name="Two")
    told = {"actor": cast.rosa, "now": NOW}
    listed = shared.create_list(list_id="known", name="Known", rules=[rule, second], **told)
    made = shared.add_item(list_id=listed.pk, entries=on("ci"), reason="The pipeline.", name="Pipeline", **told)
    draft = sent(made.items[0], cast.ana)
    assert draft.list_id == "known"
    done(exceptions.approve, draft, cast.rosa)
    assert [item.entries for item in ExceptionItem.objects.order_by("pk")] == [on("night"), on("night")]


def test_of_a_shared_list_ones_own_change_is_withdrawn_whichever_copy_it_was_written_on(rule, tmp_path, cast):
    second = load(tmp_path, rule_id="two", name="Two")
    told = {"actor": cast.rosa, "now": NOW}
    listed = shared.create_list(list_id="known", name="Known", rules=[rule, second], **told)
    made = shared.add_item(list_id=listed.pk, entries=on("ci"), reason="The pipeline.", name="Pipeline", **told)
    mine, group = sent(made.items[0], cast.rosa), uuid4()
    edited(made.items[1], cast.rosa, on("night"), group=group)
    mine.refresh_from_db()
    assert mine.state == "withdrawn"
    undo(group=group, actor=cast.rosa, now=LATEST, team_ids=team())
    mine.refresh_from_db()
    assert (mine.state, is_outdated(mine, stands(made.items[0]))) == ("waiting", False)


def test_the_look_says_what_becomes_of_what_stands_silences(item, alerts, cast):
    sent(item, cast.ana)
    sent(item, cast.rosa, on("perl", "process.name"))
    narrow, broad = waiting_for(cast.rosa, team())
    found = look_at([narrow, broad], team(), LATER, until=1e12)
    told = [(one.total, one.silenced, one.more, one.fewer) for one in (found[narrow.pk], found[broad.pk])]
    assert told == [(3, 1, 1, 2), (3, 3, 1, 0)]
    exceptions.disable(item=item, actor=cast.rosa, now=LATER, team_ids=team())
    (narrow, _broad) = waiting_for(cast.rosa, team())
    off = look_at([narrow], team(), LATER, until=1e12)[narrow.pk]
    assert (off.more, off.fewer) == (1, 0)
