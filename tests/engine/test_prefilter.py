import pytest

from engine.document import Document
from engine.languages.kql import parse_kql
from engine.prefilter import (
    AllOf,
    AnyOf,
    ColumnIn,
    ColumnPrefix,
    Everything,
    Nothing,
    columns_of,
    narrows_to,
    prefilter,
)
from engine.tree import Leaf, MatchNone, Op


@pytest.mark.parametrize(
    ("query", "narrowing"),
    [
        ("event.action:exec", ColumnIn("action", ("exec",))),
        ("event.action:(exec or fork) or event.action:end", ColumnIn("action", ("exec", "fork", "end"))),
        ("host.name:a* and user.name:b", AllOf((ColumnPrefix("host_name", "a"), ColumnIn("user_name", ("b",))))),
        ("host.name:a or user.name:b", AnyOf((ColumnIn("host_name", ("a",)), ColumnIn("user_name", ("b",))))),
        ("host.name:a and process.name:x", ColumnIn("host_name", ("a",))),
        ("host.name:a or process.name:x", Everything()),
        ("not host.name:a", Everything()),
        ("not (process.name:x or not host.name:a)", ColumnIn("host_name", ("a",))),
        ("host.name:*a", Everything()),
        ("host.name:*", Everything()),
        ("source.ip:10.0.0.1", ColumnIn("source_ip", ("10.0.0.1",))),
        ('source.ip:"::FFFF:10.0.0.1"', ColumnIn("source_ip", ("10.0.0.1",))),
        ("source.ip:10.0.0.0/8", Everything()),
        ("source.ip:nonsense", Nothing()),
        ("event.dataset:a or data_stream.dataset:b", ColumnIn("dataset", ("a", "b"))),
        ("*:a", Everything()),
        ("", Everything()),
    ],
)
def test_what_columns_can_say(query, narrowing):
    assert prefilter(parse_kql(query)) == narrowing


def test_folding_narrows_only_where_databases_fold_alike():
    assert prefilter(Leaf("host.name", Op.IS, ("Web",), fold=True)) == ColumnIn("host_name", ("web",), folded=True)
    assert prefilter(Leaf("host.name", Op.IS, ("É",), fold=True)) == Everything()
    assert prefilter(Leaf("host.name", Op.WILDCARD, ("Web*",), fold=True)) == ColumnPrefix(
        "host_name", "web", folded=True
    )


def test_nothing_is_nothing():
    assert prefilter(MatchNone()) == Nothing()


def test_a_row_that_says_more_than_its_columns_is_odd():
    assert columns_of(Document.of({"host": {"name": ["a", "b"]}})).odd
    assert columns_of(Document.of({"host": {"name": "a" * 513}})).odd
    assert columns_of(Document.of({"event": {"dataset": "a"}, "data_stream": {"dataset": "b"}})).odd
    usual = columns_of(
        Document.of(
            {"host": {"name": ["a", "a"]}, "event": {"category": ["x", "y"]}, "source": {"ip": "::ffff:1.2.3.4"}}
        )
    )
    assert not usual.odd
    assert (usual.values["host_name"], usual.values["category"], usual.values["source_ip"]) == (
        "a",
        ("x", "y"),
        "1.2.3.4",
    )


def test_odd_rows_pass_every_narrowing_but_nothing():
    odd = columns_of(Document.of({"host": {"name": ["a", "b"]}}))
    assert narrows_to(ColumnIn("user_name", ("x",)), odd)
    assert not narrows_to(Nothing(), odd)
