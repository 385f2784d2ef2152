"""The values of a list as an exception asks for them: a hundred thousand read once, and asked by a look-up.

Whoever keeps lists gives their values as `ListValues`, the same object while a list is the same. What was made of them
stays with them, however many exceptions ask, and goes with them when the list changes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from engine.comparisons import network_test
from engine.fields import NUMBER_TYPES, FieldType, field_type
from engine.scalars import address_of, address_text, network_of, number_of, truth_of
from engine.tree import ListLeaf, Op

NETWORK_LISTS = ("ip", "ip_range")
"""Types of lists whose values are places in the internet, whatever the type of the field."""
Ends = tuple[int, int]


class ListValues(tuple[str, ...]):
    """A list's values, with what was made of them; shared by all that ask for the list. Its parts may not change."""

    leaves: dict[tuple[str, str, bool], ListLeaf]
    misfits: dict[FieldType, str | None]

    def __new__(cls, values: Sequence[str] = ()) -> "ListValues":
        """The values, each once."""
        made = super().__new__(cls, dict.fromkeys(values))
        made.leaves, made.misfits = {}, {}
        return made


def list_leaf(field: str, values: ListValues, *, kind: str, fold: bool) -> ListLeaf:
    """True when a value of the field is one of the list's; of a text, when it has one's words in a row.

    `kind` is the list's type. The first time takes some tenths of a second for a hundred thousand values.
    """
    networks = kind in NETWORK_LISTS or field_type(field) is FieldType.IP
    operator = Op.CIDR if networks else Op.PHRASE if kind == "text" else Op.IS
    key = field, operator.value, fold
    if key not in values.leaves:
        texts = tuple(_networks(values)) if networks else values
        values.leaves[key] = leaf = ListLeaf(field, operator, texts, fold=fold)
        if networks:
            leaf.tests[field] = network_test(leaf.values)  # type: ignore[arg-type]  # a leaf keeps values as text
    return values.leaves[key]


def list_misfit(field: str, values: Sequence[str]) -> str | None:
    """Why a list with these values cannot be asked of a field: what it holds that the field never has."""
    kind = field_type(field)
    if kind in (FieldType.DATE, FieldType.GEO_POINT):
        return f"values, and {field} holds none that lists have"
    known = values.misfits if isinstance(values, ListValues) else {}
    if kind not in known:
        fits = _FITS.get(FieldType.LONG if kind in NUMBER_TYPES else kind)
        known[kind] = next((value for value in values if not fits(value)), None) if fits else None
    odd = known[kind]
    return None if odd is None else f'"{odd[:60]}", which {field} never is'


def ends_of(text: str) -> Ends | None:
    """The first and last address of an address, a network (`10.0.0.0/8`) or a range (`10.0.0.1-10.0.0.9`)."""
    if "/" in text:
        return network_of(text)
    if (address := address_of(text)) is not None:
        return address, address
    first, last = (address_of(end.strip()) for end in text.partition("-")[::2])
    if first is None or last is None or first > last or _is_v4(first) != _is_v4(last):
        return None
    return first, last


def _is_v4(address: int) -> bool:
    return address >> 32 == 0xFFFF


def _networks(values: Sequence[str]) -> Iterator[str]:
    """The values with each range as the networks that cover it."""
    for value in values:
        if "-" in value and (ends := ends_of(value)) is not None:
            yield from networks_between(*ends)
        else:
            yield value


def networks_between(first: int, last: int) -> Iterator[str]:
    """The fewest networks that cover these addresses and no others."""
    bits = 32 if _is_v4(first) else 128
    while first <= last:
        size = min((first & -first).bit_length() - 1 if first else 128, (last - first + 1).bit_length() - 1, bits)
        yield f"{address_text(first)}/{bits - size}"
        first += 1 << size


_FITS: Mapping[FieldType, Callable[[str], bool]] = {
    FieldType.IP: lambda text: ends_of(text) is not None,
    FieldType.LONG: lambda text: number_of(text) is not None,
    FieldType.BOOLEAN: lambda text: truth_of(text) is not None,
}
