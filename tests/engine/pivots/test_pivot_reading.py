"""What searches a step of a guide leads to: those that its author wrote, else fields it names, else its phrases."""

import time
from datetime import timedelta

import pytest

from engine import Document, matches, parse_kql
from engine.guide import split_guide
from engine.pivots import Search, Span, Table, fill, searches_of
from engine.pivots.explicit import read_pivot
from engine.pivots.markup import MOST_CALLS, lift
from engine.pivots.phrases import PHRASES, Phrase
from engine.pivots.template import PLACE

NOTE = """## Triage and analysis
### Possible investigation steps
- Look at the user. {{pivot: Logons of {user.name} | user.name: {user.name} and event.category: authentication | 7d}}
- Read the tree.
  - $investigate_0
  - $osquery_0
- Whose file is it? !{investigate{"label": "The file", "providers": [[{"field": "file.path", "queryType": "phrase",
  "value": "{{file.path}}", "excluded": false}]], "relativeFrom": "now-2h", "relativeTo": "now+30m"}}
### Response and remediation
- Isolate the host.
- Isolate the host.
"""
TRANSFORM = {
    "investigate": [
        {
            "label": "Alerts of this user",
            "providers": [
                [
                    {"field": "event.kind", "queryType": "phrase", "value": "signal", "valueType": "string"},
                    {"field": "user.id", "queryType": "phrase", "value": "{{user.id}}", "valueType": "string"},
                ]
            ],
            "relativeFrom": "now-48h/h",
            "relativeTo": "now",
        }
    ],
    "osquery": [{"label": "Open sockets", "query": "SELECT * FROM process_open_sockets"}],
}


def test_buttons_leave_the_text_and_stay_with_their_step() -> None:
    guide = split_guide(NOTE)
    assert [step.text_md for step in guide.steps] == ["Look at the user.", "Read the tree.", "Whose file is it?"]
    found = [searches_of(step.text_md, step.calls, TRANSFORM) for step in guide.steps]
    assert [[search.label for search in searches] for searches in found] == [
        ["Logons of {user.name}"],
        ["Alerts of this user", "Open sockets"],
        ["The file"],
    ]
    assert found[0][0].span == Span(timedelta(days=7), timedelta(days=7))
    assert found[1][0] == Search(
        "Alerts of this user", "user.id: {user.id}", Span(timedelta(hours=48), timedelta(hours=24)), Table.ALERTS
    )
    assert found[1][1].note == "SELECT * FROM process_open_sockets"
    assert found[2][0].span == Span(timedelta(hours=2), timedelta(minutes=30))
    assert found[2][0].query == "file.path: {file.path}"


def test_the_key_of_a_step_outlives_order_marks_and_buttons_and_tells_equal_steps_apart() -> None:
    before = split_guide(NOTE)
    after = split_guide(
        "## Possible investigation steps\n1. **Read** the  tree.\n2. Look at the `user`.\n"
        "## Response and remediation\n- Isolate the host.\n- Isolate the host."
    )
    assert after.steps[0].key == before.steps[1].key
    assert after.steps[1].key == before.steps[0].key
    assert [step.key for step in after.response_steps] == [step.key for step in before.response_steps]
    assert len({step.key for step in (*before.steps, *before.response_steps)}) == 5


def test_a_note_that_begins_with_a_button_gives_it_to_the_first_text() -> None:
    guide = split_guide("$investigate_0\n\nIntroduction.\n\n## Possible investigation steps\n\n$osquery_0\n- First.")
    assert guide.intro == "Introduction."
    assert [call.kind for call in guide.calls] == ["investigate"]
    assert [call.kind for call in guide.steps[0].calls] == ["osquery"]


@pytest.mark.parametrize(
    "text",
    [
        "{{pivot: never closed | user.name: x",
        "{{pivot: over a\nline | user.name: x}}",
        "!{investigate{not json}}",
        '!{investigate{"label": "x"}',
        "!{investigate[]}",
        "{{user.name}}",
    ],
)
def test_what_is_no_button_stays_in_the_text(text: str) -> None:
    assert lift(text) == (text, ())


@pytest.mark.parametrize(
    "piece", ["{{pivot:", "{{pivot: a|b}}", '!{investigate{"', '!{investigate{"a":', "$osquery_0\n"]
)
def test_a_hostile_text_is_lifted_in_linear_time(piece: str) -> None:
    started = time.perf_counter()
    _, calls = lift(piece * 20_000)
    assert len(calls) <= MOST_CALLS
    assert time.perf_counter() - started < 3


def test_the_marks_of_buttons_cannot_be_forged() -> None:
    guide = split_guide("## Possible investigation steps\n- A step.\ue0107\ue011 {{pivot: a | user.name: x}}")
    assert guide.steps[0].text_md == "A step.7"
    assert len(guide.steps[0].calls) == 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("only a label", "This pivot has no query. Write {{pivot: label | query}}."),
        ("label | user.name: (", "This search cannot be read: "),
        ("label | ", "This pivot has no query. Write {{pivot: label | query}}."),
    ],
)
def test_a_pivot_that_cannot_be_read_says_so(text: str, problem: str) -> None:
    assert read_pivot(text).problem.startswith(problem)


def test_the_third_part_of_a_pivot_says_what_is_searched_and_how_far() -> None:
    found = read_pivot("Hosts | user.name: {user.name} | by host.name -7d +1h")
    assert (found.by, found.span, found.query) == (
        "host.name", Span(timedelta(days=7), timedelta(hours=1)), "user.name: {user.name}"
    )  # fmt: skip
    assert read_pivot("A | host.name: {host.name} | alerts 2w").table is Table.ALERTS
    assert read_pivot('A | process.args: "a|b c"').query == 'process.args: "a|b c"'


