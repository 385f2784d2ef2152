"""Tables of CSV: types, several values, quotes and escapes, and what is said of a table that cannot be read."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.pipelines.tables import Table, TableError, read_table
from engine.pipelines.types import Address, Point, Type, Value
from engine.scalars import address_of


def table(text: str) -> Table:
    return read_table("people", text.splitlines())


def column(kind: str, *cells: str) -> list[Value]:
    return table("\n".join([f"n:integer,x:{kind}", *(f"1,{cell}" for cell in cells)])).columns["x"]


def address(text: str) -> Address:
    return Address(address_of(text) or 0)


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("keyword", "  Ana ", "Ana"),
        ("keyword", "", None),
        ("keyword", "   ", None),
        ("keyword", '""', ""),
        ("keyword", '" a, ""b"" "', ' a, "b" '),
        ("keyword", r"a\,b", "a,b"),
        ("keyword", r"\[a\]", "[a]"),
        ("keyword", r"C:\Windows\x", r"C:\Windows\x"),
        ("keyword", "[b,a,b]", ("a", "b")),
        ("keyword", r'["x, y" , a\,b,c\]]', ("a,b", "c]", "x, y")),
        ("keyword", "[a]", "a"),
        ("keyword", "[]", None),
        ("keyword", "[ , ]", None),
        ("text", "[b,a,b]", ("b", "a", "b")),
        ("long", "-9223372036854775808", -9223372036854775808),
        ("integer", "[3,1,3]", (1, 3, 3)),
        ("short", "7", 7),
        ("byte", "-128", -128),
        ("unsigned_long", "18446744073709551615", 18446744073709551615),
        ("double", "1", 1.0),
        ("scaled_float", "2.03", 2.03),
        ("float", "2.03", 2.0299999713897705),
        ("half_float", "2.03", 2.029296875),
        ("boolean", "[true,false,true]", (False, True, True)),
        ("date", "2026-11-20T10:00:00Z", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("datetime", "2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("ip", "[10.0.0.10,10.0.0.9,10.0.0.9]", (address("10.0.0.9"), address("10.0.0.10"))),
        ("ip", "fe80::1", address("fe80::1")),
        ("version", "[1.10.0,1.9.0]", ("1.9.0", "1.10.0")),
        ("geo_point", "POINT (2.5 1)", Point(2.5, 1.0)),
        ("KEYWORD", "x", "x"),
    ],
)
def test_a_cell_is_read_by_the_type_of_its_column(kind: str, cell: str, value: Value) -> None:
    found = column(kind, cell)
    assert found == [value]
    assert type(found[0]) is type(value)


def test_the_header_names_columns_and_types() -> None:
    read = table("\ufeff name , host.ip:ip,\tcount : long\nAna,10.0.0.1,3")
    assert dict(read.schema.columns) == {"name": Type.KEYWORD, "host.ip": Type.IP, "count": Type.LONG}
    assert not read.schema.open
    assert read.size == 1


def test_blank_lines_and_comments_say_nothing() -> None:
    assert table("// people\n\nname\n\nAna\n// Otto\n  \nRosa").columns["name"] == ["Ana", "Rosa"]


def test_pages_have_the_columns_asked_for_and_metadata() -> None:
    pages = list(table("a:long,b\n1,x\n2,y\n3,z").pages(["a", "_id", "_index", "_version", "nowhere"], size=2))
    assert [page.size for page in pages] == [2, 1]
    assert pages[1].columns == {
        "a": [3], "_id": ["2"], "_index": ["people"], "_version": [1], "nowhere": [None],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: there is no header such as `host:keyword,address:ip`"),
        ("a,b:odd", "line 1: b has the type odd, which is none of keyword, text"),
        ("a,", "line 1: every column needs a name, such as `host:keyword`"),
        ("a,:ip", "line 1: every column needs a name, such as `host:keyword`"),
        ("a,b,a", "line 1: two columns are called a"),
        ("a,b\n1", "line 2: there are 1 values for 2 columns"),
        ("a\n\n1,2", "line 3: there are 2 values for 1 columns"),
        ("a:integer\n3000000000", "line 2: a holds '3000000000', which is no integer"),
        ("a:byte\n128", "line 2: a holds '128', which is no integer"),
        ("a:long\n1.5", "line 2: a holds '1.5', which is no long"),
        ("a:ip\n[10.0.0.1,x]", "line 2: a holds 'x', which is no ip"),
        ("a:date\nsoon", "line 2: a holds 'soon', which is no date"),
        ("a:boolean\nyes", "line 2: a holds 'yes', which is no boolean"),
        ("a:half_float\n1e9", "line 2: a holds '1e9', which is no double"),
        ("a\n[x,y", "line 2: a `[` is never closed"),
        ('a\n"x', "line 2: a quote is never closed on its line"),
        ("a\n[x] y", "line 2: a comma had to follow in column 5"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(TableError) as raised:
        table(text)
    assert str(raised.value).startswith(message)


@settings(max_examples=300, deadline=None)
@given(st.text('ab,[]"\\ :1\n', max_size=40))
def test_whatever_is_written_is_a_table_or_refused(text: str) -> None:
    with suppress(TableError):
        read = table("a,b:long\n" + text)
        assert [len(column) for column in read.columns.values()] == [read.size] * 2


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text('ab,[]"\\ é', min_size=1, max_size=8), min_size=1, max_size=4))
def test_quoted_texts_come_back_as_they_were(texts: list[str]) -> None:
    quoted = ['"' + text.replace('"', '""') + '"' for text in texts]
    assert table("a\n[" + ",".join(quoted) + "]").columns["a"] == [
        tuple(sorted(set(texts))) if len(set(texts)) > 1 else texts[0]
    ]
