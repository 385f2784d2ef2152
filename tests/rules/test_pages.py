"""The rule list and the rule page, with and without JavaScript, for who may and who may not."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from rules import exceptions, quarantine, services
from rules.highlight import highlight
from rules.listing import ListFilters, Show, counts, rule_list
from rules.models import Lookback, Rule, RuleRun
from rules.pages import TABS
from soc.web import clock
from tests.people import People, htmx, people, sign_in
from tests.rules.conftest import NOW, PERL, Load, rule_text

__all__ = ["people"]

ESQL = "11111111-0000-4000-8000-000000000002"
ASKS_MODEL = 'from logs-* | completion a = message with { "inference_id": "m" }'
TERMS = "11111111-0000-4000-8000-000000000004"
LIST, PAGE = "/rules/", f"/rules/{PERL}/"


def add_run(rule: Rule, *, alerts: int = 1, over: int = 0, days_ago: int = 0) -> None:
    at = clock.now() - timedelta(days=days_ago)
    assert rule.revision is not None
    RuleRun.objects.create(
        rule=rule, revision=rule.revision, kind=RuleRun.Kind.BATCH, at=at, start=at, end=at,
        events=10, hits=alerts, alerts=alerts, over_cap=over,
    )  # fmt: skip


def text_of(response) -> str:
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_the_list_opens_with_a_sentence_and_shows_each_rule(rule: Rule, people: People) -> None:
    Lookback.objects.update(done_at=NOW)
    add_run(rule, alerts=3)
    page = text_of(sign_in(people.vera).get(LIST))
    assert "The one enabled rule is judging what arrives." in page
    assert "Interactive Terminal Spawned via Perl" in page
    assert "T1059" in page
    assert "Fine" in page


def test_an_empty_list_says_how_to_load_rules(people: People) -> None:
    assert "manage.py load_rules" in text_of(sign_in(people.vera).get(LIST))


def test_a_search_without_hits_offers_the_same_search_without_filters(rule: Rule, people: People) -> None:
    page = text_of(sign_in(people.vera).get(LIST, {"q": "perl", "show": "off"}))
    assert "No rule fits." in page
    assert "/rules/?q=perl" in page


@pytest.mark.parametrize("words", ["perl", "PERL terminal", "T1059", "Linux", PERL[:8]])
def test_rules_are_found_by_name_tag_technique_and_id(rule: Rule, people: People, words: str) -> None:
    found = rule_list(user=people.vera, filters=ListFilters(q=words), now=NOW)
    assert found.ids == [PERL]
    assert rule_list(user=people.vera, filters=ListFilters(q=f"{words} nowhere"), now=NOW).ids == []


@pytest.mark.parametrize(
    "query", ["?severity=odd&type=x%01&show=x", "?after=forged", "?q=%25%27%22", "?q=" + "x" * 300]
)
def test_an_address_made_by_hand_is_answered(rule: Rule, people: People, query: str) -> None:
    assert sign_in(people.vera).get(LIST + query).status_code == 200


def test_broken_rules_come_first_and_pages_go_on_by_key(load: Load, people: People, monkeypatch) -> None:
    monkeypatch.setattr("rules.listing.PAGE_SIZE", 2)
    ids = [f"11111111-0000-4000-8000-00000000010{number}" for number in range(5)]
    load(*(rule_text(rule_id=rule_id, name=f"Rule {n}") for n, rule_id in enumerate(ids)))
    quarantine.quarantine(rule_id=ids[4], reason="broken", now=NOW)
    services.disable(rule=Rule.objects.get(pk=ids[0]), actor=None, now=NOW)
    seen, after = [], None
    while True:
        found = rule_list(user=people.vera, filters=ListFilters(), now=NOW, after=after)
        seen += found.ids
        after = found.next_key
        if after is None:
            break
    assert seen == [ids[4], ids[1], ids[2], ids[3], ids[0]]


def test_the_facets_count_and_narrow(load: Load, people: People) -> None:
    esql = rule_text(rule_id=ESQL, type="esql", language="esql", query=ASKS_MODEL)
    load(rule_text(), esql, rule_text(rule_id=TERMS, name="Off"))
    services.disable(rule=Rule.objects.get(pk=TERMS), actor=None, now=NOW)
    numbers = counts(people.vera)
    assert (numbers.total, numbers.on, numbers.off, numbers.not_evaluated, numbers.quarantined) == (3, 1, 1, 1, 0)
    for show, expected in ((Show.ON, [PERL]), (Show.OFF, [TERMS]), (Show.NOT_EVALUATED, [ESQL])):
        assert rule_list(user=people.vera, filters=ListFilters(show=show), now=NOW).ids == expected


def test_a_rule_of_another_team_is_not_there(rule: Rule, people: People) -> None:
    Rule.objects.filter(pk=PERL).update(team=people.retail)
    assert sign_in(people.ana).get(PAGE).status_code == 404
    assert sign_in(people.otto).get(PAGE).status_code == 200
    assert counts(people.ana).total == 0


def test_an_engineer_switches_a_rule_without_javascript(rule: Rule, people: People) -> None:
    client = sign_in(people.rosa)
    answer = client.post(f"{PAGE}switch/", {"enabled": "0", "from": "show=on"})
    assert (answer.status_code, answer["Location"]) == (303, "/rules/?show=on")
    assert not Rule.objects.get(pk=PERL).enabled
    answer = client.post(f"{PAGE}switch/", {"enabled": "1"}, follow=True)
    assert "also judges the last 9 m" in text_of(answer)
    assert Rule.objects.get(pk=PERL).enabled


def test_with_htmx_the_row_comes_first_then_the_numbers_and_an_undo(rule: Rule, people: People) -> None:
    client = htmx(sign_in(people.rosa))
    answer = text_of(client.post(f"{PAGE}switch/", {"enabled": "0", "from": "q=perl"}))
    assert answer.startswith("<tr")
    assert answer.index("</tr>") < answer.index("rule-lede")
    assert "none is on" in answer
    assert f"{PAGE}switch/?enabled=1&amp;from=q%3Dperl" in answer


def test_the_undo_of_a_switch_goes_back_to_the_list(rule: Rule, people: People) -> None:
    answer = sign_in(people.rosa).post(f"{PAGE}switch/?enabled=0&from=q%3Dperl")
    assert answer["Location"] == "/rules/?q=perl"
    assert not Rule.objects.get(pk=PERL).enabled


def test_an_analyst_sees_the_switch_with_the_reason_it_does_nothing(rule: Rule, people: People) -> None:
    client = sign_in(people.ana)
    assert "Needs the engineer role." in text_of(client.get(LIST))
    assert client.post(f"{PAGE}switch/", {"enabled": "0"}).status_code == 403
    assert client.post(f"{PAGE}release/").status_code == 403
    assert Rule.objects.get(pk=PERL).enabled


def test_switching_asks_for_on_or_off(rule: Rule, people: People) -> None:
    assert sign_in(people.rosa).post(f"{PAGE}switch/", {"enabled": "perhaps"}).status_code == 400


def test_switching_on_a_type_that_is_not_evaluated_says_why_not(load: Load, people: People) -> None:
    load(rule_text(type="esql", language="esql", query=ASKS_MODEL))
    answer = sign_in(people.rosa).post(f"{PAGE}switch/", {"enabled": "1"})
    assert answer.status_code == 400
    assert b"it needs a model" in answer.content


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_opens_and_an_unknown_one_is_the_logic(rule: Rule, people: People, tab: str) -> None:
    add_run(rule)
    client = sign_in(people.ana)
    assert 'aria-current="page"' in text_of(client.get(PAGE, {"tab": tab}))
    assert "Reads from" in text_of(client.get(PAGE, {"tab": "<script>"}))


def test_the_page_says_the_schedule_as_written(load: Load, people: People) -> None:
    load(rule_text(interval="15m", from_="now-1h", max_signals=5))
    page = text_of(sign_in(people.ana).get(PAGE))
    assert "Runs every <b>15 m</b>, looks back <b>1 h</b>, at most <b>5</b> alerts." in page


def test_a_new_terms_rule_says_what_must_be_new(load: Load, people: People) -> None:
    tail = """
