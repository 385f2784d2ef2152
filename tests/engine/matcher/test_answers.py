import json

import pytest

from engine.document import Document
from engine.errors import DocumentError
from engine.languages.kql import parse_kql
from engine.matcher import Bounds, Expression, Hit, Matcher


def line(**fields):
    return json.dumps(fields).encode()


def test_hits_come_in_the_order_of_the_batch():
    matcher = Matcher(
        [Expression("cat", parse_kql("process.name:cat")), Expression("any", parse_kql("process.name:*"))]
    )
    events = [("x", line(process={"name": name})) for name in ("cat", "dd", "cat")]
    assert list(matcher.match(events)) == [
        Hit("cat", 0),
        Hit("any", 0),
        Hit("any", 1),
        Hit("cat", 2),
        Hit("any", 2),
    ]


def test_an_event_of_a_foreign_index_is_not_judged():
    matcher = Matcher([Expression("r", parse_kql("*"), ("logs-endpoint.*", "-logs-endpoint.file*"))])
    events = [
        (index, b"{}")
        for index in ("logs-endpoint.process-x", "logs-endpoint.file-x", "winlogbeat-1", ".logs-endpoint.x")
    ]
    assert [hit.row for hit in matcher.match(events)] == [0]


def test_a_rule_without_patterns_reads_every_index():
    assert len(list(Matcher([Expression("r", parse_kql(""))]).match([("a", b"{}"), (".b", b"{}")]))) == 2


def test_true_and_one_do_not_share_an_answer():
    matcher = Matcher([Expression("one", parse_kql("event.action:1")), Expression("true", parse_kql("acme:true"))])
    events = [("x", line(event={"action": value}, acme=value)) for value in (True, 1, 1.0, "1", "true")]
    assert list(matcher.match(events)) == [Hit("true", 0), Hit("one", 1), Hit("one", 3), Hit("true", 4)]


def test_a_line_that_is_no_object_is_named_by_its_row():
    matcher = Matcher([Expression("r", parse_kql("*"))])
    for hostile in (b"[]", b"{", b"", b'"x"', b"\xff", b'{"a": "\\ud800"}'):
        with pytest.raises(DocumentError) as caught:
            list(matcher.match([("x", b"{}"), ("x", hostile)]))
        assert caught.value.row == 1


def test_answers_stay_right_when_memories_overflow():
    matcher = Matcher([Expression("r", parse_kql("event.action:a1* and acme:*1"))], Bounds(signatures=3, entries=3))
    events = [("x", line(event={"action": f"a{number}"}, acme=str(number))) for number in range(120)] * 2
    expected = [row for row in range(240) if str(row % 120).startswith("1") and str(row % 120).endswith("1")]
    assert [hit.row for hit in matcher.match(events)] == expected


def test_a_single_event_can_be_asked():
    matcher = Matcher([Expression("a", parse_kql("x:1")), Expression("b", parse_kql("x:2"))])
    assert matcher.keys_of("logs", Document.of({"x": 2})) == ["b"]


def test_rows_come_by_key_and_in_order():
    matcher = Matcher([Expression("a", parse_kql("x:1")), Expression("b", parse_kql("x:(1 or 2)"))])
    events = [("logs", line(x=value)) for value in (2, 1, 3, 2, 1)]
    assert matcher.rows(events) == {"b": [0, 1, 3, 4], "a": [1, 4]}
    assert matcher.rows(events) == {"b": [0, 1, 3, 4], "a": [1, 4]}


def test_rows_start_anew_after_a_batch_that_failed():
    matcher = Matcher([Expression("a", parse_kql("x:1"))])
    with pytest.raises(DocumentError):
        matcher.rows([("logs", line(x=1)), ("logs", b"[1]")])
    assert matcher.rows([("logs", line(x=2)), ("logs", line(x=1))]) == {"a": [1]}


@pytest.mark.parametrize(
    "dotted",
    [
        rb'{"process.name":"sh"}',
        b'{"process":{"name":"x"},"process.name" :"sh"}',
        rb'{"process\u002ename":"sh"}',
        rb'{"a\"b.c":1,"process.name":["sh"]}',
        b'{"process":[{"name":"sh"}]}',
    ],
)
def test_lines_of_unknown_origin_may_have_dotted_keys(dotted):
    matcher = Matcher([Expression("r", parse_kql("process.name:sh"))])
    assert list(matcher.match([("x", dotted)])) == [Hit("r", 0)]


def test_whole_numbers_beyond_64_bits_are_read_as_the_interpreter_reads_them():
    """As floats; normalised events have none."""
    number = b'{"acme":{"x":18446744073709551616}}'
    matcher = Matcher([Expression("e19", parse_kql("acme.x:1.8*")), Expression("digits", parse_kql("acme.x:184*"))])
    assert list(matcher.match([("x", number)] * 2)) == [Hit("e19", 0), Hit("e19", 1)]
    assert matcher.keys_of("x", Document.of(number)) == ["e19"]
