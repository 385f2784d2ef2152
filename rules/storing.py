"""A checked rule definition into the database: a rule, and a new revision when its content has changed.

Whether a rule is on, and what people have set on it (rules/overrides.py), stays as it is; what it looks for changes
from the next claim on, and its look-back is judged anew where the logic asks for it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction

from accounts.models import Change, User
from accounts.record import record_change
from engine import COMPILER_VERSION, CompiledRule, RuleDefinition, compile_rule
from rules import epoch, lookbacks, schedule, superseding
from rules.changes import changed_keys, in_words
from rules.effective import effective, show_effective
from rules.headings import heading
from rules.models import Rule, RuleRevision
from rules.services import switch_on
from rules.superseding import PACK
from rules.trees import TreeUnusable, as_json, definition_of, recompile


class Status(StrEnum):
    """What loading made of a rule."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    KEPT = "kept"
    UNSUPPORTED = "unsupported"
    SKIPPED = "skipped"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Origin:
    """Who loads, from where, when and through which door. `enable` switches on what is new: True all, None what says so
    itself. `group`: under which the record keeps what is made, where it is one act."""

    name: str
    actor: User | None
    now: datetime
    enable: bool | None = False
    door: Change.Door = Change.Door.COMMAND
    group: UUID | None = None

    def switches_on(self, definition: RuleDefinition) -> bool:
        """Whether a rule that is new here is switched on."""
        return definition.enabled is True if self.enable is None else self.enable and definition.enabled is not False


@dataclass(frozen=True, slots=True)
class Prepared:
    """A definition with the text it was read from and, where it has to be stored, what it compiles to."""

    text: str
    definition: RuleDefinition
    compiled: CompiledRule


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a definition; `message` is what changed, or why not."""

    status: Status
    message: str = ""


def compare(text: str, definition: RuleDefinition, existing: Rule | None, source: str) -> Stored:
    """What storing would do, without doing it; expects the rule's revision to be loaded along."""
    if existing is None or existing.revision is None:
        return Stored(Status.NEW)
    if source == PACK and existing.source != PACK:
        return Stored(Status.KEPT, f"loaded from {existing.source}; the shipped version is left out")
    if _is_same(existing.revision, text, definition):
        return Stored(Status.UNCHANGED)
    return Stored(Status.CHANGED, in_words(changed_keys(existing.revision.definition, _plain(definition))))


def keep_up(rule: Rule, definition: RuleDefinition) -> None:
    """For a rule that is as it was: after an upgrade compile its tree, so that the first start pays and not every one.

    Raises: EngineError, TreeUnusable when today's compiler cannot read it.
    """
    revision = rule.revision
    if revision is None or revision.compiler_version == COMPILER_VERSION:
        return
    compiled = compile_rule(definition)
    if compiled.logic is not None:
        recompile(definition, revision.pk)
    _note_evaluated(rule, compiled)


def _note_evaluated(rule: Rule, compiled: CompiledRule) -> None:
    """Keep up with an upgrade that evaluates a type which was only shown before."""
    if rule.evaluated != compiled.evaluated:
        with transaction.atomic():
            epoch.bump()
            Rule.objects.filter(pk=rule.pk).update(
                evaluated=compiled.evaluated, not_evaluated_because=compiled.reason_not_evaluated or ""
            )


def store(prepared: Prepared, origin: Origin, number: int) -> Stored:
    """Write the rule and its next revision; runs in the transaction that bumped the epoch to `number`.

    Costs about ten queries.
    """
    definition, compiled = prepared.definition, prepared.compiled
    rule = _locked(definition, origin)
    before = rule.revision
    if before is not None and _is_same(before, prepared.text, definition):
        return Stored(Status.UNCHANGED)  # another loader was faster
    keys = changed_keys(before.definition, _plain(definition)) if before else []
    revision = _revision(rule, prepared, origin, note=in_words(keys) if before else "first version")
    missed_since = rule.quarantined_at
    _point_at(rule, revision, definition, compiled, origin)
    _record(rule, before, revision, keys, origin)
    if before is None:
        if compiled.evaluated and origin.switches_on(definition):
            switch_on(rule, definition, origin.actor, origin.now, Change.Door.COMMAND, number)
        return Stored(Status.NEW, compiled.reason_not_evaluated or "")
    if _judges(rule) and (missed_since or _must_look_back(rule, before, revision, definition)):
        lookbacks.open_lookback(
            rule=rule,
            revision=revision,
            definition=effective(definition, rule.overrides),
            now=origin.now,
            after_epoch=number,
            missed_since=missed_since,
        )
    return Stored(Status.CHANGED, f"revision {revision.number}: {revision.note}")


