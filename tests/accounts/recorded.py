"""What the code writes into the record, read from the code: every verb and every kind of thing that can get there.

From `entry_of` the search goes backwards: a function that passes one of its parameters on as the verb is itself a
place to which verbs are passed, and so on up to where the word stands.
"""

import ast
import importlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("accounts", "alerts", "cases", "events", "rules", "soc")
LEFT_OUT = {"migrations", "tests"}


@dataclass(frozen=True)
class Function:
    """A function of the code: its module, its name there, and its tree."""

    module: ModuleType
    tree: ast.FunctionDef


@cache
def functions() -> tuple[Function, ...]:
    """Every function and method."""
    found = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            if not LEFT_OUT & set(path.parts) and ("record" in text or "verb" in text or "write" in text):
                name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
                module = importlib.import_module(name)
                trees = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef))
                found += [Function(module, tree) for tree in trees]
    return tuple(found)


def words(parameter: str) -> tuple[set[str], list[str]]:
    """What `entry_of` gets as this parameter anywhere, and the places where that cannot be told."""
    from accounts.record import entry_of

    told: set[str] = set()
    unread: list[str] = []
    waiting, seen = [(entry_of, parameter)], set()
    while waiting:
        sink = waiting.pop()
        if sink in seen:
            continue
        seen.add(sink)
        waiting += [(getattr(within.module, within.tree.name), sink[1]) for within in _passing_all(sink[0])]
        for within, value in _passed(*sink):
            for leaf in _leaves(within, value):
                if isinstance(leaf, ast.Name) and leaf.id in _parameters(within.tree):
                    waiting.append((getattr(within.module, within.tree.name), leaf.id))
                elif (known := _value(within, leaf)) is None:
                    unread.append(f"{within.module.__name__}.{within.tree.name}: {ast.unparse(leaf)}")
                else:
                    told |= known
    return told, unread


@cache
def _calls() -> dict[Any, list[tuple[Function, ast.Call]]]:
    """Of each function, where it is called: one walk through the code answers for all of them."""
    found: dict[Any, list[tuple[Function, ast.Call]]] = {}
    for within in functions():
        calls = (node for node in ast.walk(within.tree) if isinstance(node, ast.Call))
        for call in calls:
            if (called := _object(within, call.func)) is not None:
                found.setdefault(inspect.unwrap(called), []).append((within, call))
    return found


def _passed(target: Any, parameter: str) -> Iterator[tuple[Function, ast.expr]]:
    """Each expression that is passed to the function as the parameter, and where."""
    taken = list(inspect.signature(target).parameters)
    place = taken.index(parameter) if parameter in taken else len(taken)
    for within, call in _calls().get(inspect.unwrap(target), ()):
        named = [word.value for word in call.keywords if word.arg == parameter]
        yield from ((within, value) for value in [*named, *call.args[place : place + 1]][:1])


def _passing_all(target: Any) -> Iterator[Function]:
    """The functions that pass on to it all the keywords that they take (`**entry`)."""
    for within, call in _calls().get(inspect.unwrap(target), ()):
        taken = within.tree.args.kwarg
        whole = [word.value for word in call.keywords if word.arg is None]
        if taken is not None and any(isinstance(one, ast.Name) and one.id == taken.arg for one in whole):
            yield within


def _object(within: Function, node: ast.expr) -> Any:
    """What a name stands for in the module; None for what is not a function of a module."""
    if isinstance(node, ast.Name):
        found = getattr(within.module, node.id, None)
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        found = getattr(getattr(within.module, node.value.id, None), node.attr, None)
    else:
        return None
    return found if isinstance(found, FunctionType) else None


def _leaves(within: Function, node: ast.expr) -> Iterator[ast.expr]:
    """The expressions that the value can come from: both ways of a condition, and what a local name was set to."""
    if isinstance(node, ast.IfExp):
        yield from _leaves(within, node.body)
        yield from _leaves(within, node.orelse)
    elif isinstance(node, ast.Name) and (set_to := _assigned(within.tree, node.id)):
        for value in set_to:
            yield from _leaves(within, value)
    else:
        yield node


def _assigned(tree: ast.FunctionDef, name: str) -> list[ast.expr]:
    assignments = [node for node in ast.walk(tree) if isinstance(node, ast.Assign)]
    return [
        node.value for node in assignments if any(isinstance(to, ast.Name) and to.id == name for to in node.targets)
    ]


def _parameters(tree: ast.FunctionDef) -> set[str]:
    return {one.arg for one in (*tree.args.posonlyargs, *tree.args.args, *tree.args.kwonlyargs)}


def _value(within: Function, leaf: ast.expr) -> set[str] | None:
    """The words that an expression of constants can be: of a table, any of its values."""
    if isinstance(leaf, ast.Subscript):
        table = _constant(within.module, leaf.value)
        return set(table.values()) if isinstance(table, dict) else None
    found = _constant(within.module, leaf)
    return {found} if isinstance(found, str) else None


def _constant(module: ModuleType, node: ast.expr) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return getattr(module, node.id, None)
    if isinstance(node, ast.Attribute):
        return getattr(_constant(module, node.value), node.attr, None)
    return None
