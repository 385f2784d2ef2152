"""Looking for some names in a document finds what flattening all of it finds."""

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.document import Document
from engine.matcher.reading import outer_names
from engine.matcher.wanted import Wanted

KEYS = st.sampled_from(["a", "b", "c"])
VALUES = st.recursive(
    st.sampled_from([None, True, 1, 1.5, "x"]),
    lambda inside: st.one_of(st.lists(inside, max_size=3), st.dictionaries(KEYS, inside, max_size=3)),
    max_leaves=15,
)
NAMES = st.lists(KEYS, min_size=1, max_size=4).map(".".join)


@settings(deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=3), st.sets(NAMES, max_size=6))
def test_values_and_objects_are_those_of_the_whole_document(raw, names):
    whole = Document(raw).flat
    values, objects = Wanted(names).find(raw)
    assert values == {name: found for name, found in whole.items() if name in names}
    assert objects == {outer for name in whole for outer in outer_names(name) if outer in names}


def test_what_is_not_asked_for_is_not_looked_at():
    class Untouchable(dict[str, object]):
        def items(self):
            raise AssertionError

    assert Wanted(["a.b"]).find({"a": {"b": 1, "c": Untouchable()}, "d": Untouchable()}) == ({"a.b": (1,)}, set())
