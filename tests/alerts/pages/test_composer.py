"""The composer without JavaScript: groups, nests, value lists and scope, on an alert, a rule and a stored exception."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from alerts.models import Alert, ExceptionDraft, Trial
from alerts.views.conditions import conditions_of, entry_groups
from rules.models import ExceptionItem, Rule
from tests.alerts.pages.conftest import HTMX, SignIn
from tests.alerts.pages.world import PERL, World

SAVED = {"reason": "The vendor's menu.", "expires": "90", "close": "1", "close_reason": "benign_positive"}
ONLY_PREVIEW = {**HTMX, "HX-Target": "preview"}
ENTRIES: list[dict[str, Any]] = [
    {"field": "host.name", "type": "match", "operator": "included", "value": "db-1"},
    {"field": "host.name", "type": "match", "operator": "excluded", "value": "db-1", "case_sensitive": False},
    {"field": "user.name", "type": "match_any", "operator": "included", "value": ["a", "b"], "case_sensitive": True},
    {"field": "user.name", "type": "match_any", "operator": "excluded", "value": ["a"]},
    {"field": "process.args", "type": "wildcard", "operator": "excluded", "value": "*x*"},
    {"field": "user.id", "type": "exists", "operator": "excluded"},
    {"field": "source.ip", "type": "list", "operator": "included", "list": {"id": "nets", "type": "ip_range"}},
    {"field": "source.ip", "type": "list", "operator": "excluded", "list": {"id": "nets", "type": "keyword"}},
    {
        "field": "file.Ext.code_signature",
        "type": "nested",
        "entries": [
            {"field": "subject_name", "type": "match", "operator": "included", "value": "Vendor"},
            {"field": "trusted", "type": "match", "operator": "included", "value": "true"},
        ],
    },
]


def rows(*some: tuple[str, str, str, str]) -> dict[str, list[str]]:
    """The columns of a submitted panel: field, operator, value, place."""
    columns = list(zip(*some, strict=True))
    return dict(zip(("field", "operator", "value", "place"), map(list, columns), strict=True)) | {
        "case": [""] * len(some)
    }


TWO = rows(("host.name", "is", "db-2", "0"), ("host.name", "is", "db-3", "1"))


@pytest.fixture
def alerts(world: World) -> list[Alert]:
    """Six alerts on three hosts, db-2, db-3, db-1, two each."""
    return world.send([world.perl(number) for number in range(1, 7)])


@pytest.fixture
def preview(alerts: list[Alert]) -> str:
    return reverse("alerts:exception_new_preview", args=[PERL])


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry['type']} {entry.get('operator', '')}")
def test_what_is_stored_is_edited_without_loss(entry: dict[str, Any]) -> None:
    assert entry_groups(conditions_of([entry])) == [[entry]]


def test_a_nest_that_rows_cannot_show_is_kept_as_it_is() -> None:
    inner = {"field": "a", "type": "list", "operator": "included", "list": {"id": "x", "type": "keyword"}}
    row = conditions_of([{"field": "f", "type": "nested", "entries": [inner]}])
    assert row[0].is_kept
    assert json.loads(row[0].value)["entries"] == [inner]


def test_groups_are_counted_each_and_together(ana: Client, preview: str) -> None:
    page = ana.post(preview, TWO | {"close": "1"}, headers=ONLY_PREVIEW).content.decode()
    assert "Silences 4 of 6 alerts, and no true positive." in page
    assert "silences 2, adds 2" in page
    assert "Add exception, close 4" in page
    assert 'data-rev="1"' in page
    assert 'id="fields"' not in page


def test_or_begins_a_group_and_fields_go_into_the_one_in_focus(ana: Client, alerts: list[Alert]) -> None:
    where = reverse("alerts:exception_preview", args=[alerts[0].pk])
    page = ana.post(where, rows(("host.name", "is", "db-2", "0")) | {"or": "1"}).content.decode()
    assert '<input type="radio" name="into" value="1" checked' in page
    page = ana.post(where, TWO | {"into": "1", "add_field": "user.name"}).content.decode()
    assert page.index("db-3</textarea>") < page.index("postgres</textarea>")
    page = ana.post(where, TWO | {"into": "0", "add_field": "user.name"}).content.decode()
    assert page.index("postgres</textarea>") < page.index("db-3</textarea>")


def test_a_group_goes_with_its_last_condition(ana: Client, preview: str) -> None:
    page = ana.post(preview, TWO | {"remove": "0"}).content.decode()
    assert "db-2</textarea>" not in page
    assert 'name="into"' not in page


def test_a_nested_condition_is_built_row_by_row(ana: Client, preview: str) -> None:
    page = ana.post(preview, rows(("process.parent", "nested", "", "0"))).content.decode()
    assert 'name="place" value="0n"' in page
    assert "Add what one of its elements has to meet." in page
    both = rows(("process.parent", "nested", "", "0"), ("name", "is", "bash", "0n"))
    page = ana.post(preview, both).content.decode()
    assert "Silences 6 of 6 alerts" in page
    assert "And in the same process.parent" in page
    page = ana.post(preview, both | {"remove": "0"}).content.decode()
    assert 'value="0n"' not in page


def test_a_value_without_a_field_is_not_lost_silently(ana: Client, preview: str) -> None:
    some = rows(("host.name", "is", "db-2", "0"), ("", "is", "x", "0"))
    page = ana.post(preview, some).content.decode()
    assert "Name the field that this is asked of." in page
    assert ana.post(reverse("alerts:exception_new", args=[PERL]), some | SAVED).status_code == 422


def test_too_many_conditions_and_groups_are_said_in_words(ana: Client, preview: str) -> None:
    many = rows(*(("host.name", "is", str(at), "0") for at in range(51)))
    assert "At most 50 conditions make a group." in ana.post(preview, many).content.decode()
    groups = rows(*(("host.name", "is", str(at), str(at)) for at in range(10)))
    assert 'name="or"' not in ana.post(preview, groups).content.decode()


@pytest.mark.parametrize("place", ["", "x", "-1", "99999999", "0nn", "²", "1n"])
def test_a_place_that_was_tampered_with_breaks_nothing(ana: Client, preview: str, place: str) -> None:
    assert ana.post(preview, rows(("host.name", "is", "db-2", place))).status_code == 200


def test_on_a_rule_it_is_saved_and_undone_without_an_alert(ana: Client, alerts: list[Alert]) -> None:
    where = reverse("alerts:exception_new", args=[PERL])
    page = ana.get(where + "?field=host.name&value=db-2").content.decode()
    assert "Silences 2 of 6 alerts" in page
    answer = ana.post(where, TWO | SAVED, follow=True)
    assert "2 exceptions added, 4 alerts closed." in answer.content.decode()
    assert ExceptionItem.objects.filter(from_alert=None).count() == 2


def test_what_somebody_saved_first_is_a_409_that_leads_there(ana: Client, alerts: list[Alert]) -> None:
    where = reverse("alerts:exception_new", args=[PERL])
    one = rows(("host.name", "is", "db-2", "0"))
    ana.post(where, one | SAVED)
    answer = ana.post(where, one | SAVED)
    assert answer.status_code == 409
    assert reverse("alerts:exception", args=[ExceptionItem.objects.get().pk]) in answer.content.decode()


def test_several_rules_are_picked_by_name(ana: Client, alerts: list[Alert]) -> None:
    other = Rule.objects.exclude(pk=PERL).get(enabled=True)
    preview = reverse("alerts:exception_new_preview", args=[PERL])
    some = rows(("host.name", "is", "db-2", "0")) | {"scope": "rules"}
    page = ana.post(preview, some | {"rule_name": other.name[:12]}).content.decode()
    assert f'name="add_rule" value="{other.pk}"' in page
    page = ana.post(preview, some | {"add_rule": other.pk}).content.decode()
    assert f'name="rule" value="{other.pk}"' in page
    assert "for 2 rules" in page
    ana.post(reverse("alerts:exception_new", args=[PERL]), some | SAVED | {"rule": other.pk})
    assert set(ExceptionItem.objects.values_list("rule_id", flat=True)) == {PERL, other.pk}


def test_a_draft_keeps_groups_and_scope_until_it_is_sent_anew(ana: Client, alerts: list[Alert]) -> None:
    where = reverse("alerts:exception_add", args=[alerts[0].pk])
    ana.post(where, TWO | SAVED | {"send": "1"})
    sent = ExceptionDraft.objects.get()
    assert [one[0]["value"] for one in [sent.entries, *sent.more]] == ["db-2", "db-3"]
    ExceptionDraft.objects.update(state="returned")
    page = ana.get(reverse("alerts:detail", args=[alerts[0].pk]) + f"?side=exception&draft={sent.pk}").content.decode()
    assert "db-3</textarea>" in page


def test_a_trial_is_begun_watched_and_stopped(ana: Client, sign_in: SignIn, alerts: list[Alert]) -> None:
    begin = reverse("alerts:trial_begin", args=[PERL])
    page = ana.post(begin, TWO | {"span": "24h"}, headers=HTMX).content.decode()
    trial = Trial.objects.get()
    assert reverse("alerts:trial", args=[trial.pk]) in page
    assert "Waiting for a worker." in ana.get(reverse("alerts:trial", args=[trial.pk])).content.decode()
    assert sign_in("rosa").get(reverse("alerts:trial", args=[trial.pk])).status_code == 404
    page = ana.post(reverse("alerts:trial_stop", args=[trial.pk]), headers=HTMX).content.decode()
    assert "Stopped." in page


def test_hostile_conditions_are_text(ana: Client, preview: str) -> None:
    evil = '<script>alert(1)</script>"><img src=x>'
    page = ana.post(preview, rows((evil, "is", evil, "0"), ("a.b", "nested", evil, "0"), (evil, "is", evil, "0n")))
    assert "<script>alert" not in page.content.decode()
    assert "<img src=x>" not in page.content.decode()
