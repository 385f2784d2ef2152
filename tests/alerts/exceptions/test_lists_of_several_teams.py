"""Lists between teams: who sees them, whose they are to change, and what comes into force by itself."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Change
from alerts.errors import ScopeRefused
from alerts.exceptions import add
from alerts.models import Reason, Status
from alerts.reviewing.renewing import review_again
from alerts.triage import set_status
from rules import epoch, exceptions, shared, value_lists
from rules.errors import ListRefused
from rules.models import ExceptionItem
from tests.alerts.world import NOW, event, load, other_team, raised
from tests.people import sign_in

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=1)
PAGE = "/settings/shared-lists/known/"
ASKING = {"field": "host.name", "type": "list", "operator": "included", "list": {"id": "hosts", "type": "keyword"}}


def host(value):
    return [{"field": "host.name", "type": "match", "operator": "included", "value": value}]


def listed(cast, *rules):
    return shared.create_list(list_id="known", name="Known", rules=rules, actor=cast.rosa, now=LATER)


def item(cast, value="bad"):
    told: dict[str, Any] = {"reason": f"Why {value}", "name": value, "actor": cast.rosa, "now": LATER}
    return shared.add_item(list_id="known", entries=host(value), **told)


def hosts(*values):
    told: dict[str, Any] = {"list_id": "hosts", "name": "Hosts", "type": "keyword", "actor": None, "now": LATER}
    return value_lists.create_list(lines=values, **told)


def test_a_shared_list_for_rules_of_other_teams_alone_is_not_shown(tmp_path, cast):
    listed(cast, load(tmp_path, team=other_team()))
    item(cast)
    vera = sign_in(cast.vera)
    assert [vera.get(f"{PAGE}{path}").status_code for path in ("", "download/")] == [404, 404]
    assert "Known" not in vera.get("/settings/lists/").content.decode()
    assert "Known" in sign_in(cast.otto).get("/settings/lists/").content.decode()


def test_of_a_list_for_several_teams_each_sees_what_stands_on_its_own_rules(tmp_path, cast):
    listed(cast, load(tmp_path), load(tmp_path, rule_id="two", name="Two", team=other_team()))
    ours, theirs = item(cast, "ours"), item(cast, "theirs")
    mine = next(copy for copy in theirs.items if copy.rule_id == "perl")
    exceptions.remove_item(item=mine, actor=cast.rosa, now=LATER)
    vera = sign_in(cast.vera)
    text = vera.get(PAGE).content.decode()
    assert ("Why ours" in text, "Why theirs" in text, "Download" in text) == (True, False, False)
    assert vera.get(f"{PAGE}download/").status_code == 404
    assert len(ours.items) == 2


def test_a_copy_that_was_taken_off_one_rule_makes_that_rule_differ(tmp_path, cast):
    row = listed(cast, load(tmp_path), load(tmp_path, rule_id="two", name="Two"))
    copies = item(cast).items
    exceptions.remove_item(item=copies[0], actor=cast.rosa, now=LATER)
    assert [one.differing for one in shared.items_of(row)] == [1]


def test_reviewing_an_item_of_a_shared_list_reviews_every_copy(tmp_path, cast):
    row = listed(cast, load(tmp_path), load(tmp_path, rule_id="two", name="Two"))
    copies = item(cast).items
    reviewed = review_again(item=copies[0], version=None, actor=cast.rosa, now=LATER)
    assert [one.differing for one in shared.items_of(row)] == [0]
    assert set(ExceptionItem.objects.values_list("review_at", flat=True)) == {reviewed.review_at}


def test_values_of_a_list_that_another_team_asks_for_are_not_ours_to_change(tmp_path, cast):
    theirs = load(tmp_path, team=other_team())
    hosts("good", "other")
    told: dict[str, Any] = {"entries": [ASKING], "reason": "Known", "name": "Known", "actor": None, "now": LATER}
    exceptions.create_item(rule=theirs, **told)
    by: dict[str, Any] = {"list_id": "hosts", "actor": cast.rosa, "now": LATER}
    for change in (
        lambda: value_lists.append_values(lines=["crown-jewel"], **by),
        lambda: value_lists.replace_values(lines=["crown-jewel"], version=None, **by),
        lambda: value_lists.remove_values(values=["good"], **by),
    ):
        with pytest.raises(ListRefused, match="another team"):
            change()
    assert sign_in(cast.rosa).post("/settings/lists/hosts/drop/", {"value": "good"}).status_code == 422
    assert value_lists.values_of("hosts") == ("good", "other")


def test_an_imported_exception_that_waited_for_its_list_stays_off_where_it_would_hide_a_true_positive(tmp_path, cast):
    rules = [load(tmp_path), load(tmp_path, rule_id="two", name="Two")]
    bad = next(alert for alert in raised([event(host__name="bad")]) if alert.rule_id == "perl")
    told: dict[str, Any] = {"status": Status.CLOSED, "reason": Reason.TRUE_POSITIVE, "actor": cast.ana, "now": LATER}
    set_status(alert_ids=[bad.pk], **told, team_ids=[bad.team_id])
    raw = {"item_id": "i", "list_id": "k", "name": "n", "type": "simple", "description": "d", "entries": [ASKING]}
    raw |= {"namespace_type": "single", "os_types": [], "tags": []}
    waiting: dict[str, Any] = {
        "name": "n",
        "entries": [ASKING],
        "reason": "r",
        "item_id": "i",
        "list_id": "k",
        "enabled": False,
    }
    waiting |= {"imported": {"item": raw}, "not_applied_because": "No list.", "created_at": LATER, "updated_at": LATER}
    for rule in rules:
        ExceptionItem.objects.create(rule=rule, **waiting)
    made = hosts("bad")
    assert dict(ExceptionItem.objects.values_list("rule", "enabled")) == {"perl": False, "two": True}
    kept_off = ExceptionItem.objects.get(rule="perl")
    assert (made.kept_off, kept_off.not_applied_because) == (1, "It would have hidden a true positive.")
    assert Change.objects.get(object_type="exception", object_id=str(kept_off.pk)).verb == "keep off"


def test_a_rule_that_joins_a_shared_list_while_an_exception_is_saved_in_it_is_not_left_unguarded(
    tmp_path, cast, monkeypatch
):
    one, two = load(tmp_path), load(tmp_path, rule_id="two", name="Two")
    good = next(alert for alert in raised([event(host__name="good")]) if alert.rule_id == "perl")
    listed(cast, one)
    real = epoch.bump

    def joined_first():
        monkeypatch.setattr(epoch, "bump", real)
        shared.add_rules(list_id="known", rules=[two], actor=cast.rosa, now=LATER)
        return real()

    monkeypatch.setattr(epoch, "bump", joined_first)
    told: dict[str, Any] = {"reason": "x", "actor": cast.rosa, "now": LATER, "team_ids": [good.team_id]}
    with pytest.raises(ScopeRefused, match="have just changed"):
        add(alert=good, entries=host("bad"), list_id="known", **told)
    assert not ExceptionItem.objects.exists()