[rule.new_terms]
field = "new_terms_fields"
value = ["host.id", "process.parent.name"]
[[rule.new_terms.history_window_start]]
field = "history_window_start"
value = "now-5d"
"""
    load(rule_text(type="new_terms", tail=tail))
    page = text_of(sign_in(people.ana).get(PAGE))
    assert "New: <code>host.id</code> with <code>process.parent.name</code>, unseen for <b>5 days</b>" in page


def test_a_rule_that_is_not_evaluated_shows_its_page_and_says_so_plainly(load: Load, people: People) -> None:
    load(rule_text(type="esql", language="esql", query=ASKS_MODEL))
    page = text_of(sign_in(people.ana).get(PAGE))
    assert "<b>Needs a model.</b> Its query asks a language model" in page
    assert "The rule is loaded and can be read here, but it raises no alerts." in page


def test_a_quarantined_rule_says_why_and_an_engineer_has_it_tried_again(rule: Rule, people: People) -> None:
    quarantine.quarantine(rule_id=PERL, reason="line 4: no <column>", now=NOW)
    client = sign_in(people.rosa)
    assert "line 4: no &lt;column&gt;" in text_of(client.get(PAGE))
    assert client.post(f"{PAGE}release/").status_code == 303
    assert Rule.objects.get(pk=PERL).quarantined_at is None


def test_hits_beyond_the_maximum_are_never_silent(rule: Rule, people: People) -> None:
    add_run(rule, alerts=100, over=17)
    assert "17 hits of the last 7 days went beyond the maximum of 100 alerts" in text_of(sign_in(people.ana).get(PAGE))


def test_hostile_text_of_a_rule_file_stays_text(load: Load, people: People) -> None:
    hostile = "<img src=x onerror=alert(1)> [x](javascript:alert(1)) ![i](http://evil.example/i.png)"
    note = f"## Triage and analysis\n\n{hostile}\n\n### Possible investigation steps\n\n- {hostile}\n"
    load(rule_text(name="<b>Bold</b>", note=note, query='process.name:"<script>"', extra='setup = "<i>x</i>"'))
    client = sign_in(people.ana)
    for tab in TABS:
        page = text_of(client.get(PAGE, {"tab": tab}))
        assert "<img" not in page
        assert 'href="javascript' not in page
        assert "<b>Bold" not in page
        assert "&lt;script&gt;" in page or tab != "logic"


def test_a_reference_that_is_no_web_address_is_no_link(load: Load, people: People) -> None:
    text = rule_text().replace("https://example.org/perl", "javascript:alert(1)")
    load(text)
    assert 'href="javascript' not in text_of(sign_in(people.ana).get(PAGE))


def test_the_history_shows_what_a_revision_changed(load: Load, people: People) -> None:
    load(rule_text())
    load(rule_text(query="process.name:perl5"))
    page = text_of(sign_in(people.ana).get(PAGE, {"tab": "history"}))
    assert "<ins>process.name:perl5</ins>" in page
    assert "<del>process.name:perl and process.args:*sh*</del>" in page
    assert "loaded revision 2" in page


def test_the_ledger_of_exceptions_is_on_the_page(rule: Rule, people: People) -> None:
    exceptions.create_item(
        rule=rule,
        entries=[{"field": "host.name", "type": "match", "operator": "included", "value": "ci-1"}],
        reason="CI builds do this",
        name="CI",
        actor=people.ana,
        now=NOW,
    )
    assert "CI builds do this" in text_of(sign_in(people.ana).get(PAGE, {"tab": "exceptions"}))
    assert "1 exception applied to what matches." in text_of(sign_in(people.ana).get(PAGE))


def test_related_rules_are_those_the_guide_names_then_those_on_the_same_technique(load: Load, people: People) -> None:
    note = "## Triage and analysis\n\nx\n\n### Related rules\n\n- Named Rule\n"
    other = rule_text(rule_id=ESQL, name="Named Rule").replace("T1059", "T1003")
    load(rule_text(note=note), other, rule_text(rule_id=TERMS, name="Same Technique"))
    page = text_of(sign_in(people.ana).get(PAGE))
    assert page.index("named in the guide") < page.index("also T1059")


def queries_of(client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def test_the_list_costs_the_same_queries_however_many_rules(load: Load, people: People) -> None:
    load(rule_text())
    client = sign_in(people.rosa)
    one = queries_of(client, LIST)
    load(*(rule_text(rule_id=f"11111111-0000-4000-8000-00000000010{n}", name=f"Rule {n}") for n in range(9)))
    for rule in Rule.objects.select_related("revision"):
        add_run(rule)
    assert queries_of(client, LIST) == one <= 16


@pytest.mark.parametrize("tab", TABS)
def test_a_rule_page_keeps_to_its_queries(rule: Rule, people: People, tab: str) -> None:
    for _ in range(5):
        add_run(rule)
    assert queries_of(sign_in(people.ana), f"{PAGE}?tab={tab}") <= 22


@pytest.mark.parametrize(
    ("language", "query", "expected"),
    [
        ("kuery", 'a:"x" or /tmp/*', [("", "a"), ("o", ":"), ("s", '"x"'), ("", " "), ("k", "or"), ("", " /tmp/*")]),
        ("eql", "a == 5 // why", [("", "a "), ("o", "=="), ("", " "), ("n", "5"), ("", " "), ("c", "// why")]),
        ("esql", "from x", [("k", "from"), ("", " x")]),
        ("esql", "FROM a-b-*", [("k", "FROM"), ("", " a-b-*")]),
        ("esql", "keep sort*, `by`", [("k", "keep"), ("", " sort*"), ("o", ","), ("", " "), ("", "`by`")]),
        (
            "esql",
            'a - 5 min:"""b\\"""',
            [("", "a "), ("o", "-"), ("", " "), ("n", "5 min"), ("o", ":"), ("s", '"""b\\"""')],
        ),
    ],
)
def test_a_query_is_coloured_by_its_language(language: str, query: str, expected: list[tuple[str, str]]) -> None:
    assert [(token.kind, token.text) for token in highlight(query, language)[0]] == expected


def test_characters_that_hide_or_reorder_a_query_are_drawn() -> None:
    assert "⟨U+202E⟩" in highlight("a:\u202eb", "kuery")[0][-1].text
