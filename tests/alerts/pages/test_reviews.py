"""The exceptions page, the targets page, and handing alerts over, as people use them."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Notice, RolePolicy
from accounts.roles import Role
from alerts import exceptions
from alerts.escalation import to_team
from alerts.models import Alert, ExceptionDraft, Target
from alerts.views import reviews
from rules import value_lists
from rules.exceptions import create_item
from rules.models import ExceptionItem, Rule
from tests.alerts.pages.conftest import HTMX, SignIn
from tests.alerts.pages.world import PERL, World

PAGE = reverse("alerts:exceptions")
FORM = {
    "field": ["user.name"], "operator": ["is"], "value": ["postgres"], "case": [""], "reason": "The vendor's menu.",
    "expires": "90", "close": "1", "close_reason": "benign_positive",
}  # fmt: skip


def drafted(world: World, alert: Alert, user: str = "postgres") -> ExceptionDraft:
    entries = [{"field": "user.name", "type": "match", "operator": "included", "value": user}]
    return exceptions.draft(
        alert=alert, entries=entries, reason="The vendor's menu.", close_matching="benign_positive",
        actor=world.ana, now=world.now, team_ids=[world.team.pk],
    )  # fmt: skip


def test_an_analyst_whose_role_drafts_sends_and_an_engineer_approves(
    ana: Client, sign_in: SignIn, world: World
) -> None:
    RolePolicy.objects.create(role=Role.ANALYST, exceptions="draft")
    alert = world.send([world.perl(1), world.perl(2)])[0]
    panel = ana.get(reverse("alerts:detail", args=[alert.pk]), {"side": "exception"}).content.decode()
    assert "Send for review" in panel
    assert "Exceptions of your role need a review first." in panel
    add = reverse("alerts:exception_add", args=[alert.pk])
    assert ana.post(add, FORM).status_code == 422
    assert ana.post(add, FORM | {"send": "1"}).status_code == 303
    draft, rosa = ExceptionDraft.objects.get(), sign_in("rosa")
    page = rosa.get(PAGE).content.decode()
    assert "Waiting for your review" in page
    assert "Silences 2 of 2, no true positive" in page
    assert "Approve, close 2" in page
    rosa.post(reverse("alerts:draft_approve", args=[draft.pk]), {"version": draft.version})
    assert ExceptionItem.objects.get().owner == world.ana
    assert "Exception added, 2 alerts closed." in rosa.get(PAGE).content.decode()


def test_a_notice_leads_to_its_draft_however_many_wait_before_it(
    sign_in: SignIn, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reviews, "MOST_DRAFTS", 1)
    [alert] = world.send([world.perl()])
    first, second = drafted(world, alert), drafted(world, alert, "oracle")
    rosa = sign_in("rosa")
    assert f'id="draft-{second.pk}"' not in rosa.get(PAGE).content.decode()
    told = Notice.objects.get(user=world.people["rosa"], path__contains=f"#draft-{second.pk}")
    page = rosa.get(told.path).content.decode()
    assert f'id="draft-{first.pk}"' in page
    assert f'id="draft-{second.pk}"' in page
    assert page.count("Silences") == 2
    otto = sign_in("otto").get(told.path).content.decode()
    assert f'id="draft-{second.pk}"' not in otto


def test_where_the_alert_went_to_another_team_nothing_leads_to_it(ana: Client, sign_in: SignIn, world: World) -> None:
    alerts = world.send([world.perl(1), world.perl(2)])
    draft, rosa, link = drafted(world, alerts[0]), sign_in("rosa"), reverse("alerts:detail", args=[alerts[0].pk])
    assert link in rosa.get(PAGE).content.decode()
    to_team(
        alert_ids=[alerts[0].pk], team=world.other, note="Yours.", actor=world.ana, now=world.now,
        team_ids=[world.team.pk],
    )  # fmt: skip
    card = rosa.get(PAGE).content.decode()
    assert link not in card
    assert "Its alert was handed to another team since." in card
    rosa.post(reverse("alerts:draft_return", args=[draft.pk]), {"version": 1, "note": "Narrower, please."})
    returned = ana.get(PAGE).content.decode()
    assert "Returned to you" in returned
    assert link not in returned
    again = drafted(world, alerts[1])
    ExceptionDraft.objects.filter(pk=again.pk).update(alert=alerts[0])
    rosa.post(reverse("alerts:draft_approve", args=[again.pk]), {"version": 1})
    rules_page = reverse("rules:detail", args=[draft.rule_id]) + "?tab=exceptions"
    for page in (rosa.get(PAGE).content.decode(), rosa.get(rules_page).content.decode()):
        assert f"AL-{alerts[0].pk}" in page
        assert link not in page


def test_what_would_hide_a_true_positive_needs_a_reason(ana: Client, sign_in: SignIn, world: World) -> None:
    alerts = world.send([world.perl(1), world.perl(2)])
    draft, rosa = drafted(world, alerts[0]), sign_in("rosa")
    world.close([alerts[1]], "true_positive")
    assert "Would have hidden 1 true positive" in rosa.get(PAGE).content.decode()
    approve = reverse("alerts:draft_approve", args=[draft.pk])
    assert rosa.post(approve, {"version": draft.version}).status_code == 422
    assert rosa.post(approve, {"version": draft.version, "override": "A drill."}).status_code == 303


def test_a_returned_draft_is_changed_where_it_was_written(ana: Client, sign_in: SignIn, world: World) -> None:
    alert = world.send([world.perl(1)])[0]
    draft, rosa = drafted(world, alert), sign_in("rosa")
    back = reverse("alerts:draft_return", args=[draft.pk])
    rosa.post(back, {"version": draft.version, "note": "Name the host too."})
    assert rosa.post(back, {"version": draft.version, "note": "Again."}).status_code == 409
    page = ana.get(PAGE).content.decode()
    assert "Name the host too." in page
    address = f"{reverse('alerts:detail', args=[alert.pk])}?side=exception&draft={draft.pk}"
    assert f'name="draft" value="{draft.pk}"' in ana.get(address).content.decode()
    ana.post(reverse("alerts:exception_add", args=[alert.pk]), FORM | {"send": "1", "draft": draft.pk})
    assert sorted(ExceptionDraft.objects.values_list("state", flat=True)) == ["waiting", "withdrawn"]


def test_a_returned_draft_keeps_its_days_and_how_it_was_to_close(ana: Client, sign_in: SignIn, world: World) -> None:
    alert = world.send([world.perl(1)])[0]
    add = reverse("alerts:exception_add", args=[alert.pk])
    ana.post(add, FORM | {"send": "1", "expires": "180", "review": "30", "close": "on", "close_reason": "duplicate"})
    draft, rosa = ExceptionDraft.objects.get(), sign_in("rosa")
    rosa.post(reverse("alerts:draft_return", args=[draft.pk]), {"version": draft.version, "note": "Say why."})
    page = ana.get(f"{reverse('alerts:detail', args=[alert.pk])}?side=exception&draft={draft.pk}").content.decode()
    for day in (draft.expires_at, draft.review_at):
        assert day is not None
        assert f'<option value="proposed" selected>as in your draft: {day:%-d %b %Y}</option>' in page
    assert '<option value="duplicate" selected>' in page
    taken_up = FORM | {"draft": draft.pk, "expires": "proposed", "review": "proposed", "close": "on"}
    wrong = ana.post(add, taken_up | {"send": "1", "reason": ""})
    assert wrong.content.decode().count('<option value="proposed" selected>') == 2
    ana.post(add, taken_up | {"send": "1", "close_reason": "duplicate"})
    again = ExceptionDraft.objects.get(state="waiting")
    assert (again.expires_at, again.review_at) == (draft.expires_at, draft.review_at)
    assert again.close_matching == "duplicate"


def test_the_other_team_sees_neither_draft_nor_verdicts(sign_in: SignIn, world: World) -> None:
    draft = drafted(world, world.send([world.perl(1)])[0])
    world.otto.role = Role.ENGINEER
    world.otto.save()
    otto = sign_in("otto")
    assert "vendor" not in otto.get(PAGE).content.decode()
    assert otto.post(reverse("alerts:draft_approve", args=[draft.pk]), {"version": 1}).status_code == 404


def test_the_ledger_is_narrowed_by_its_facets(ana: Client, world: World) -> None:
    alert = world.send([world.perl(1)])[0]
    ana.post(reverse("alerts:exception_add", args=[alert.pk]), FORM)
    for show, there in (("all", True), ("mine", True), ("off", False), ("stale", False), ("overdue", False)):
        page = ana.get(PAGE, {"show": show}).content.decode()
        assert ('class="listing exceptions-list"' in page) is there, show
    assert "1 exception held back 0 events in 30 days." in page


def shown_for(client: Client, text: str, **more: str) -> set[int]:
    """The numbers of the exceptions that the ledger shows for what is looked for."""
    page = client.get(PAGE, {"q": text, **more}).content.decode()
    return {int(number) for number in re.findall(r'id="exception-([0-9]+)"', page)}


def test_the_ledger_is_searched_in_conditions_reason_name_and_rule(ana: Client, sign_in: SignIn, world: World) -> None:
    rule = Rule.objects.get(pk=PERL)
    nested: list[dict[str, Any]] = [
        {"field": "host.name", "type": "match_any", "operator": "included", "value": ["db-1", "Nas_01"]},
        {"field": "process", "type": "nested", "entries": [
            {"field": "args", "type": "match", "operator": "included", "value": "--100%"},
        ]},
    ]  # fmt: skip
    listed = {"field": "host.ip", "type": "list", "operator": "excluded", "list": {"id": "our-hosts", "type": "ip"}}
    plain = [{"field": "user.name", "type": "match", "operator": "included", "value": "postgres"}]
    value_lists.create_list(
        list_id="our-hosts", name="Ours", type="ip", lines=["10.0.0.1"], actor=world.rosa, now=world.now
    )
    given: dict[str, Any] = {"rule": rule, "actor": world.rosa, "now": world.now}
    one = create_item(entries=[*nested, listed], reason="Backups of the vendor.", name="Nightly", **given).pk
    two = create_item(entries=plain, reason="The menu.", name="Menu's", **given).pk
    for text, found in {
        "postgres": {two}, "USER.NAME": {two}, "nas_01": {one}, "nasx01": set(), "--100%": {one}, "--100x": set(),
        "process.args": {one}, "our-hosts": {one}, "backups vendor": {one}, "nightly": {one}, "menu's": {two},
        "backups postgres": set(), "perl": {one, two}, "included": set(), "match_any": set(), "": {one, two},
        "' OR 1=1 --": set(), "%": {one}, "_": {one},
    }.items():  # fmt: skip
        assert shown_for(ana, text) == found, text
    assert shown_for(ana, "postgres", show="off") == set()
    assert shown_for(ana, "postgres", rule=PERL) == {two}
    assert shown_for(sign_in("otto"), "postgres") == {two}  # the pack's rules serve everybody
    Rule.objects.filter(pk=PERL).update(team=world.team)
    assert shown_for(sign_in("otto"), "postgres") == set()


def test_what_is_looked_for_stays_in_the_facets_and_is_said_where_nothing_is_found(ana: Client, world: World) -> None:
    drafted(world, world.send([world.perl()])[0])
    page = ana.get(PAGE, {"q": "<b>nothing", "show": "mine"}).content.decode()
    assert "No exception says that." in page
    assert "<b>nothing" not in page
    assert 'data-key="/"' in page
    assert f'href="{PAGE}?show=off&amp;q=%3Cb%3Enothing"' in page
    assert 'name="show" value="mine"' in page


def test_targets_are_set_and_a_stale_form_is_a_409(ana: Client, sign_in: SignIn, world: World) -> None:
    mona, page = sign_in("mona"), reverse("alerts:targets")
    assert ana.get(page).status_code == 403
    assert 'value="4"' in mona.get(page).content.decode()
    form = {
        f"{name}_{part}": value
        for name, number in (("low", "3"), ("medium", "1"), ("high", "2"), ("critical", "1"))
        for part, value in (("number", number), ("unit", "h"), ("version", "1"))
    }
    assert mona.post(page, form | {"low_number": "0.01"}).status_code == 422
    assert mona.post(page, form).status_code == 303
    assert Target.objects.get(severity=3).within.total_seconds() == 7_200
    assert mona.post(page, form | {"high_number": "5"}).status_code == 409


def test_alerts_are_handed_to_another_team_from_the_queue_and_taken_back(ana: Client, world: World) -> None:
    alerts = world.send([world.perl(1), world.perl(2)])
    ticks = [f"{alert.pk}:{alert.version}" for alert in alerts]
    bulk = {"alert": ticks, "action": "escalate"}
    assert "HX-Redirect" in ana.post(reverse("alerts:bulk"), bulk, headers=HTMX)
    page = ana.get(ana.post(reverse("alerts:bulk"), bulk)["Location"]).content.decode()
    assert "Escalate 2 alerts to another team" in page
    address = reverse("alerts:escalate", args=[alerts[0].pk])
    assert ana.post(address, {"alert": ticks, "team": world.other.pk, "note": ""}).status_code == 422
    answer = ana.post(address, {"alert": ticks, "team": world.other.pk, "note": "Your host."})
    queue = ana.get(answer["Location"]).content.decode()
    assert "2 alerts are with Core now." in queue
    assert ana.get(reverse("alerts:detail", args=[alerts[0].pk])).status_code == 403
    undo = queue.split('action="/alerts/undo/')[1].split('"')[0].replace("&amp;", "&")
    ana.post(f"/alerts/undo/{undo}")
    assert set(Alert.objects.values_list("team", flat=True)) == {world.team.pk}


def test_a_stale_escalation_says_who_was_first_and_can_be_sent_again(ana: Client, world: World) -> None:
    alert = world.send([world.perl(1)])[0]
    world.close([alert], by="rosa")
    form = {"alert": [f"{alert.pk}:{alert.version}"], "team": world.other.pk, "note": "x"}
    answer = ana.post(reverse("alerts:escalate", args=[alert.pk]), form)
    assert answer.status_code == 409
    assert "Rosa" in answer.content.decode()


def test_past_its_target_is_said_in_words(ana: Client, world: World) -> None:
    alert = world.send([world.perl(1)])[0]
    Alert.objects.filter(pk=alert.pk).update(created_at=world.now.replace(year=world.now.year - 1))
    page = ana.get(reverse("alerts:queue"), {"past_target": "1"}).content.decode()
    assert ", past its target" in page
    assert 'class="token"' in page
