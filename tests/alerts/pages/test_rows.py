"""Alerts of pipelines, as an analyst meets them: on the page, in the queue, over the API, before an exception."""

import html
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from alerts.exceptions import preview
from alerts.models import Alert, Kind
from rules.models import Rule
from tests.alerts.pages import rows
from tests.alerts.pages.conftest import HTMX
from tests.alerts.pages.test_joined import entry, told, words
from tests.alerts.pages.world import World

# What goes back to the server or the clipboard, and the rule's own text, is as it came.
SENT = r'<input[^>]*>|<textarea.*?</textarea>|(?:value|data-copy|href)="[^"]*"|<pre class="snippet".*?</pre>'
LENGTHY = "Esql.process_command_line_count_distinct"


@pytest.fixture
def rules(world: World) -> World:
    """The world with rules in ES|QL."""
    rows.load()
    return world


@pytest.fixture
def shipped(world: World) -> World:
    """The world with the shipped rule alone."""
    rows.load(own=False)
    return world


def source(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def pivots(page: str, label: str) -> dict[str, str]:
    """What the search behind a link asks."""
    found = re.search(rf'<a class="link" href="([^"]+)">{label}</a>', page)
    assert found, label
    return {name: one[0] for name, one in parse_qs(urlsplit(found[1].replace("&amp;", "&")).query).items()}


class TestAGroup:
    def test_it_tells_what_it_came_to_which_events_went_in_and_over_what_the_query_ran(
        self, ana: Client, shipped: World
    ) -> None:
        alert = rows.group(shipped)
        assert alert.kind == Kind.GROUP
        page = told(ana, alert)
        assert "6 events on web-3 within 15 s came to 6 different command lines and 6 different patterns." in page
        assert "The last: www-data ran sh -c id" in page
        assert re.search(
            r"6 events went into this row, from [\d:.]+ to [\d:.]+ \(15 s\)\. The query was run over", page
        )
        assert f"The row had to meet It had {LENGTHY} >= 5 6 Esql.patterns_count_distinct >= 4 6" in page
        assert "All 6 events that went into it" in page
        assert page.count("www-data ran sh -c") == 7
        assert "Each of them passed the first filters; the last one:" in page

    def test_its_columns_stand_by_where_they_come_from_what_names_it_first_and_marked(
        self, ana: Client, shipped: World
    ) -> None:
        alert = rows.group(shipped)
        page = told(ana, alert)
        named, made = page.split("What names the group")[1].split("Made by the query")
        assert named.startswith(" process.parent.entity_id keyword python-1 agent.id keyword agent-web-3 host.name")
        assert "Esql.process_command_line_values keyword sh -c curl -s" in made
        assert " _id" not in made.split("All 6 events")[0]
        assert "<mark><bdi>web-3</bdi></mark>" in source(ana, f"/alerts/{alert.pk}/")

    def test_a_way_leads_to_its_events_and_to_the_query_over_its_window(self, ana: Client, shipped: World) -> None:
        alert = rows.group(shipped)
        page = source(ana, f"/alerts/{alert.pk}/")
        events = pivots(page, "Search its events")
        assert events["q"] == 'process.parent.entity_id: "python-1" and agent.id: "agent-web-3" and host.name: "web-3"'
        query = pivots(page, "Run the query over its time")
        assert query["lang"] == "esql"
        found = words(source(ana, re.findall(r'href="([^"]+)">Search its events', page)[0].replace("&amp;", "&")))
        assert "6 events" in found
        again = ana.get("/search/", query)
        assert "1 row" in words(again.content.decode())

    def test_the_query_is_run_as_the_rule_compares_several_values(self, ana: Client, shipped: World) -> None:
        alert = rows.group(shipped)
        Rule.objects.filter(pk=alert.rule_id).update(overrides={"multivalue": "any"})
        query = pivots(source(ana, f"/alerts/{alert.pk}/"), "Run the query over its time")
        assert query["values"] == "any"
        found = words(ana.get("/search/", query).content.decode())
        assert "1 row" in found
        assert "A comparison holds when it holds for any value of a field" in found

    def test_the_queue_tells_its_essence_and_finds_it_by_its_columns(self, ana: Client, shipped: World) -> None:
        alert = rows.group(shipped)
        queue = words(source(ana, "/alerts/"))
        assert "6 events · 6 different command lines, 6 different patterns · host.name web-3" in queue
        peek = words(ana.get(f"/alerts/{alert.pk}/peek/", headers=HTMX).content.decode())
        assert f"AL-{alert.pk}" in peek
        assert "came to 6 different command lines" in peek
        assert "different command lines 6" in peek  # why it fired, in the same words
        assert "command_line_count" not in peek
        assert alert.name in words(source(ana, f"/alerts/?q={LENGTHY}%20%3E=%206"))
        assert "No alert matches" in words(source(ana, f"/alerts/?q={LENGTHY}%20%3E%206"))

    def test_programs_get_the_same(self, ana: Client, shipped: World) -> None:
        alert = rows.group(shipped)
        told = ana.get(f"/api/v1/alerts/{alert.pk}").json()
        row = told["composition"]["row"]
        assert (told["alert"]["kind"], row["grouped"], row["count"], len(row["events"])) == ("group", True, 6, 6)
        columns = {one["name"]: one for one in row["columns"]}
        assert columns[LENGTHY] == {
            "name": LENGTHY, "type": "long", "values": [6], "made": "query", "is_field": False, "left_out": 0,
        }  # fmt: skip
        assert (columns["host.name"]["made"], columns["host.name"]["is_field"]) == ("group", True)
        assert row["conditions"][0] == {"text": f"{LENGTHY} >= 5", "values": [{"name": LENGTHY, "value": 6}]}
        assert row["window"]["start"] < row["first"] <= row["last"] <= row["window"]["end"]

    def test_of_more_events_than_are_kept_it_says_so(self, ana: Client, shipped: World) -> None:
        alert = rows.group(shipped)
        facts = {**(alert.facts or {}), "count": 1_234}
        Alert.objects.filter(pk=alert.pk).update(facts=facts)
        assert "The last 6 of the 1,234 events were kept with the alert" in told(ana, alert)

    def test_a_cut_list_says_how_much_is_missing(self, ana: Client, shipped: World) -> None:
        alert = rows.group(shipped)
        facts = dict(alert.facts or {})
        facts["columns"] = [
            {**one, "value": [f"v{n}" for n in range(20)], "of": 5_020} if one["name"].endswith("line_values") else one
            for one in facts["columns"]
        ]
        Alert.objects.filter(pk=alert.pk).update(facts=facts)
        page = told(ana, alert)
        assert "v7 12 more values v8" in page
        assert "and 5,000 more values not kept" in page

    def test_facts_of_another_shape_and_a_lost_rule_leave_a_page(self, ana: Client, shipped: World) -> None:
        alert = rows.group(shipped)
        Alert.objects.filter(pk=alert.pk).update(facts={"columns": "odd"})
        assert "Why it fired" in told(ana, alert)


class TestExceptions:
    def test_on_what_the_query_makes_it_is_asked_of_the_row(self, ana: Client, shipped: World) -> None:
        alert = rows.group(shipped)
        page = told(ana, alert, f"?side=exception&add={LENGTHY}&add=host.name")
        assert f"Asked of each row that the query makes, since it makes {LENGTHY}." in page
        assert page.count("Made by the query, so it is asked of its rows.") == 1
        assert "Silences 1 of 1 alert" in page

    def test_on_fields_alone_it_is_asked_of_each_event(self, ana: Client, shipped: World) -> None:
        alert = rows.group(shipped)
        page = told(ana, alert, "?side=exception&add=host.name")
        assert "Asked of each event, before the query runs over what is left." in page
        assert "Silences 1 of 1 alert" in page
        some = told(ana, alert, "?side=exception&add=process.command_line")
        assert "Silences 0 of 1 alert" in some

    def test_a_column_offers_its_own_value(self, ana: Client, shipped: World) -> None:
        alert = rows.group(shipped)
        page = source(ana, f"/alerts/{alert.pk}/?side=exception&add=Esql.process_command_line_values")
        assert "sh -c whoami\nsh" in page or "sh -c env | sort\nsh" in page
        offered = re.findall(r'<option value="([^"]+)"( label="made by the query")?>', page)
        assert (LENGTHY, ' label="made by the query"') in offered
        assert ("host.name", "") in offered

    @pytest.mark.parametrize("column", [LENGTHY, "Esql.process_command_line_values"])
    def test_a_column_that_was_used_is_marked_at_once(self, ana: Client, shipped: World, column: str) -> None:
        alert = rows.group(shipped)
        page = source(ana, f"/alerts/{alert.pk}/?side=exception&add=host.name")
        cells = page[page.index('id="made-cells"') :]
        ways = [
            html.unescape(one) for one in re.findall(rf'name="add_field" value="{column}" formaction="([^"]+)"', cells)
        ]
        answer = ana.post(ways[-1], {"add_field": column}, headers=HTMX).content.decode()
        drawn = answer[answer.index('id="made-cells" hx-swap-oob="true"') :]
        assert re.search(rf'class="f used"><dt title="{column}"', drawn)
        assert drawn.count('class="f used"') == 1
        assert len(re.findall(r'class="(?:rm )?on"', drawn)) == 1  # of several values the one that was pressed
        assert '<option value="is" selected' in answer
        assert answer.lstrip().startswith("<aside")

    def test_other_rules_say_nothing_of_rows(self, ana: Client, shipped: World) -> None:
        (alert,) = shipped.send([shipped.perl(1)])
        page = told(ana, alert, "?side=exception&add=host.name")
        assert "Asked of" not in page

    def test_the_preview_knows_rows(self, ana: Client, shipped: World) -> None:
        alert = rows.group(shipped)
        rule = Rule.objects.get(pk=rows.SEED)
        teams = [shipped.team.pk]
        found = preview(rule=rule, entries=[entry(LENGTHY, "6")], team_ids=teams, now=shipped.now, alert=alert)
        assert (found.silenced, found.matches_source) == (1, True)
        found = preview(rule=rule, entries=[entry(LENGTHY, "7")], team_ids=teams, now=shipped.now, alert=alert)
        assert (found.silenced, found.matches_source) == (0, False)


class TestARow:
    def test_what_the_query_made_stands_apart_from_what_the_event_had(self, ana: Client, rules: World) -> None:
        alert = rows.row(rules)
        assert alert.kind == Kind.ROW
        page = told(ana, alert)
        assert "The query made of it length 989 and share 9.89." in page
        assert "The row had to meet It had Esql.length >= 30 989 Esql.share > 0.2 9.89" in page
        made, had = page.split("What the query made of the event")[1].split("As the event has it")
        assert "Esql.share double 9.89" in made
        assert "Esql.secret boolean true" in made
        assert re.search(r"Esql\.hour date \d{4}-\d\d-\d\d \d\d:00:00", made)
        assert "host.name keyword web-3" in had
        assert "1 column is null: Esql.nothing" in had
        assert "The event passed the first filters: The rule asked for This event had process.name is curl" in page
        assert "Search its events" not in page

    def test_long_lists_and_texts_are_folded_with_how_much_there_is(self, ana: Client, rules: World) -> None:
        page = told(ana, rows.row(rules))
        assert "10 more values" in page
        assert "500 more characters" in page

    def test_what_is_hostile_in_values_and_names_is_shown_and_does_nothing(self, ana: Client, rules: World) -> None:
        alert = rows.row(rules)
        for query in ("", "?side=exception", "?side=exception&add=Esql.%E2%80%AEgnp&add=user.name"):
            page = source(ana, f"/alerts/{alert.pk}/{query}")
            assert "<script>alert" not in page
            shown = re.sub(SENT, "", page, flags=re.DOTALL)
            at = shown.find("\u202e")
            assert at < 0, shown[at - 200 : at]
        assert "⟨U+202E⟩" in source(ana, f"/alerts/{alert.pk}/")
        assert "<script>alert" not in source(ana, "/alerts/")
        assert "<script>alert" not in source(ana, f"/alerts/{alert.pk}/peek/")
        assert "<script>alert" not in source(ana, f"/rules/{rows.ROW}/")

    def test_a_row_out_of_a_window_says_over_what_the_query_ran(self, ana: Client, rules: World) -> None:
        alert = rows.window(rules)
        page = told(ana, alert)
        assert alert.kind == Kind.ROW
        assert "The query was run over" in page
        assert "this event's row came out of it" in page


def test_a_very_long_value_is_cut_beside_the_clause_that_it_met_and_whole_among_the_fields(
    ana: Client, rules: World
) -> None:
    alert = rows.long_download(rules, "y" * 20_000)
    page = source(ana, f"/alerts/{alert.pk}/")
    met = page.split("process.command_line is present")[1].split("</td>")[0]
    assert re.search(r"<mark><bdi>curl -s http://203.0.113.9/i y{371}</bdi><details class=\"folded\">", met)
    assert "y" * 19_000 in source(ana, f"/alerts/{alert.pk}/?facts=all")


def test_what_differs_says_which_event_of_a_group_was_compared(ana: Client, shipped: World) -> None:
    other = rows.burst(shipped, rows.COMMANDS[::-1], process__parent__entity_id="python-2")
    rows.raised(shipped, [*rows.burst(shipped), *other], rows.SEED)
    before, later = Alert.objects.filter(rule_id=rows.SEED).order_by("pk")
    shipped.close([before])
    page = told(ana, later)
    assert re.search(r"Different this time in the last event, beside the last of each of them .*before:", page)