@pytest.mark.parametrize(
    ("provider", "query"),
    [
        ({"field": "a.b", "queryType": "exists", "value": ""}, "a.b: *"),
        ({"field": "a.b", "queryType": "phrase", "value": 'x"y', "excluded": True}, 'not a.b: "x\\"y"'),
        ({"field": "a.b", "queryType": "range", "value": {"gte": 1, "lt": "5"}}, '(a.b >= "1" and a.b < "5")'),
        ({"field": "a.b", "queryType": "range", "value": '{"gt": "{{a.b}}"}'}, "a.b > {a.b}"),
        ({"field": "a.b", "queryType": "phrase", "value": True}, 'a.b: "true"'),
    ],
)
def test_a_provider_becomes_a_clause(provider: dict[str, object], query: str) -> None:
    step = split_guide("## Possible investigation steps\n- A step.\n$investigate_0").steps[0]
    found = searches_of("A step.", step.calls, {"investigate": [{"label": "x", "providers": [[provider]]}]})
    assert [(search.query, search.problem) for search in found] == [(query, "")]


@pytest.mark.parametrize("providers", [None, [], [[]], "x", [["x"]], [[{"field": "a b", "queryType": "phrase"}]]])
def test_an_entry_without_sense_says_so(providers: object) -> None:
    step = split_guide("## Possible investigation steps\n- A step.\n$investigate_0").steps[0]
    found = searches_of("", step.calls, {"investigate": [{"label": "x", "providers": providers}]})
    assert found[0].problem


def test_groups_of_providers_are_alternatives() -> None:
    step = split_guide("## Possible investigation steps\n- A step.\n$investigate_0").steps[0]
    one, other = ({"field": name, "queryType": "exists"} for name in ("a.b", "c.d"))
    found = searches_of("", step.calls, {"investigate": [{"label": "x", "providers": [[one], [one, other]]}]})
    assert found[0].query == "(a.b: *) or (a.b: * and c.d: *)"


def test_fields_that_a_step_names_are_asked_with_the_alerts_values() -> None:
    searches = searches_of("Compare `file.path` and `odd.vendor.field`.", has={"file.path", "host.name"}.__contains__)
    pivot = fill(searches[0], {"file.path": ["/tmp/x"], "host.name": ["web-1"]})
    assert pivot.query == 'host.name: "web-1" and file.path: "/tmp/x"'
    assert pivot.label == "/tmp/x on web-1"
    assert all("odd.vendor" not in search.query for search in searches)


def test_without_a_host_a_field_is_asked_within_its_data_set() -> None:
    has = {"okta.actor.id", "event.dataset"}.__contains__
    assert searches_of("Review okta.actor.id.", has=has)[0].query == (
        "event.dataset: {event.dataset} and okta.actor.id: {okta.actor.id}"
    )


def test_what_the_alert_lacks_is_left_out_unless_nothing_else_is_there() -> None:
    searches = searches_of("Examine the parent process and the user account.", has={"user.name"}.__contains__)
    assert [search.label for search in searches] == ["Logons of {user.name}", "Hosts used by {user.name}"]
    lacking = searches_of("Examine the parent process.", has=lambda _: False)
    assert fill(lacking[0], {}).problem == "the alert has no process.parent.entity_id"


def test_a_step_gets_a_handful_and_none_twice() -> None:
    text = "Users, parents, children, files, network, hashes, dns, registry, `process.hash.sha256`, `user.name`"
    searches = searches_of(text)
    assert len(searches) <= 4
    assert len({search.query for search in searches}) == len(searches)


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: phrase.name)
def test_every_search_of_the_table_can_be_asked(phrase: Phrase) -> None:
    for search in phrase.searches:
        parse_kql(PLACE.sub('"x"', search.query))
        assert fill(search, {place: ["x"] for place in search.places}).problem == ""


def test_persistence_means_the_places_where_things_start_by_themselves() -> None:
    search = next(search for phrase in PHRASES if phrase.name == "persistence" for search in phrase.searches)
    tree = parse_kql(fill(search, {"host.name": ["h"]}).query)
    for path, hit in (
        ("/etc/cron.d/x", True),
        ("/home/a/.ssh/authorized_keys", True),
        ("C:\\Users\\a\\AppData\\Roaming\\Microsoft\\Windows\\Start Menu\\Programs\\Startup\\x.lnk", True),
        ("C:\\Windows\\System32\\Tasks\\x", True),
        ("/tmp/x", False),
    ):
        document = {"event": {"category": ["file"]}, "host": {"name": "h"}, "file": {"path": path}}
        assert matches(tree, Document.of(document)) is hit, path


@pytest.mark.parametrize(
    ("words", "first", "then"),
    [
        ("Check the hash of the binary.", "Hosts with this file", "This file on {host.name}"),
        ("Is this the baseline?", "Hosts that run {process.name}", "{process.name} by {user.name} here"),
        ("Look for outbound traffic.", "Connections in this tree", "Rare destinations of {host.name}"),
        ("How it was launched.", "Parent process {process.parent.name}", "Ancestors of {process.name}"),
    ],
)
def test_what_a_phrase_asks_is_answered_with_how_common_it_is(words: str, first: str, then: str) -> None:
    assert [search.label for search in searches_of(words)][:2] == [first, then]


def test_an_author_may_ask_how_common_a_value_is() -> None:
    found = read_pivot("Rare | event.category: network | seen by destination.ip 24h")
    assert (found.table, found.by, found.problem) == (Table.SEEN, "destination.ip", "")
