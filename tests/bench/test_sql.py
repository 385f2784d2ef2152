"""Trees as SQL: what can be said, and what is refused rather than said wrongly."""

import pytest

from bench.engine.sql import Translator, UnsayableError, columns_of
from engine import parse_kql
from engine.tree import Leaf, Op, Tree

SQL = Translator(frozenset({"process.args"}), frozenset({"process.args", "process.name", "process.pid", "user.name"}))


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        (Leaf("process.name", Op.IS, ("a", "it's")), "coalesce((\"process.name\" IN ('a', 'it''s')), false)"),
        (Leaf("process.name", Op.IS, ("CMD",), fold=True), "coalesce((lower(\"process.name\") IN ('cmd')), false)"),
        (Leaf("process.name", Op.WILDCARD, ("50%_\\**?",)),
         "coalesce((\"process.name\" LIKE '50!%!_*%_' ESCAPE '!'), false)"),
        (Leaf("process.args", Op.IS, ("x",)), "len(list_filter(\"process.args\", lambda x: (x IN ('x')))) > 0"),
        (Leaf("process.pid", Op.GT, (5,)), 'coalesce((TRY_CAST("process.pid" AS DOUBLE) > 5.0), false)'),
        (Leaf("process.title", Op.IS, ("x",)), "false"),
        (Leaf("user", Op.EXISTS), '("user.name" IS NOT NULL)'),
    ],
)  # fmt: skip
def test_a_leaf_becomes_a_condition_that_is_never_null(tree: Tree, said: str):
    assert SQL.condition(tree) == said


def test_connectives_and_indices_are_said():
    said = SQL.rule(parse_kql("not process.name: a and user.name: b"), ("logs-*", "-logs-x*"))
    assert said.startswith(
        "(((false) OR (_index LIKE 'logs-%' ESCAPE '!')) AND NOT (_index LIKE 'logs-x%' ESCAPE '!'))"
    )
    assert "NOT (coalesce(" in said


@pytest.mark.parametrize(
    "tree",
    [Leaf("message", Op.IS, ("word",)), Leaf("destination.ip", Op.CIDR, ("10.0.0.0/8",)),
     Leaf("process.*", Op.IS, ("x",), wild_field=True), Leaf("process.name", Op.REGEX, ("a.*",))],
)  # fmt: skip
def test_what_sql_cannot_say_is_refused(tree: Tree):
    with pytest.raises(UnsayableError):
        SQL.condition(tree)


def test_a_column_is_a_list_where_an_event_has_several_values():
    rows: list[dict[str, tuple[object, ...]]] = [{"a": (1,), "b": (1,)}, {"a": (1, 2), "c": (3,)}]
    assert columns_of(rows, frozenset({"a", "b"})) == {"a": True, "b": False}
