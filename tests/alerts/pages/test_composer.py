"""The composer without JavaScript: groups, nests, value lists and scope, on an alert, a rule and a stored exception."""

import json
import re
from html import unescape
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


def conditions_in(page: str) -> list[tuple[str, str, str]]:
    """Field, operator and value of each condition of a panel."""
    value = r'(?:<textarea[^>]*>\n(.*?)</textarea>|<span class="v)'
    row = rf'name="field" id="cf.*?value="(.*?)".*?<option value="(\w+)" selected>.*?{value}'
    told = re.findall(row, page, re.DOTALL)
    return [(field, operator, unescape(value)) for field, operator, value in told]


def pressed(page: str, field: str) -> list[str]:
    """Where the buttons at a field send the panel; of several values each has its own."""
    found = re.findall(rf'name="add_field" value="{re.escape(field)}" formaction="([^"]+)"', page)
    return [unescape(url) for url in found]


class TestBesideAnAlert:
    """The fields beside the panel."""

    ALL = 'title="data_stream.dataset"'  # not one of the useful fields

    @pytest.fixture
    def url(self, alerts: list[Alert]) -> str:
        return reverse("alerts:exception_preview", args=[alerts[0].pk])

    @pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "without scripts"])
    @pytest.mark.parametrize("facts", ["", "all", "raw"])
    def test_a_click_leaves_the_facts_that_are_open(
        self, ana: Client, alerts: list[Alert], facts: str, headers: dict[str, str]
    ) -> None:
        where = reverse("alerts:detail", args=[alerts[0].pk])
        opened = ana.get(where, {"side": "exception", "facts": facts}).content.decode()
        assert f'<input type="hidden" name="facts" value="{facts}">' in opened
        sent = rows(("host.name", "is", "db-2", "0")) | {"facts": facts, "add_field": "user.name"}
        page = ana.post(pressed(opened, "user.name")[0] if facts != "raw" else url_of(alerts[0]), sent, headers=headers)
        told = page.content.decode()
        assert (self.ALL in told) == (facts == "all")
        assert ('class="snippet raw"' in told) == (facts == "raw")
        assert conditions_in(told) == [("host.name", "is", "db-2"), ("user.name", "is", "postgres")]

    @pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "without scripts"])
    def test_other_facts_leave_all_that_was_typed(self, ana: Client, url: str, headers: dict[str, str]) -> None:
        sent = TWO | {"into": "1", "reason": "The vendor's.", "expires": "30", "review": "30", "scope": "rules"}
        sent |= {"close": "1", "close_reason": "duplicate", "rule_name": "zz", "facts": "all"}
        for asked, shown in (("raw", 'class="snippet raw"'), ("useful", "of 24 shown"), ("all", self.ALL)):
            told = ana.post(url, sent | {"show_facts": asked}, headers=headers).content.decode()
            assert shown in told
            assert f'name="facts" value="{asked.replace("useful", "")}"' in told
            assert conditions_in(told) == [("host.name", "is", "db-2"), ("host.name", "is", "db-3")]
            assert ">\nThe vendor&#x27;s.</textarea>" in told
            chosen = re.findall(r'<option value="([^"]*)" selected>', told)
            assert [one for one in ("30", "rules", "duplicate") if one not in chosen] == []
            assert re.search(r'name="close" value="1"[^>]* checked', told)
            assert re.search(r'name="into" value="1" checked', told)
            assert 'name="rule_name" id="rule-name" value="zz"' in told

    def test_the_ways_to_other_facts_are_buttons_of_the_form_only_while_one_is_written(
        self, ana: Client, alerts: list[Alert]
    ) -> None:
        where = reverse("alerts:detail", args=[alerts[0].pk])
        assert 'name="show_facts"' not in ana.get(where).content.decode()
        panel = ana.get(where, {"side": "exception"}).content.decode()
        assert re.findall(r'form="exception-form" name="show_facts" value="(\w+)"', panel) == ["all", "raw"]
        assert "facts=all" not in panel

    def test_of_several_values_each_can_be_used_by_itself(self, ana: Client, alerts: list[Alert]) -> None:
        where = reverse("alerts:detail", args=[alerts[0].pk])
        ways = [
            unescape(one) for one in re.findall(r'href="([^"]*add=process.args[^"]*)"', ana.get(where).content.decode())
        ]
        values = ["perl", "-e", 'exec "/bin/sh";']
        for way, value in zip(ways, values, strict=True):
            assert conditions_in(ana.get(way).content.decode()) == [("process.args", "is", value)]
        panel = ana.get(ways[1]).content.decode()
        on = re.findall(r'name="add_field" value="process.args"[^>]* class="([^"]*)"', panel)
        assert on == ["rm", "rm on", "rm"]
        url = pressed(panel, "process.args")[2]
        both = ana.post(url, rows(("process.args", "is", "-e", "0")) | {"add_field": "process.args"}).content.decode()
        assert conditions_in(both) == [("process.args", "is", "-e"), ("process.args", "is", values[2])]
        again = ana.post(url, rows(("process.args", "is", values[2], "0")) | {"add_field": "process.args"})
        assert conditions_in(again.content.decode()) == [("", "is", "")]

    def test_of_many_values_all_are_used(self, ana: Client, world: World) -> None:
        many = [*world.perl(1)["process"]["args"], *(f"-{number}" for number in range(150))]
        alert = world.send([world.perl(1, process__args=many)])[0]
        page = ana.get(reverse("alerts:detail", args=[alert.pk]), {"side": "exception"}).content.decode()
        (url,) = pressed(page, "process.args")
        sent = rows(("host.name", "is", "db-2", "0")) | {"add_field": "process.args"}
        _, (field, operator, value) = conditions_in(ana.post(url, sent).content.decode())
        assert (field, operator) == ("process.args", "one_of")
        assert value.split("\n") == many[:100]  # and no word of ours about the others

    def test_a_field_is_marked_while_a_condition_is_about_what_stands_there(self, ana: Client, url: str) -> None:
        def marked(*condition: str) -> bool:
            some = rows((condition[0], condition[1], condition[2], "0"))
            return bool(re.search(r'class="f used"><dt[^>]*title="user.name"', ana.post(url, some).content.decode()))

        assert marked("user.name", "is", "postgres")
        assert marked("user.name", "is_not", "postgres")
        assert marked("user.name", "one_of", "root\npostgres")
        assert marked("user.name", "matches", "post*")
        assert marked("user.name", "exists", "")
        assert not marked("user.name", "is", "root")
        assert not marked("user.id", "is", "postgres")

    @pytest.mark.parametrize("told", ["nth=7", "nth=-1", "nth=x", "event=zz", "event=" + "0" * 32 + "&nth=1", "nth=²"])
    def test_an_address_that_was_tampered_with_breaks_nothing(self, ana: Client, url: str, told: str) -> None:
        sent = rows(("host.name", "is", "db-2", "0")) | {
            "add_field": "process.args",
            "show_facts": "x",
            "begun": '"><b>',
        }
        page = ana.post(f"{url}?{told}", sent)
        assert page.status_code == 200
        assert "<b>" not in page.content.decode().replace("<bdi>", "").split('name="begun"')[1][:40]

    def test_what_was_left_is_taken_up_again_and_can_be_begun_anew(self, ana: Client, alerts: list[Alert]) -> None:
        opened = ana.get(
            reverse("alerts:detail", args=[alerts[0].pk]),
            {"side": "exception", "add": "user.name"} | {"from": "host=db-2"},
        )
        page = opened.content.decode()
        assert 'name="begun" value="add=user.name"' in page
        assert "Start over" not in page
        found = re.search(r'data-resumes="([^"]+)"', page)
        assert found
        left = TWO | {"begun": "add=user.name", "reason": "Why."}
        page = ana.post(unescape(found[1]), left, headers=HTMX).content.decode()
        assert "As you left it" in page
        assert conditions_in(page) == [("host.name", "is", "db-2"), ("host.name", "is", "db-3")]
        assert 'name="from" value="host=db-2"' in page
        assert 'id="exc-h" tabindex="-1" autofocus' in page
        assert "data-resumes" not in page
        anew = re.search(r'href="([^"]+)" data-gives-up>Start over', page)
        assert anew
        assert unescape(anew[1]).endswith("?side=exception&from=host%3Ddb-2")


def url_of(alert: Alert) -> str:
    return reverse("alerts:exception_preview", args=[alert.pk])
