"""What somebody sends who wants to make judging dear: each kind without end, every event unlike the one before."""

import random
import string
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import orjson

from bench.engine.copies import KIND_FIELDS
from bench.engine.sources import Row, index_of
from bench.engine.telemetry import telemetry
from engine.tree import Tree, leaves_of

Document = dict[str, Any]
_SIGNS = string.ascii_letters + string.digits + " /\\.-_:=*?\"'$%&()[]{}|;,<>~"
_SEED = 77


def kinds(trees: Sequence[Tree]) -> dict[str, Callable[[], Iterator[Row]]]:
    """Every kind by name; `trees` say which literals an attacker who knows the rules would send."""
    known = literals_by_field(trees)
    return {
        "random command lines of 200 characters": lambda: _rows(_command_line),
        "random shapes": lambda: _rows(_shape),
        "arrays and numbers where text is expected": lambda: _rows(_drift),
        "rotating signatures": lambda: _rows(lambda rng, number: _signature(rng, number, known)),
        "two hundred one-byte keys": lambda: _rows(_short_keys),
        "texts of 32,000 characters": lambda: _rows(_long_text),
        "every value new": lambda: _rows(distinct),
    }


def literals_by_field(trees: Sequence[Tree]) -> dict[str, list[str]]:
    """The exact literals that rules compare the fields with which say what kind an event is."""
    found: dict[str, set[str]] = {name: set() for name in KIND_FIELDS}
    for tree in trees:
        for leaf in leaves_of(tree):
            if leaf.field in found:
                found[leaf.field].update(map(str, leaf.values))
    return {name: sorted(values) for name, values in found.items() if values}


def _rows(make: Callable[[random.Random, int], Document]) -> Iterator[Row]:
    rng = random.Random(_SEED)
    number = 0
    while True:
        document = make(rng, number)
        yield index_of(document), orjson.dumps(document)
        number += 1


def _text(rng: random.Random, length: int) -> str:
    return "".join(rng.choices(_SIGNS, k=length))


def _started(number: int) -> Document:
    """An ordinary start of a process, for others to spoil."""
    return next(
        event for step in range(100) if "process" in (event := telemetry(_SEED, number * 100 + step))
    )  # fmt: skip


def _command_line(rng: random.Random, number: int) -> Document:
    event = _started(number)
    event["process"]["command_line"] = _text(rng, 200)
    event["process"]["args"] = [_text(rng, 40) for _ in range(5)]
    return event


def _shape(rng: random.Random, number: int) -> Document:
    """Objects where none are expected and none where they are, on top of an ordinary event."""
    event = _started(number)
    for name in rng.sample(["process", "file", "user", "destination", "registry", "dns", "host", "event"], 4):
        event[name] = _nested(rng, 4)
    return event


def _nested(rng: random.Random, depth: int) -> Any:
    if depth == 0 or rng.random() < 0.3:
        return rng.choice([_text(rng, 8), rng.randrange(99), True, None, [_text(rng, 3)], 1.5])
    names = ("name", "type", "action", "path", "parent", "args", "os", "ip", _text(rng, 6).replace(".", "-"))
    made = {name: _nested(rng, depth - 1) for name in rng.sample(names, 4)}
    return [made] if rng.random() < 0.2 else made


def _drift(rng: random.Random, number: int) -> Document:
    event = _started(number)
    event["process"] |= {"name": [event["process"]["name"], rng.randrange(9)], "pid": "many", "args": {"0": "x"}}
    event["event"] |= {"category": rng.choice(["process", ["process", "file"], 7]), "action": [["start"], 3]}
    return event


def _signature(rng: random.Random, number: int, known: dict[str, list[str]]) -> Document:
    """What kind of event it is, put together anew each time from what the rules ask for."""
    event = _started(number)
    for field, values in known.items():
        *path, last = field.split(".")
        node = event
        for name in path:
            node = node.setdefault(name, {})
        node[last] = rng.choice(values)
    return event


def _short_keys(rng: random.Random, number: int) -> Document:
    event = _started(number)
    signs = rng.sample([chr(code) for code in range(0x21, 0x17F) if chr(code) not in '."\\'], 200)
    return event | dict.fromkeys(signs, rng.randrange(1_000_000))


def _long_text(rng: random.Random, number: int) -> Document:
    event = _started(number)
    event["process"]["command_line"] = _text(rng, 400) * 80
    event["file"] = {"path": "/" + "a*" * 4_000 + str(number)}
    return event


NEW_VALUES = 10


def distinct(_rng: random.Random, number: int) -> Document:
    """An event with ten values in fields that rules ask for and that no event had before."""
    event = telemetry(_SEED, number % 5_000)
    new = f"{number:x}"
    event["event"]["action"] = f"action-{new}"
    event["user"]["name"] = f"user-{new}"
    event["host"]["name"] = f"host-{new}"
    event["process"] = {
        "name": f"p{new}.exe", "executable": f"C:\\Temp\\p{new}.exe", "command_line": f"p{new}.exe --run {new}",
        "args": [f"p{new}.exe", f"--run={new}"], "parent": {"name": f"parent{new}"},
    }  # fmt: skip
    event["file"] = {"path": f"/tmp/{new}"}
    event["destination"] = {"ip": f"{number >> 24 & 127 | 1}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"}
    return event
