"""Trees as plain JSON, as they are stored with a rule's revision, and trees again."""

from collections.abc import Mapping
from typing import Any

from engine.errors import TreeError
from engine.tree import (
    And,
    Call,
    Constant,
    FieldValue,
    Formula,
    Leaf,
    MatchAll,
    MatchNone,
    Nested,
    Not,
    Op,
    Operand,
    Or,
    Scalar,
    Tree,
    text_of,
)


def tree_to_json(tree: Tree) -> dict[str, Any]:
    """The tree as plain JSON, as it is stored with a rule's revision beside COMPILER_VERSION."""
    match tree:
        case And(children):
            return {"and": [tree_to_json(child) for child in children]}
        case Or(children):
            return {"or": [tree_to_json(child) for child in children]}
        case Not(child):
            return {"not": tree_to_json(child)}
        case Nested(path, child):
            return {"nested": path, "child": tree_to_json(child)}
        case Leaf():
            return _leaf_to_json(tree)
        case Formula(call):
            return {"formula": _operand_to_json(call)}
        case MatchAll():
            return {"all": True}
        case MatchNone():
            return {"all": False}


def _leaf_to_json(leaf: Leaf) -> dict[str, Any]:
    data: dict[str, Any] = {"field": leaf.field, "op": leaf.op.value}
    if leaf.values:
        data["values"] = [_storable(text_of(value)) for value in leaf.values]
    if leaf.fold:
        data["fold"] = True
    if leaf.wild_field:
        data["wild_field"] = True
    if leaf.whole:
        data["whole"] = True
    return data


def _operand_to_json(operand: Operand) -> dict[str, Any]:
    match operand:
        case FieldValue(name):
            return {"field": name}
        case Constant(value):
            return {"value": _storable(value) if isinstance(value, str) else value}
        case Call(function, arguments, fold):
            data = {"call": function, "arguments": [_operand_to_json(argument) for argument in arguments]}
            return data | {"fold": True} if fold else data


def _storable(text: str) -> str | dict[str, str]:
    """Databases cannot store the NUL character; a value that has it is stored percent-encoded, and marked so."""
    return {"percent": text.replace("%", "%25").replace("\x00", "%00")} if "\x00" in text else text


def _restored(value: Any) -> Scalar:
    if isinstance(value, dict):
        return str(value["percent"]).replace("%00", "\x00").replace("%25", "%")
    if not isinstance(value, str | int | float):
        raise TypeError("a leaf's values are scalars")
    return value


def _number_restored(value: Scalar) -> Scalar:
    """Databases write a wide float as a whole number; no literal is a whole number beyond 64 bits."""
    return float(value) if isinstance(value, int) and abs(value) >= 2**63 else value


def tree_from_json(data: Mapping[str, Any]) -> Tree:
    """The tree that `tree_to_json` wrote.

    Raises: TreeError when the data is of another kind; compile the rule's source again then.
    """
    try:
        return _from_json(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TreeError("the stored tree cannot be read") from error


def _from_json(data: Mapping[str, Any]) -> Tree:
    if "and" in data:
        return And(tuple(_from_json(child) for child in data["and"]))
    if "or" in data:
        return Or(tuple(_from_json(child) for child in data["or"]))
    if "not" in data:
        return Not(_from_json(data["not"]))
    if "nested" in data:
        return Nested(str(data["nested"]), _from_json(data["child"]))
    if "formula" in data:
        return Formula(_call_from_json(data["formula"]))
    if "all" in data:
        return MatchAll() if data["all"] else MatchNone()
    return _leaf_from_json(data)


def _operand_from_json(data: Mapping[str, Any]) -> Operand:
    if "field" in data:
        return FieldValue(str(data["field"]))
    if "value" in data:
        return Constant(None if data["value"] is None else _number_restored(_restored(data["value"])))
    return _call_from_json(data)


def _call_from_json(data: Mapping[str, Any]) -> Call:
    arguments = tuple(map(_operand_from_json, data["arguments"]))
    return Call(str(data["call"]), arguments, bool(data.get("fold", False)))


def _leaf_from_json(data: Mapping[str, Any]) -> Leaf:
    values = tuple(map(_restored, data.get("values", ())))
    return Leaf(
        str(data["field"]),
        Op(data["op"]),
        values,
        bool(data.get("fold", False)),
        bool(data.get("wild_field", False)),
        bool(data.get("whole", False)),
    )
