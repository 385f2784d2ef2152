"""JSON_EXTRACT: one value out of a JSON text.

Source: Elasticsearch's ES|QL reference, JSON_EXTRACT.
"""

import re
from functools import lru_cache
from typing import Any

import orjson

from engine.pipelines.functions.kinds import TEXT, checked, reading
from engine.pipelines.functions.shape import Function, Work
from engine.pipelines.operands import Absent
from engine.pipelines.problems import TypeProblem
from engine.pipelines.types import Type, Value

Step = str | int
_LONGEST_PATH = 2_000
_DEEPEST = 100
_STEP = re.compile(r"""\[\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([0-9]{1,9}))\s*\]|(\.?)([^.\[\]]+)""")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@lru_cache(maxsize=1_024)
def steps_of(path: str) -> tuple[Step, ...] | None:
    """The keys and positions that a path names: `$.a['b.c'][0]`; None when it is not written as a path."""
    if len(path) > _LONGEST_PATH:
        return None
    rest = path.removeprefix("$")
    steps: list[Step] = []
    at = 0
    while at < len(rest):
        found = _STEP.match(rest, at)
        if found is None or len(steps) >= _DEEPEST:
            return None
        single, double, position, dot, key = found.groups()
        if key is not None and bool(dot) != bool(steps or rest is not path):
            return None
        steps.append(int(position) if position else key if key is not None else _plain(single, double))
        at = found.end()
    return tuple(steps)


def _plain(single: str | None, double: str | None) -> str:
    return _ESCAPED.sub(r"\1", single if single is not None else double or "")


@reading(TEXT)
def _json_extract(text: str, path: str) -> Value:
    return _extracted(text, steps_of(path))


def _extracted(text: str, steps: tuple[Step, ...] | None) -> Value:
    if steps is None:
        return None
    node: Any = orjson.loads(text)
    for step in steps:
        node = _inside(node, step)
    return _written(node)


def _inside(node: Any, step: Step) -> Any:
    if isinstance(step, str):
        return node.get(step) if isinstance(node, dict) else None
    return node[step] if isinstance(node, list) and step < len(node) else None


def _written(node: Any) -> Value:
    if node is None or isinstance(node, str):
        return node
    return orjson.dumps(node).decode()


def _prepare(constants: tuple[Value | Absent, ...]) -> Work:
    path = constants[1]
    if not isinstance(path, str):
        return _json_extract
    steps = steps_of(path)
    if steps is None:
        raise TypeProblem(f"`{path[:60]}` is not a path such as `user.name`, `['user.name']` or `items[0]`", 1)

    @reading(TEXT)
    def extract(text: str) -> Value:
        return _extracted(text, steps)

    return lambda text, _: extract(text)


JSON = (Function("json_extract", 2, 2, checked(Type.KEYWORD, TEXT), _json_extract, prepare=_prepare),)
