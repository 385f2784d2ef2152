"""The logic (tree and plan) of a revision, read from stored JSON; a query is parsed only when the compiler changed.

A revision is immutable, so what a newer compiler makes of it is kept beside it, in CompiledTree.
"""

from typing import Any

import msgspec
import orjson

from engine import COMPILER_VERSION, EngineError, Logic, RuleDefinition, compile_rule, logic_from_json, logic_to_json
from rules.models import CompiledTree, RuleRevision


class TreeUnusable(Exception):  # noqa: N818 - it is a finding about a rule, not a fault of the program
    """A revision cannot be judged by in this version; the text says why, for the rule's page."""


def definition_of(revision: RuleRevision) -> RuleDefinition:
    """What the revision says.

    Raises: TreeUnusable when it was stored in a shape that this version cannot read.
    """
    try:
        return RuleDefinition.from_json(revision.definition)
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        raise TreeUnusable("Its stored definition cannot be read by this version; load the file again.") from error


def load_logic(definition: RuleDefinition, revision: RuleRevision) -> Logic:
    """The logic of a revision; compiled again, and kept, when no stored one was made by this compiler.

    Expects `revision.compiled` to be loaded along; else it costs a query.
    Raises: TreeUnusable.
    """
    stored = _stored(revision)
    return recompile(definition, revision.pk) if stored is None else _from_json(stored)


def recompile(definition: RuleDefinition, revision_id: int) -> Logic:
    """Compile the revision's source with today's compiler and keep its logic for the next start.

    Raises: TreeUnusable.
    """
    logic = compiled_anew(definition)
    CompiledTree.objects.update_or_create(
        revision_id=revision_id, defaults={"compiler_version": COMPILER_VERSION, "tree": as_json(logic)}
    )
    return logic


def compiled_anew(definition: RuleDefinition) -> Logic:
    """The logic of a definition as today's compiler makes it.

    Raises: TreeUnusable.
    """
    try:
        logic = compile_rule(definition).logic
    except (EngineError, KeyError) as error:
        raise TreeUnusable(f"Its query can no longer be read. {error}") from error
    if logic is None:
        raise TreeUnusable("Rules of its type are not evaluated.")
    return logic


def as_json(logic: Logic) -> dict[str, Any]:
    """The logic as plain JSON values, as a JSON column takes them."""
    plain: dict[str, Any] = orjson.loads(orjson.dumps(logic_to_json(logic)))
    return plain


def _stored(revision: RuleRevision) -> dict[str, Any] | None:
    if revision.compiler_version == COMPILER_VERSION and revision.tree is not None:
        tree: dict[str, Any] = revision.tree
        return tree
    cached: CompiledTree | None = getattr(revision, "compiled", None)
    return cached.tree if cached and cached.compiler_version == COMPILER_VERSION else None


def _from_json(stored: dict[str, Any]) -> Logic:
    try:
        return logic_from_json(stored)
    except (EngineError, KeyError, TypeError, ValueError, IndexError) as error:
        raise TreeUnusable("Its stored tree cannot be read; load the rule file again.") from error