def _judges(rule: Rule) -> bool:
    return rule.enabled and rule.evaluated and not superseding.stands_back(rule)


def _is_same(revision: RuleRevision, text: str, definition: RuleDefinition) -> bool:
    """Whether the revision says the same: the same text, or another text (a comment) of the same content."""
    return revision.source_text == text or revision.definition == _plain(definition)


def _locked(definition: RuleDefinition, origin: Origin) -> Rule:
    """The rule's row, locked; made if there is none. Nobody else makes one while this transaction holds the epoch."""
    rows = Rule.objects.select_for_update(no_key=True, of=("self",)).select_related("revision", "team", "superseded_by")
    rule = rows.filter(pk=definition.rule_id).first()
    return rule or Rule.objects.create(
        pk=definition.rule_id,
        name=heading(definition.name),
        type=definition.type,
        severity=definition.severity,
        risk_score=definition.risk_score,
        source=origin.name,
        created_at=origin.now,
        updated_at=origin.now,
    )


def _revision(rule: Rule, prepared: Prepared, origin: Origin, *, note: str) -> RuleRevision:
    compiled = prepared.compiled
    return RuleRevision.objects.create(
        rule=rule,
        number=rule.revision.number + 1 if rule.revision else 1,
        definition=_plain(prepared.definition),
        source_text=prepared.text,
        tree=as_json(compiled.logic) if compiled.logic is not None else None,
        compiler_version=COMPILER_VERSION,
        logic_hash=compiled.logic_hash,
        note=note[:255],
        created_at=origin.now,
        created_by=origin.actor,
    )


def _point_at(
    rule: Rule, revision: RuleRevision, definition: RuleDefinition, compiled: CompiledRule, origin: Origin
) -> None:
    """Let the rule be what its new revision says; a rule set aside for being broken gets another try."""
    rule.name, rule.type = heading(definition.name), definition.type
    show_effective(rule, effective(definition, rule.overrides))
    rule.techniques = techniques_of(definition)
    rule.evaluated, rule.not_evaluated_because = compiled.evaluated, compiled.reason_not_evaluated or ""
    rule.quarantined_at, rule.quarantine_reason = None, ""
    rule.source, rule.revision, rule.updated_at = origin.name, revision, origin.now
    rule.save()


def techniques_of(definition: RuleDefinition) -> list[str]:
    """The ids of the techniques and sub-techniques a rule is mapped to, each once, in the file's order."""
    found: dict[str, None] = {}
    for tactic in definition.threat:
        for technique in tactic.techniques:
            found[technique.id] = None
            found.update(dict.fromkeys(below.id for below in technique.subtechniques))
    return list(found)


def _must_look_back(rule: Rule, before: RuleRevision, after: RuleRevision, definition: RuleDefinition) -> bool:
    """Whether stored events have to be judged anew: another logic, or a look-back that reaches elsewhere."""
    if bytes(before.logic_hash) != bytes(after.logic_hash):
        return True
    try:
        was, now = effective(definition_of(before), rule.overrides), effective(definition, rule.overrides)
        return schedule.lookback(was) != schedule.lookback(now)
    except TreeUnusable:
        return True


def _record(rule: Rule, before: RuleRevision | None, after: RuleRevision, keys: list[str], origin: Origin) -> None:
    record_change(
        at=origin.now,
        actor=origin.actor,
        door=Change.Door.COMMAND,
        verb="change" if before else "load",
        object_type="rule",
        object_id=rule.pk,
        before={"revision": before.number} if before else None,
        after={"revision": after.number, "name": rule.name, "source": origin.name, "keys": keys},
        team=rule.team,
    )


def _plain(definition: RuleDefinition) -> dict[str, Any]:
    """The definition as a JSON column gives it back, so that the two can be compared."""
    plain: dict[str, Any] = orjson.loads(orjson.dumps(definition.to_json()))
    return plain
