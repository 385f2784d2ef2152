from engine.document import Document
from engine.explain import Clause, explain
from engine.languages.kql import parse_kql
from engine.tree import Op
from engine.wording import in_words

EVENT = Document.of(
    {
        "event": {"category": ["process"], "type": ["start", "info"]},
        "host": {"os": {"type": "linux"}},
        "process": {"name": "cat", "args": ["cat", "/etc/shadow"], "parent": {"name": "sshd"}},
        "user": {"name": "root"},
        "source": {"ip": "10.1.2.3"},
        "message": "cannot connect",
        "deltas": [{"action": "ADD", "role": "target"}, {"action": "REMOVE", "role": "other"}],
    }
)


def rows(query):
    return explain(parse_kql(query), EVENT).clauses()


def test_clauses_that_tell_events_apart_come_first():
    found = rows("event.category:process and host.os.type:linux and process.name:(cat or dd) and process.args:*shadow*")
    assert found == [
        Clause("process.name", "is any of cat, dd", ("cat",), True, False, True),
        Clause("process.args", "matches *shadow*", ("/etc/shadow",), True, False, True),
        Clause("event.category", "is process", ("process",), True, False, False),
        Clause("host.os.type", "is linux", ("linux",), True, False, False),
    ]


def test_an_exclusion_shows_what_was_there_instead():
    assert rows("not process.parent.name:(cron or systemd*)") == [
        Clause(
            "process.parent.name",
            "is not cron and does not match systemd*",
            ("sshd",),
            True,
            True,
            True,
        )
    ]


def test_an_exclusion_of_a_missing_field_has_nothing_to_show():
    assert rows("not user.email:*@example.com") == [
        Clause("user.email", "does not match *@example.com", (), True, True, True)
    ]


def test_of_alternatives_only_those_that_held_are_shown():
    found = rows("(process.name:dd and user.name:ana) or (process.name:cat and user.name:root) or user.name:otto")
    assert [(row.field, row.found, row.branch) for row in found] == [
        ("process.name", ("cat",), "alternative 2 of 3"),
        ("user.name", ("root",), "alternative 2 of 3"),
    ]


def test_when_no_alternative_held_all_are_shown():
    found = rows("process.name:dd or user.name:ana")
    assert [(row.field, row.found, row.held, row.branch) for row in found] == [
        ("process.name", ("cat",), False, "alternative 1 of 2"),
        ("user.name", ("root",), False, "alternative 2 of 2"),
    ]


def test_several_questions_about_one_field_are_one_row():
    assert rows('process.name:(c*t or "dd")') == [
        Clause("process.name", "matches c*t or is dd", ("cat",), True, False, True)
    ]


def test_each_exclusion_of_a_list_has_its_row():
    found = rows("not (process.name:dd or user.name:ana)")
    assert [(row.field, row.asked, row.found, row.negated) for row in found] == [
        ("process.name", "is not dd", ("cat",), True),
        ("user.name", "is not ana", ("root",), True),
    ]


def test_an_excluded_combination_stays_together():
    (row,) = rows("not (process.name:cat and user.name:ana)")
    assert row == Clause(
        "process.name, user.name",
        "not (process.name is cat and user.name is ana)",
        ("process.name: cat", "user.name: root"),
        True,
        True,
        True,
    )


def test_a_group_in_braces_shows_the_element_that_met_it():
    (row,) = rows("deltas:{ action:REMOVE and role:other }")
    assert row.field == "deltas"
    assert row.found == ("deltas.action: REMOVE", "deltas.role: other")


def test_a_question_of_any_field_has_a_row_for_each_that_met_it():
    assert rows("cat") == [
        Clause("process.args", "is cat (asked of any field)", ("cat",), True, False, True),
        Clause("process.name", "is cat (asked of any field)", ("cat",), True, False, True),
    ]
    assert rows("not nowhere") == [Clause("any field", "is not nowhere", (), True, True, True)]


def test_an_object_that_exists_shows_what_is_in_it():
    (row,) = rows("process.parent:*")
    assert (row.field, row.asked, row.found) == ("process.parent", "is present", ("sshd",))


def test_every_node_is_judged():
    explanation = explain(parse_kql("process.name:cat and not user.name:ana"), EVENT)
    name, user = explanation.children
    assert (explanation.kind, explanation.held) == ("and", True)
    assert (name.kind, name.field, name.op, name.values, name.found) == (
        "leaf",
        "process.name",
        Op.IS,
        ("cat",),
        ("cat",),
    )
    assert (user.kind, user.held, user.children[0].held, user.children[0].found) == ("not", True, False, ("root",))


def test_long_lists_and_values_are_cut():
    document = Document.of({"a": ["x" * 10_000, *map(str, range(100))]})
    leaf = explain(parse_kql("a:*"), document)
    assert len(leaf.found) == 20
    assert len(leaf.found[0]) == 4_001
    many = explain(parse_kql("a:(" + " or ".join(f"v{number}" for number in range(100)) + ")"), document)
    assert many.clause.endswith("v29 and 70 more")


def test_trees_in_words():
    assert in_words(parse_kql("a:1 and (b:2 or not c:*)")) == "a is 1 and (b is 2 or c is missing)"
    assert in_words(parse_kql("source.ip:10.0.0.0/8")) == "source.ip is in 10.0.0.0/8"
    assert in_words(parse_kql('message:"cannot connect"')) == 'message contains the phrase "cannot connect"'
    assert in_words(parse_kql("message:cannot")) == 'message contains a word of "cannot"'
    assert in_words(parse_kql("not destination.port >= 1024")) == "destination.port is not at least 1024"
    assert in_words(parse_kql("file.hash.*:aa")) == "any field like file.hash.* is aa"
    assert in_words(parse_kql(r"a:\*?x*")) == "a matches *?x*"
    assert in_words(parse_kql("")) == "every event"
