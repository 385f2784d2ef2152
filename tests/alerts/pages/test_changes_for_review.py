"""Changes of stored exceptions on the pages: sent, seen side by side, approved, sent back and taken up again."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import RolePolicy
from accounts.roles import Role
from alerts import exceptions
from alerts.blame import RuleFailed
from alerts.models import Alert, ExceptionDraft
from rules.models import ExceptionItem, Rule
from tests.alerts.pages.conftest import HTMX, SignIn
from tests.alerts.pages.world import PERL, World

PAGE = reverse("alerts:exceptions")
FORM: dict[str, Any] = {
    "field": ["host.name"], "operator": ["is"], "value": ["db-3"], "case": [""], "reason": "The vendor's menu.",
    "name": "Menu", "expires": "keep", "review": "", "version": "1", "send": "1",
}  # fmt: skip


def is_(field: str, value: str) -> list[dict[str, str]]:
    return [{"field": field, "type": "match", "operator": "included", "value": value}]


@pytest.fixture
def alerts(world: World) -> list[Alert]:
    """Six alerts on three hosts, two each."""
    RolePolicy.objects.create(role=Role.ANALYST, exceptions="draft")
    return world.send([world.perl(number) for number in range(1, 7)])


@pytest.fixture
def item(world: World, alerts: list[Alert]) -> ExceptionItem:
    return exceptions.add(
        alert=alerts[0], entries=is_("host.name", "db-2"), reason="The vendor's menu.", name="Menu", actor=world.rosa,
        expires_at=world.now + timedelta(days=90), now=world.now, team_ids=[world.team.pk],
    ).item  # fmt: skip


def edit(item: ExceptionItem) -> str:
    return reverse("alerts:exception_edit", args=[item.pk])


def edited_by_rosa(world: World, item: ExceptionItem) -> None:
    exceptions.edit(
        item=item, version=item.version, entries=is_("host.name", "db-1"), reason="Another menu.", name="Menu",
        expires_at=item.expires_at, actor=world.rosa, now=world.now, team_ids=[world.team.pk],
    )  # fmt: skip


def test_an_analyst_whose_role_drafts_sends_a_change_and_an_engineer_sees_it_side_by_side(
    ana: Client, sign_in: SignIn, item: ExceptionItem
) -> None:
    panel = ana.get(edit(item)).content.decode()
    assert "Send for review" in panel
    assert "Exceptions of your role need a review first." in panel
    assert "Save exception" not in panel
    plain = {key: value for key, value in FORM.items() if key != "send"}
    assert ana.post(edit(item), plain).status_code == 422
    answer = ana.post(edit(item), FORM, follow=True)
    assert "The exception stays as it is until the change is approved." in answer.content.decode()
    draft, rosa = ExceptionDraft.objects.get(), sign_in("rosa")
    page = rosa.get(PAGE).content.decode()
    assert "Change of an exception on" in page
    assert page.count("<del>") == page.count("<ins>") == 1
    assert "Changes: conditions." in page
    assert "Silences 2 of 6, no true positive" in page
    assert "2 more than now, and lets 2 through that are silenced now" in page
    approve = reverse("alerts:draft_approve", args=[draft.pk])
    done = rosa.post(approve, {"version": draft.version}, follow=True).content.decode()
    assert "Exception changed." in done
    assert ExceptionItem.objects.get().entries == is_("host.name", "db-3")


def test_the_red_state_of_the_guard_offers_the_analyst_a_review(
    ana: Client, world: World, alerts: list[Alert], item: ExceptionItem
) -> None:
    RolePolicy.objects.all().delete()
    world.close([one for one in alerts if one.host_name == "db-3"], "true_positive")
    page = ana.post(reverse("alerts:exception_edit_preview", args=[item.pk]), FORM).content.decode()
    assert "Saving it needs the engineer role, sending it for review does not." in page
    assert 'name="send" value="1" data-submit' in page
    assert ana.post(edit(item), FORM).status_code == 303


def test_its_own_page_its_editor_and_its_history_say_that_a_change_waits(
    ana: Client, sign_in: SignIn, item: ExceptionItem
) -> None:
    ana.post(edit(item), FORM)
    draft, rosa = ExceptionDraft.objects.get(), sign_in("rosa")
    for address in (reverse("alerts:exception", args=[item.pk]), edit(item)):
        page = rosa.get(address).content.decode()
        assert "A change waits for review, by Ana," in page
        assert f"{PAGE}?check={draft.pk}#draft-{draft.pk}" in page
    assert (
        "Ana sent a change of it for review" in rosa.get(reverse("alerts:exception", args=[item.pk])).content.decode()
    )
    seen = sign_in("vera").get(reverse("alerts:exception", args=[item.pk])).content.decode()
    assert "A change waits for review, by Ana," in seen
    assert f"#draft-{draft.pk}" not in seen


def test_who_saves_it_himself_is_told_that_his_change_no_longer_waits(sign_in: SignIn, item: ExceptionItem) -> None:
    rosa, words = sign_in("rosa"), "Your change of it that waited for review is withdrawn."
    assert words not in rosa.post(edit(item), FORM, follow=True).content.decode()
    saved = {key: value for key, value in FORM.items() if key != "send"} | {"value": ["db-1"]}
    assert words in rosa.post(edit(item), saved, follow=True).content.decode()
    assert ExceptionDraft.objects.get().state == "withdrawn"
    again = rosa.post(edit(item), saved | {"version": "2", "value": ["db-2"]}, follow=True).content.decode()
    assert "Exception saved." in again
    assert words not in again


def test_what_was_changed_meanwhile_is_a_409_that_says_what_to_do(
    ana: Client, sign_in: SignIn, world: World, item: ExceptionItem
) -> None:
    ana.post(edit(item), FORM)
    draft, rosa = ExceptionDraft.objects.get(), sign_in("rosa")
    edited_by_rosa(world, item)
    page = rosa.get(PAGE).content.decode()
    assert "Rosa edited this exception on" in page
    assert "Send it back: Ana can take it up again on top of what stands now." in page
    assert reverse("alerts:draft_approve", args=[draft.pk]) not in page
    answer = rosa.post(reverse("alerts:draft_approve", args=[draft.pk]), {"version": draft.version})
    assert answer.status_code == 409
    assert "Its conditions and reason differ now. Nothing was approved." in answer.content.decode()


def test_a_change_that_came_back_is_taken_up_again_on_top_of_what_stands(
    ana: Client, sign_in: SignIn, world: World, item: ExceptionItem
) -> None:
    ana.post(edit(item), FORM | {"expires": "30", "close": "1", "close_reason": "benign_positive"})
    draft, rosa = ExceptionDraft.objects.get(), sign_in("rosa")
    edited_by_rosa(world, item)
    rosa.post(reverse("alerts:draft_return", args=[draft.pk]), {"version": 1, "note": "It moved on."})
    address = f"{edit(item)}?draft={draft.pk}"
    assert f'href="{address}&amp;back=%2Fexceptions%2F"' in ana.get(PAGE).content.decode()
    panel = ana.get(address).content.decode()
    assert "This is your change, on top of what stands now." in panel
    assert "It moved on." in panel
    assert "Rosa edited this exception on" in panel
    assert "db-3</textarea>" in panel
    assert "as in your draft:" in panel
    again = FORM | {"version": "2", "draft": str(draft.pk), "expires": "proposed"}
    assert ana.post(edit(item), again).status_code == 303
    made = ExceptionDraft.objects.get(state="waiting")
    assert (made.edits_version, made.expires_at) == (2, draft.expires_at)
    assert ExceptionDraft.objects.get(pk=draft.pk).state == "withdrawn"
    assert rosa.get(address).content.decode().count("This is your change") == 0


def test_a_change_that_is_sent_from_an_old_page_is_a_409(ana: Client, world: World, item: ExceptionItem) -> None:
    edited_by_rosa(world, item)
    answer = ana.post(edit(item), FORM)
    assert answer.status_code == 409
    assert "Somebody changed this exception after you opened it." in answer.content.decode()
    assert not ExceptionDraft.objects.exists()


def test_withdrawing_and_sending_are_undone_where_they_were_done(ana: Client, item: ExceptionItem) -> None:
    ana.post(edit(item), FORM)
    assert "Undo" in ana.get(reverse("alerts:exception", args=[item.pk])).content.decode()
    assert ana.post(edit(item), FORM).status_code == 409
    draft = ExceptionDraft.objects.get()
    ana.post(reverse("alerts:draft_withdraw", args=[draft.pk]), {"version": 1})
    lately = ana.get(PAGE).content.decode()
    assert "You withdrew “Menu” on" in lately


def test_the_other_team_learns_of_no_change(sign_in: SignIn, ana: Client, world: World, item: ExceptionItem) -> None:
    ana.post(edit(item), FORM)
    draft = ExceptionDraft.objects.get()
    world.otto.role = Role.ENGINEER
    world.otto.save()
    otto = sign_in("otto")
    assert "Change of an exception" not in otto.get(PAGE).content.decode()
    shown = otto.get(reverse("alerts:exception", args=[item.pk])).content.decode()  # the rule serves everybody
    assert "A change waits" not in shown
    assert "for review" not in shown
    assert otto.post(reverse("alerts:draft_approve", args=[draft.pk]), {"version": 1}).status_code == 404
    Rule.objects.filter(pk=PERL).update(team=world.team)
    assert otto.post(edit(item), FORM).status_code == 404
    assert otto.get(f"{edit(item)}?draft={draft.pk}").status_code == 404


def test_where_the_rule_itself_fails_nothing_is_approved_saved_or_switched(
    ana: Client, sign_in: SignIn, world: World, item: ExceptionItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana.post(edit(item), FORM)
    draft, rosa = ExceptionDraft.objects.get(), sign_in("rosa")
    assert world.send([world.perl(7)]) == []  # it is held back
    monkeypatch.setattr("alerts.release.judge", broken)
    approved = rosa.post(reverse("alerts:draft_approve", args=[draft.pk]), {"version": 1})
    saved = rosa.post(edit(item), {key: value for key, value in FORM.items() if key != "send"})
    off = rosa.post(reverse("alerts:exception_disable", args=[item.pk]), {"version": 1}, follow=True)
    assert [answer.status_code for answer in (approved, saved, off)] == [409, 409, 200]
    for answer in (approved, saved, off):
        assert "the rule itself fails. Nothing was changed." in answer.content.decode()
    item.refresh_from_db()
    draft.refresh_from_db()
    assert (item.version, item.enabled, draft.state) == (1, True, "waiting")


def broken(*_given: Any, **_more: Any) -> None:
    raise RuleFailed(PERL, "It is broken.")


def test_nobody_takes_up_the_change_of_another(sign_in: SignIn, ana: Client, item: ExceptionItem) -> None:
    ana.post(edit(item), FORM)
    draft, rosa = ExceptionDraft.objects.get(), sign_in("rosa")
    assert "This is your change" not in rosa.get(f"{edit(item)}?draft={draft.pk}").content.decode()
    rosa.post(edit(item), FORM | {"draft": str(draft.pk)})
    assert list(ExceptionDraft.objects.filter(author__username="ana").values_list("state", flat=True)) == ["waiting"]


@pytest.mark.parametrize("number", ["x", "0", "-1", "999999999999999999999", "²"])
def test_a_draft_that_is_none_is_passed_over(ana: Client, item: ExceptionItem, number: str) -> None:
    assert ana.get(edit(item), {"draft": number}).status_code == 200


def test_typing_in_a_change_that_is_taken_up_again_draws_the_preview_alone(ana: Client, item: ExceptionItem) -> None:
    ana.post(edit(item), FORM)
    typed = FORM | {"draft": str(ExceptionDraft.objects.get().pk)}
    address = reverse("alerts:exception_edit_preview", args=[item.pk])
    page = ana.post(address, typed, headers={**HTMX, "HX-Target": "preview"}).content.decode()
    assert "Silences 2 of 6 alerts" in page
    assert "versus" not in page


def test_nothing_of_a_long_value_is_kept_from_the_reviewer(sign_in: SignIn, world: World, item: ExceptionItem) -> None:
    hidden = "/opt/" + "x" * 700
    given: dict[str, Any] = {"actor": world.ana, "now": world.now, "team_ids": [world.team.pk], "name": "Menu"}
    exceptions.draft_change(item=item, version=1, entries=is_("process.executable", hidden), reason=hidden, **given)
    assert sign_in("rosa").get(PAGE).content.decode().count(hidden) == 2


@pytest.mark.parametrize(
    ("stored", "proposed", "marked"),
    [
        (["a", "b"], ["a", "b", "c"], ["<ins><code><bdi>c</bdi></code></ins>"]),
        (["a", "b"], ["b"], ["<del><code><bdi>a</bdi></code></del>"]),
        (["a\nb"], ["a", "b"], ["<ins><code><bdi>a</bdi></code></ins>", "<ins><code><bdi>b</bdi></code></ins>"]),
    ],
)
def test_of_many_values_those_that_differ_are_named(
    sign_in: SignIn, world: World, item: ExceptionItem, stored: list[str], proposed: list[str], marked: list[str]
) -> None:
    several = {"field": "host.name", "type": "match_any", "operator": "included"}
    ExceptionItem.objects.update(entries=[{**several, "value": stored}])
    given: dict[str, Any] = {"actor": world.ana, "now": world.now, "team_ids": [world.team.pk], "name": "Menu"}
    entries = [{**several, "value": proposed}]
    exceptions.draft_change(item=item, version=1, entries=entries, reason="The vendor's menu.", **given)
    page = sign_in("rosa").get(PAGE).content.decode()
    assert [one for one in marked if one not in page] == []
    assert "Changes: conditions, end." in page


def test_that_case_counts_no_more_can_be_seen(sign_in: SignIn, world: World, item: ExceptionItem) -> None:
    given: dict[str, Any] = {"actor": world.ana, "now": world.now, "team_ids": [world.team.pk], "name": "Menu"}
    entries = [{**item.entries[0], "case_sensitive": False}]
    exceptions.draft_change(item=item, version=1, entries=entries, reason="The vendor's menu.", **given)
    assert "in upper or lower case</span>" in sign_in("rosa").get(PAGE).content.decode()


def test_hostile_names_and_conditions_are_text_on_both_sides(
    ana: Client, sign_in: SignIn, world: World, item: ExceptionItem
) -> None:
    evil = "<script>alert(1)</script>"
    ana.post(edit(item), FORM | {"value": [evil], "reason": evil, "name": evil})
    draft, rosa = ExceptionDraft.objects.get(), sign_in("rosa")
    assert evil not in rosa.get(PAGE).content.decode()
    rosa.post(reverse("alerts:draft_approve", args=[draft.pk]), {"version": 1})
    ana.post(edit(item), FORM | {"version": "2"})
    assert evil not in rosa.get(PAGE).content.decode()
    assert evil not in rosa.get(reverse("alerts:exception", args=[item.pk])).content.decode()
    again = ExceptionDraft.objects.get(state="waiting")
    assert evil not in ana.get(f"{edit(item)}?draft={again.pk}").content.decode()


def test_what_another_team_says_in_the_exception_by_now_is_told_to_nobody_here(
    ana: Client, sign_in: SignIn, world: World, item: ExceptionItem
) -> None:
    ana.post(edit(item), FORM)
    draft, rosa = ExceptionDraft.objects.get(), sign_in("rosa")
    Rule.objects.filter(pk=PERL).update(team=world.other)
    ExceptionItem.objects.update(
        entries=is_("host.name", "their-host"), reason="Their reason.", name="Their menu", version=2
    )
    page = rosa.get(PAGE).content.decode()
    assert "Its rule belongs to another team by now." in page
    assert reverse("alerts:draft_approve", args=[draft.pk]) not in page
    refused = rosa.post(reverse("alerts:draft_approve", args=[draft.pk]), {"version": 1})
    assert refused.status_code == 403
    rosa.post(reverse("alerts:draft_return", args=[draft.pk]), {"version": 1, "note": "Given away."})
    back = ana.get(PAGE).content.decode()
    assert "The exception is gone since, or its rule is another team" in back
    assert edit(item) not in back
    told = page + refused.content.decode() + back
    assert [words for words in ("their-host", "Their reason", "Their menu") if words in told] == []


def test_of_what_is_turned_off_no_alert_is_promised_to_close(
    sign_in: SignIn, world: World, item: ExceptionItem
) -> None:
    given: dict[str, Any] = {"actor": world.ana, "now": world.now, "team_ids": [world.team.pk]}
    exceptions.disable(item=item, **given | {"actor": world.rosa})
    given |= {"version": 2, "name": "Menu", "reason": "The vendor's menu.", "close_matching": "benign_positive"}
    draft, rosa = exceptions.draft_change(item=item, entries=is_("host.name", "db-3"), **given), sign_in("rosa")
    page = rosa.get(PAGE).content.decode()
    assert "It closes no alert." in page
    assert "Approve, close" not in page
    rosa.post(reverse("alerts:draft_approve", args=[draft.pk]), {"version": 1})
    assert not Alert.objects.filter(status="closed").exists()
