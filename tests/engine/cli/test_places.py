"""An error in a query is placed where the query stands in its file, however it is written there."""

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cli.places import Place, place_in_file
from engine.errors import LanguageError, RuleFileError

PIECES = st.lists(
    st.sampled_from(["a", " ", "\n", "\t", "é", "\\\\", '\\"', "\\t", "\\u0041", "\\U0001F600", "\\\n   ", "'", "\\n"]),
    min_size=1,
    max_size=12,
)


def place(text: str, offset: int, key: str = "query") -> Place:
    query = tomllib.loads(text)["rule"][key]
    error = RuleFileError("x", f"rule.{key}", "cannot be read", LanguageError.at(query, offset, 1, "odd"))
    return place_in_file(text, error, query)


@given(PIECES, st.booleans())
@settings(max_examples=300, deadline=None)
def test_every_character_of_a_query_is_found_in_the_file(pieces: list[str], newline: bool) -> None:
    body = ("\n" if newline else "") + "".join(pieces)
    text = f'[other]\nquery = """b"""\n[rule]\nquery = """{body}X"""\nname = "n"\n'
    query = tomllib.loads(text)["rule"]["query"]
    lines = text.split("\n")
    found = place(text, len(query) - 1)
    assert found.line is not None
    assert found.column is not None
    assert lines[found.line - 1][found.column - 1] == "X"


@pytest.mark.parametrize(
    ("written", "offset", "expected"),
    [
        ("query = '''\nab\n  cX\n'''", 6, Place(4, 4)),
        ("query = 'a\\b X'", 4, Place(2, 14)),
        ('query = "a\\"b X"', 4, Place(2, 15)),
        ('query = """\nab\n"""', 3, Place(4, 1)),
        ('  query   =   "ab X"', 3, Place(2, 19)),
        ("query = '''a'''\nquery2 = 'x'", 0, Place(2, 12)),
    ],
)
def test_queries_are_found_in_every_kind_of_string(written: str, offset: int, expected: Place) -> None:
    assert place("[rule]\n" + written, offset) == expected


def test_a_query_that_is_not_in_the_file_keeps_its_own_place() -> None:
    error = RuleFileError("x", "rule.query", "cannot be read", LanguageError.at("ab\ncd", 4, 1, "odd"))
    assert place_in_file("[rule]\n", error, "ab\ncd") == Place(2, 2)


KEYED = """[metadata]
name = "m"
[rule]
note = '''
[rule.fake]
name = 'x'
'''
name = "n" # name =
"severity" = "x"
threshold.value = 0
[[rule.threat]]
[rule.threat.tactic]
name = "a"
[[rule.threat]]
[rule.threat.tactic]
id = "a"
"""


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("rule.name", 8),
        ("rule.severity", 9),
        ("rule.risk_score", 3),
        ("rule.threshold.value", 10),
        ("rule.threat[0].tactic.name", 13),
        ("rule.threat[1].tactic.name", 15),
        ("rule.threat[1].framework", 14),
        ("rule.threat[7].framework", 11),
        ("rule.filters[0].query.exists", 3),
        ("metadata.name", 2),
        ("transform.x", 1),
    ],
)
def test_a_key_is_found_in_its_own_table_and_a_missing_one_by_the_table_it_belongs_to(key: str, line: int) -> None:
    assert place_in_file(KEYED, RuleFileError("x", key, "odd")).line == line
