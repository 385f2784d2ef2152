"""Saved views, what others did meanwhile, how the queue looks, and what it says when something is out of order."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts import saved
from accounts.models import Change
from alerts import triage
from alerts.models import Alert, Comment, SavedView
from alerts.views import queue as views
from tests.alerts.pages.conftest import HTMX, SignIn
from tests.alerts.pages.test_folds import like
from tests.alerts.pages.world import World

QUEUE = reverse("alerts:queue")


def save(client: Client, name: str = "Databases", query: str = "host=db-1&sort=newest", **more: str) -> SavedView:
    answer = client.post(reverse("alerts:view_save"), {"name": name, "from": query, **more})
    assert answer.status_code == 303, answer.content
    return SavedView.objects.get(name=name)


def test_filters_that_are_on_become_a_tab_with_its_number(ana: Client, world: World) -> None:
    world.send([world.perl(number) for number in range(1, 7)])
    view = save(ana)
    page = ana.get(QUEUE).content.decode()
    assert f'{view.name} <span class="n">2</span>' in page
    opened = ana.get(QUEUE, {"host": "db-1", "sort": "newest", "saved": str(view.pk)}).content.decode()
    assert f"saved={view.pk}" in page
    assert opened.count("data-row ") == 1
    assert "Delete view" in opened
    assert "with the filters as they are now" not in opened


def test_a_view_whose_filters_have_moved_on_takes_them_over(ana: Client, world: World) -> None:
    world.send([world.perl()])
    view = save(ana)
    query = f"host=db-2&sort=newest&saved={view.pk}"
    assert "with the filters as they are now" in ana.get(f"{QUEUE}?{query}").content.decode()
    ana.post(reverse("alerts:view_change", args=[view.pk]), {"name": "DB 2", "from": query, "filters": "1"})
    view.refresh_from_db()
    assert (view.name, view.query, view.version) == ("DB 2", "host=db-2&sort=newest", 2)
    change = Change.objects.filter(object_type="saved_view", verb="change").get()
    assert (change.before["name"], change.after["query"]) == ("Databases", "host=db-2&sort=newest")


def test_a_shared_view_is_everybodys_tab_and_only_its_owners_to_change(
    ana: Client, sign_in: SignIn, world: World
) -> None:
    world.send([world.perl()])
    view = save(ana, share=str(world.team.pk))
    page = sign_in("rosa").get(QUEUE, {"saved": str(view.pk)}).content.decode()
    assert "shared by Ana" in page
    assert "Delete view" not in page
    assert "Databases" not in sign_in("otto").get(QUEUE).content.decode()
    answer = sign_in("rosa").post(reverse("alerts:view_delete", args=[view.pk]))
    assert answer.status_code == 404


def test_views_are_put_in_order(ana: Client, world: World) -> None:
    world.send([world.perl()])
    one, _, three = (save(ana, name) for name in ("One", "Two", "Three"))
    ana.post(reverse("alerts:view_move", args=[three.pk]), {"to": "left"})
    ana.post(reverse("alerts:view_move", args=[one.pk]), {"to": "left"})
    assert list(SavedView.objects.order_by("position").values_list("name", flat=True)) == ["One", "Three", "Two"]
    page = ana.get(QUEUE).content.decode()
    assert page.index("Three") < page.index(">Two")


def test_a_deleted_view_can_be_brought_back_for_ten_minutes(ana: Client, sign_in: SignIn, world: World) -> None:
    world.send([world.perl()])
    view = save(ana)
    gone = ana.post(reverse("alerts:view_delete", args=[view.pk]))
    assert "is deleted" in ana.get(gone["Location"]).content.decode()
    group = Change.objects.get(object_type="saved_view", verb="delete").group
    assert group is not None
    assert sign_in("rosa").post(reverse("alerts:view_restore", args=[group])).status_code == 422
    assert ana.post(reverse("alerts:view_restore", args=[group])).status_code == 303
    assert SavedView.objects.get(pk=view.pk).query == "host=db-1&sort=newest"
    assert ana.post(reverse("alerts:view_restore", args=[group])).status_code == 422
    late = saved.remove(SavedView, saved_id=view.pk, actor=world.ana, now=world.now - timedelta(minutes=11))
    assert ana.post(reverse("alerts:view_restore", args=[late])).status_code == 422


@pytest.mark.parametrize("name", ["", " \u200b ", "databases", "x" * 61])
def test_a_view_needs_a_name_of_its_own(ana: Client, world: World, name: str) -> None:
    world.send([world.perl()])
    save(ana)
    answer = ana.post(reverse("alerts:view_save"), {"name": name, "from": ""})
    assert answer.status_code == 422
    assert SavedView.objects.count() == 1
    assert 'class="notice danger"' in answer.content.decode()


def test_a_fold_is_one_row_that_unfolds_in_place_or_as_a_page(ana: Client, world: World) -> None:
    world.send([world.perl(1 + 3 * step) for step in range(4)])
    page = ana.get(QUEUE).content.decode()
    face = Alert.objects.order_by("-pk")[0]
    key = bytes(face.fold or b"").hex()
    assert page.count("data-row ") == 1
    assert f'name="fold" value="{key}" data-count="4"' in page
    inside = ana.get(QUEUE, {"fold": key, "inside": str(face.pk)}, headers=HTMX).content.decode()
    assert inside.count(f'data-fold-of="{key}"') == 3
    assert "<section" not in inside
    assert ana.get(QUEUE, {"fold": key}).content.decode().count("data-row ") == 4
    assert ana.get(QUEUE, {"fold": "off"}).content.decode().count("data-row ") == 4


def test_what_sleeps_is_left_out_until_it_is_due_and_found_by_its_filter(ana: Client, world: World) -> None:
    one, other = world.send([world.perl(1), world.perl(2)])
    Alert.objects.filter(pk=one.pk).update(snoozed_until=world.now + timedelta(days=1))
    Alert.objects.filter(pk=other.pk).update(snoozed_until=world.now - timedelta(days=1))
    page = ana.get(QUEUE).content.decode()
    assert f'id="alert-{one.pk}"' not in page
    assert f'id="alert-{other.pk}"' in page
    page = ana.get(QUEUE, {"snoozed": "1"}).content.decode()
    assert f'id="alert-{one.pk}"' in page
    assert "asleep until" in page
    assert f'id="alert-{other.pk}"' not in page


def test_the_pulse_says_what_others_did_to_the_rows_on_screen(ana: Client, world: World) -> None:
    mine, theirs, other = world.send([world.perl(1), world.perl(2), world.perl(3)])
    world.close([theirs], by="rosa")
    world.close([mine], by="ana")
    shown: dict[str, Any] = {
        "shown": [mine.pk, theirs.pk],
        "since": str(other.pk + 9),
        "at": (world.now - timedelta(1)).isoformat(),
    }
    page = ana.get(reverse("alerts:pulse"), shown, headers=HTMX).content.decode()
    assert f'id="note-{theirs.pk}" hx-swap-oob="true">Closed by Rosa' in " ".join(page.split())
    assert f"note-{mine.pk}" not in page
    assert ana.get(reverse("alerts:pulse"), shown | {"at": "tomorrow"}, headers=HTMX).status_code == 204


def test_the_pulse_says_nothing_of_other_teams_alerts(sign_in: SignIn, world: World) -> None:
    [alert] = world.send([world.perl(1)])
    world.close([alert], by="rosa")
    shown: dict[str, Any] = {"shown": [alert.pk], "since": str(alert.pk), "at": (world.now - timedelta(1)).isoformat()}
    assert sign_in("otto").get(reverse("alerts:pulse"), shown, headers=HTMX).status_code == 204


def test_a_bar_leads_to_its_time_and_a_span_takes_the_place_of_a_stretch(ana: Client, world: World) -> None:
    [alert] = world.send([world.perl(1)])
    page = ana.get(QUEUE).content.decode()
    assert 'data-brush="filters"' in page
    assert 'aria-label="1 alert over 24 hours."' in page
    before = {"since": "2026-01-01T00:00Z", "until": "2026-01-01T01:00Z"}
    page = ana.get(QUEUE, before).content.decode()
    assert f'id="alert-{alert.pk}"' not in page
    assert "1 Jan 00:00 to 01:00" in page
    assert f'id="alert-{alert.pk}"' in ana.get(QUEUE, before | {"time": "24h"}).content.decode()
    assert "Write a time such as" in ana.get(QUEUE, {"since": "yesterday"}).content.decode()


def test_rows_are_as_tall_as_was_chosen_in_this_browser(ana: Client, world: World) -> None:
    world.send([world.perl(1)])
    assert 'data-density="evidence"' in ana.get(QUEUE).content.decode()
    answer = ana.post(reverse("alerts:density"), {"density": "compact", "from": "view=all"})
    assert (answer.status_code, answer["Location"]) == (303, f"{QUEUE}?view=all")
    assert 'data-density="compact"' in ana.get(QUEUE).content.decode()
    ana.post(reverse("alerts:density"), {"density": "huge"})
    assert 'data-density="compact"' in ana.get(QUEUE).content.decode()


def test_who_is_in_no_team_learns_whom_to_ask(sign_in: SignIn, world: World) -> None:
    world.send([world.perl(1)])
    world.vera.teams.clear()
    page = sign_in("vera").get(QUEUE).content.decode()
    assert "You are in no team yet." in page
    assert "Adam" in page


def test_an_empty_queue_says_how_the_days_alerts_were_judged(ana: Client, world: World) -> None:
    world.close(world.send([world.perl(1), world.perl(2)]))
    assert "2 closed today: 2 benign positive." in ana.get(QUEUE).content.decode()


def test_a_rule_that_made_most_of_very_many_is_named(
    ana: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "LOUD", 3)
    world.send([world.perl(number) for number in range(1, 5)])
    page = " ".join(ana.get(QUEUE).content.decode().split())
    assert "One rule made 4 of these" in page
    assert ">Fold</a>" not in page
    assert ">Fold</a>" in ana.get(QUEUE, {"fold": "off"}).content.decode()


def test_verdicts_are_those_of_the_rule_on_the_host_and_of_the_rule_where_it_has_none(
    ana: Client, world: World
) -> None:
    first, second = world.send([world.perl(1, host__name="db-1"), world.perl(2, host__name="db-2")])
    past = [like(first, step, status="closed", reason="benign_positive", fold=None) for step in range(3)]
    Alert.objects.bulk_create([*past, like(first, 9, status="closed", reason="true_positive", fold=None)])
    page = ana.get(QUEUE).content.decode()
    rows = {number: page.split(f'id="alert-{number}"')[1].split("</tr>")[0] for number in (first.pk, second.pk)}
    assert "1 true of 4<" in rows[first.pk]
    assert '<span class="ofrule">rule</span>' in rows[second.pk]
    assert "1 true of 4<" in rows[second.pk]


def test_acknowledged_alerts_of_a_fold_stay_in_it(ana: Client, world: World) -> None:
    alerts = world.send([world.perl(1 + 3 * step) for step in range(3)])
    triage.set_status(
        alert_ids=[alerts[0].pk], status="acknowledged", actor=world.ana, now=world.now, team_ids=[world.team.pk]
    )
    assert 'data-count="3"' in ana.get(QUEUE).content.decode()
    assert 'data-count="2"' in ana.get(QUEUE, {"status": "open"}).content.decode()


def test_beside_the_queue_one_assigns_and_leaves_a_note(ana: Client, world: World) -> None:
    alert = world.send([world.perl(1)])[0]
    beside = ana.get(reverse("alerts:peek", args=[alert.pk]), headers=HTMX).content.decode()
    for key in "acwsnex":
        assert f'data-key="{key}"' in beside
    note = {"text": "Asked the owner.", "peek": "1"}
    said = ana.post(reverse("alerts:comment", args=[alert.pk]), note, headers=HTMX)
    assert "Comment added." in said.content.decode()
    assert "<tr" not in said.content.decode()
    assert ana.post(reverse("alerts:comment", args=[alert.pk]), note | {"text": " "}, headers=HTMX).status_code == 422
    assert Comment.objects.count() == 1
