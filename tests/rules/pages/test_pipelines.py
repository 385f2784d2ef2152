"""Rules in ES|QL on their page, in the list and over the API: what the query comes to, and what several values mean."""

import re

import pytest

from rules import schedule
from rules.exporting import kibana_lines, rule_files
from rules.listing import type_title
from rules.models import Rule
from rules.trees import definition_of
from tests.people import People, people, sign_in
from tests.rules.conftest import PERL, Load, rule_text
from tests.rules.pages.test_set_here import text_of, typed

__all__ = ["people"]

PAGE = f"/rules/{PERL}/"
GROUPS = """FROM logs-endpoint.events.*, logs-system.*
| WHERE event.action == "exec" AND process.args == "-i"
| STATS Esql.count = COUNT(*), Esql.users = VALUES(user.name) BY host.name, Esql.hour = DATE_TRUNC(1 hour, @timestamp)
| WHERE Esql.count >= 3"""
ROWS = """FROM logs-*
| EVAL Esql.length = LENGTH(process.command_line)
| WHERE Esql.length > 100"""
LONGEST = f"{ROWS} | SORT Esql.length DESC | LIMIT 10"
ASKS = 'FROM logs-* | STATS a = VALUES(user.name) | COMPLETION b = a WITH { "inference_id": "m" } | WHERE b == "yes"'


def piped(query: str, **values: object) -> str:
    text: str = rule_text(type="esql", language="esql", query="QUERY", **values)
    return re.sub(r"""query = ('''|""\"|'|")\s*QUERY\s*\1""", lambda _: f"query = '''{query}'''", text)


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)).replace("&gt;", ">")


@pytest.fixture
def rule(load: Load) -> Rule:
    load(piped(GROUPS))
    found = Rule.objects.select_related("revision").get(pk=PERL)
    assert found.evaluated, found.not_evaluated_because
    return found


class TestPage:
    def test_groups_of_a_window_are_told_in_plain_words(self, rule: Rule, people: People) -> None:
        page = plain(text_of(sign_in(people.ana).get(PAGE)))
        assert "Its query runs within 5 s of new events" in page
        assert (
            "Every event of the last 9 minutes is looked at together, again as events come: "
            "windows end every minute of the clock."
        ) in page
        assert "A row is a group of events with the same host.name and Esql.hour ." in page
        assert "A row of which Esql.count >= 3 ." in page
        assert "alerts again only for events that no alert has counted, and 5 m later at the earliest" in page
        assert "Columns it makes Esql.count Esql.hour Esql.users" in page
        assert "logs-endpoint.events.* logs-system.*" in page
        assert "2 comparisons lose events by that" in page
        assert "in practice run within 5 s of new events, over windows of 9 m that end every 1 m" in page

    def test_rows_of_single_events_are_judged_as_they_come(self, load: Load, people: People) -> None:
        load(piped(ROWS))
        page = plain(text_of(sign_in(people.ana).get(PAGE)))
        assert "Judges each event as it comes" in page
        assert "Every event is judged as it comes, by itself." in page
        assert "A row is an event, with what the query makes beside its fields." in page
        assert "fires within seconds of the event" in page
        assert "Joining" not in page

    def test_a_window_that_is_sorted_makes_events(self, load: Load, people: People) -> None:
        load(piped(LONGEST, interval="20m", from_="now-2h"))
        page = plain(text_of(sign_in(people.ana).get(PAGE)))
        assert "Every event of the last 2 hours is looked at together" in page
        assert "windows end every 4 minutes of the clock" in page
        assert "is an alert, once for each event" in page

    def test_the_query_is_coloured(self, rule: Rule, people: People) -> None:
        page = text_of(sign_in(people.ana).get(PAGE))
        assert '<span class="tk-k">STATS</span>' in page

    def test_one_that_asks_a_model_says_so_and_what_to_do(self, load: Load, people: People) -> None:
        load(piped(ASKS))
        rosa = sign_in(people.rosa)
        page = plain(text_of(rosa.get(PAGE)))
        assert "Needs a model. Its query asks a language model ( COMPLETION ), and Watchbill asks none." in page
        assert "load a copy under an id of its own, without COMPLETION" in page
        assert "Needs a model its query asks one" in plain(text_of(rosa.get("/rules/?type=esql")))
        told = rosa.get(f"/api/v1/rules/{PERL}").json()
        assert (told["needs_model"], told["piped"]) == (True, None)
        assert rosa.post(f"{PAGE}switch/", {"enabled": "1"}).status_code != 500

    def test_the_list_is_narrowed_to_them(self, rule: Rule, people: People) -> None:
        ana = sign_in(people.ana)
        assert type_title("esql") == "ES|QL"
        assert rule.name in text_of(ana.get("/rules/?type=esql"))
        assert rule.name not in text_of(ana.get("/rules/?type=eql"))

    def test_hostile_names_do_nothing(self, load: Load, people: People) -> None:
        name = "x<script>alert(1)</script>\u202egnp"
        load(piped(f"FROM logs-* | STATS `{name}` = COUNT(*) BY `<b>{'y' * 400}` = host.name | WHERE `{name}` > 1"))
        page = text_of(sign_in(people.ana).get(PAGE))
        assert "<script>alert" not in page
        assert "<b>yy" not in page
        words = page.split("In words")[1].split("Reads from")[0]
        assert "\u202e" not in words


