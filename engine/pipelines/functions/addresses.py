"""Functions of internet addresses.

Source: Elasticsearch's ES|QL reference, IP functions.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache, partial

from engine.pipelines.functions.kinds import ADDRESS, INTEGER, TEXT, checked, reading
from engine.pipelines.functions.several import ones
from engine.pipelines.functions.shape import Function, Takes, Work
from engine.pipelines.operands import ABSENT, Absent
from engine.pipelines.problems import TypeProblem
from engine.pipelines.types import Address, Type, Value
from engine.scalars import address_of, network_of

Network = tuple[int, int]
_NAMED = {
    "loopback": ("127.0.0.0/8", "::1/128"),
    "private": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
    "link_local_unicast": ("169.254.0.0/16", "fe80::/10"),
    "link_local_multicast": ("224.0.0.0/24", "ff02::/16"),
    "interface_local_multicast": ("ff01::/16",),
    "multicast": ("224.0.0.0/4", "ff00::/8"),
    "unspecified": ("0.0.0.0/32", "::/128"),
    "broadcast": ("255.255.255.255/32",),
}


@lru_cache(maxsize=4_096)
def _network(text: str) -> Network | None:
    """First and last address of a network; an address alone is a network of one."""
    if "/" in text:
        return network_of(text)
    number = address_of(text)
    return None if number is None else (number, number)


@reading(ADDRESS, TEXT)
def _cidr_match(address: Address, *networks: str) -> Value:
    found = [_network(text) for text in networks]
    if any(network is not None and network[0] <= address.number <= network[1] for network in found):
        return True
    return None if None in found else False


def _prepare_cidr(constants: tuple[Value | Absent, ...]) -> Work:
    """With constant networks an address is only compared with their ends."""
    given = constants[1:]
    for number, text in enumerate(given, start=1):
        if isinstance(text, str) and _network(text) is None:
            raise TypeProblem(f"`{text[:60]}` is not a network such as 10.0.0.0/8", number)
    networks = [_network(text) for text in given if isinstance(text, str)]
    if ABSENT in given or None in networks or len(networks) < len(given):
        return _cidr_match
    return _within(tuple(network for network in networks if network is not None))


def _within(networks: tuple[Network, ...]) -> Work:
    @reading(ADDRESS)
    def test(address: Address) -> Value:
        return _is_in(address.number, networks)

    return lambda address, *_: test(address)


def _is_in(number: int, networks: Iterable[Network]) -> bool:
    return any(first <= number <= last for first, last in networks)


@reading(ADDRESS, INTEGER)
def _ip_prefix(address: Address, length4: int, length6: int) -> Value:
    """The network of an address: so many leading bits for IPv4, so many for IPv6."""
    if not (0 <= length4 <= 32 and 0 <= length6 <= 128):
        return None
    is_v4 = address.number >> 32 == 0xFFFF
    kept = length4 + 96 if is_v4 else length6
    return Address(address.number >> (128 - kept) << (128 - kept))


def _is_internal(networks: Iterable[str], address: Address) -> bool | None:
    answers = {_is_among(name, address.number) for name in networks}
    return True if True in answers else None if None in answers else False


def _is_among(name: str, number: int) -> bool | None:
    """Whether an address is of a named group (`private`), of a network, or public; None for no such network."""
    if name in ("public", "global_unicast", "unicast"):
        return not any(_is_in(number, _group(each)) for each in _NAMED)
    if name in _NAMED:
        return _is_in(number, _group(name))
    network = _network(name)
    return None if network is None else network[0] <= number <= network[1]


@lru_cache(maxsize=32)
def _group(name: str) -> tuple[Network, ...]:
    return tuple(network for text in _NAMED[name] if (network := _network(text)) is not None)


def _direction(source: Value, destination: Value, *networks: Value) -> Value:
    """Where traffic goes as seen from the internal networks."""
    names = [one for value in networks for one in ones(value)]
    first, second = ADDRESS.read(source), ADDRESS.read(destination)
    texts = [name for name in names if isinstance(name, str)]
    if first is None or second is None or not texts or len(texts) < len(names):
        return None
    inside: Callable[[Address], bool | None] = partial(_is_internal, texts)
    return _DIRECTIONS.get((inside(first), inside(second)))


_DIRECTIONS: dict[tuple[bool | None, bool | None], str] = {
    (True, True): "internal",
    (True, False): "outbound",
    (False, True): "inbound",
    (False, False): "external",
}

ADDRESSES = (
    Function(
        "network_direction",
        3,
        None,
        checked(Type.KEYWORD, ADDRESS, ADDRESS, TEXT),
        _direction,
        Takes.ALL,
    ),
    Function("cidr_match", 2, None, checked(Type.BOOLEAN, ADDRESS, TEXT), _cidr_match, any=True, prepare=_prepare_cidr),
    Function("ip_prefix", 3, 3, checked(Type.IP, ADDRESS, INTEGER), _ip_prefix),
)
