import pytest

from engine.document import Document
from engine.joining.keys import MAX_COMBINATIONS
from engine.rule_types.new_terms import terms_hash, terms_of


@pytest.mark.parametrize(
    ("fields", "event", "terms"),
    [
        (["host.id"], '{"host":{"id":"a"}}', [("a",)]),
        (["host.id"], '{"host":{"id":["b","a","b"]}}', [("b",), ("a",)]),
        (["host.id", "user.name"], '{"host":{"id":"a"},"user":{"name":["x","y"]}}', [("a", "x"), ("a", "y")]),
        (["user.name", "host.id"], '{"host":{"id":"a"},"user":{"name":["x","y"]}}', [("x", "a"), ("y", "a")]),
        (["host.id", "user.name"], '{"host":{"id":"a"}}', []),
        (["host.id"], '{"host":{"id":null}}', []),
        (["host.id"], '{"host":{"id":[]}}', []),
        (["x.id"], '{"x":[{"id":"a"},{"id":"b"}]}', [("a",), ("b",)]),
        (["a", "b", "c"], '{"a":true,"b":7,"c":7.0}', [("true", "7", "7")]),
        ([], '{"a":1}', []),
    ],
)
def test_terms_are_every_combination_of_one_value_a_field(fields, event, terms):
    assert list(terms_of(fields, Document.of(event.encode()))) == terms


def test_long_arrays_are_cut_off():
    many = ",".join(f'"{number}"' for number in range(5_000))
    event = Document.of(f'{{"a":[{many}],"b":[{many}],"c":[{many}]}}'.encode())
    assert len(terms_of(["a", "b", "c"], event)) == MAX_COMBINATIONS


def test_a_combination_has_one_name_of_sixteen_bytes():
    assert terms_hash(["a", "b"]) == terms_hash(("a", "b"))
    assert len(terms_hash(["a"])) == 16
    different = [["a", "b"], ["b", "a"], ["ab"], ["a", "b", ""], ["a,b"], ['a","b'], ["A", "b"]]
    assert len({terms_hash(terms) for terms in different}) == len(different)