class TestSeveralValues:
    def test_the_switch_says_what_it_means_and_what_strict_loses(self, rule: Rule, people: People) -> None:
        page = plain(text_of(sign_in(people.rosa).get(f"{PAGE}?tab=local")))
        assert "Several values as the file says (strict) Strict Any of them" in page
        assert "Strict : a comparison with a field of several values is null" in page
        assert "Agents send several values in process.args" in page

    def test_it_is_set_here_and_taken_back(self, rule: Rule, people: People) -> None:
        rosa = sign_in(people.rosa)
        rosa.post(f"{PAGE}local/", typed(multivalue="any"))
        rule.refresh_from_db()
        assert rule.overrides == {"multivalue": "any"}
        page = text_of(rosa.get(f"{PAGE}?tab=local"))
        assert '<option value="any" selected>' in page
        assert "Agents send several values" not in page
        assert "holds when any one of them meets it" in text_of(rosa.get(PAGE))
        assert rosa.get(f"/api/v1/rules/{PERL}").json()["piped"]["any_match"] is True
        rosa.post(f"{PAGE}local/", typed(multivalue=""))
        rule.refresh_from_db()
        assert rule.overrides == {}

    def test_what_is_no_such_choice_is_refused(self, rule: Rule, people: People) -> None:
        assert sign_in(people.rosa).post(f"{PAGE}local/", typed(multivalue="some")).status_code == 422

    def test_other_rules_have_no_such_switch(self, load: Load, people: People) -> None:
        load(rule_text())
        rosa = sign_in(people.rosa)
        assert "Several values" not in text_of(rosa.get(f"{PAGE}?tab=local"))
        rosa.post(f"{PAGE}local/", typed(severity="low"))
        assert Rule.objects.get(pk=PERL).overrides == {"severity": "low"}

    def test_an_export_of_what_is_in_force_takes_it_along(self, rule: Rule, people: People) -> None:
        sign_in(people.rosa).post(f"{PAGE}local/", typed(multivalue="any"))
        rule.refresh_from_db()
        (file,) = rule_files([rule], in_force=True)
        assert 'multivalue = "any"' in file.text
        (as_written,) = rule_files([rule])
        assert "multivalue" not in as_written.text
        assert b'"multivalue":"any"' in next(iter(kibana_lines([rule], in_force=True)))


def test_programs_get_the_same_words(rule: Rule, people: People) -> None:
    told = sign_in(people.ana).get(f"/api/v1/rules/{PERL}").json()
    assert told["piped"]["by"] == ["host.name", "Esql.hour"]
    assert told["piped"]["conditions"] == ["Esql.count >= 3"]
    assert (told["piped"]["aggregating"], told["piped"]["at_once"], told["needs_model"]) == (True, False, False)
    assert "several_values" in [one["code"] for one in told["findings"]]
    assert told["schedule"]["in_practice"] == schedule.in_practice(definition_of(rule.revision), joined=True)  # type: ignore[arg-type]
