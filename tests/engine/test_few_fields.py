"""A few fields read alone have the values that the whole event has."""

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import Document
from engine.few_fields import FewFields, PartlyRead

NAMES = ["a", "b", "a.a", "a.b", "b.c", "b.c.d", "c.a.b", "process.name.text", "process.name", "host.id"]
_keys = st.sampled_from(["a", "b", "c", "d", "process", "name", "text", "host", "id"])
_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text("ab1é\U0001f600", max_size=4),
)
_values = st.recursive(
    _scalars,
    lambda inside: st.one_of(st.lists(inside, max_size=3), st.dictionaries(_keys, inside, max_size=4)),
    max_leaves=12,
)
_documents = st.dictionaries(_keys, _values, max_size=5)


@settings(deadline=None)
@given(_documents, st.sets(st.sampled_from(NAMES)))
def test_each_field_has_the_values_it_has_in_the_whole_event(raw, asked):
    line = orjson.dumps(raw)
    whole, partly = Document.of(line), PartlyRead(line, FewFields(asked))
    for name in NAMES:
        assert [(type(one), one) for one in partly.values(name)] == [(type(one), one) for one in whole.values(name)]
        assert partly.has(name) == whole.has(name)
    assert partly.raw == raw
    assert partly.flat == whole.flat


def test_what_is_asked_is_not_parsed_twice():
    few = FewFields(["host.id", "user.name"])
    partly = PartlyRead(b'{"host":{"id":"h"},"user":{"name":["a",null,"b"]},"process":{"name":"sh"}}', few)
    assert (partly.values("host.id"), partly.values("user.name")) == (("h",), ("a", "b"))
    assert "raw" not in partly.__dict__
    assert partly.values("process.name") == ("sh",)
