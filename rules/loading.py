"""Rule files into the database: each becomes a rule with a new revision when its content has changed.

A file that cannot be used is reported with its error and the others load. Loading a rule again changes what fires from
the next claim on; whether a rule is on stays as people have set it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson
from django.db import transaction

from accounts.models import Change, User
from accounts.record import record_change
from engine import COMPILER_VERSION, CompiledRule, EngineError, RuleDefinition, RuleFileError, compile_rule, load_rule
from rules import epoch, lookbacks, schedule
from rules.changes import changed_keys, in_words
from rules.models import Rule, RuleRevision
from rules.services import enable as switch_on
from rules.trees import TreeUnusable, as_json, definition_of, recompile

PACK = "pack"
MAX_FILE_BYTES = 1_000_000
MAX_ID = 64
MAX_NAME = 255


class Status(StrEnum):
    """What loading made of a file."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    KEPT = "kept"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """One rule file and what became of it; `message` is the error, or what changed."""

    path: str
    status: Status
    rule_id: str | None = None
    name: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What became of every file, in the order of their names."""

    files: tuple[LoadedFile, ...]

    def count(self, status: Status) -> int:
        """How many files ended so."""
        return Counter(file.status for file in self.files)[status]

    @property
    def errors(self) -> tuple[LoadedFile, ...]:
        """The files that were not loaded."""
        return tuple(file for file in self.files if file.status is Status.ERROR)


@dataclass(frozen=True, slots=True)
class _Source:
    """Who loads, from where and when."""

    name: str
    actor: User | None
    now: datetime
    enable: bool


def load_rules(
    *, paths: Sequence[Path], source: str, actor: User | None, now: datetime, enable: bool = False
) -> LoadReport:
    """Load rule files and the *.toml files of folders. With `enable`, rules that are new here are switched on.

    `source` names the origin on the rule's page. The shipped pack leaves alone what somebody loaded from elsewhere.
    One transaction a file. Costs about 5 ms a changed rule, less than one an unchanged.
    """
    origin = _Source(source, actor, now, enable)
    seen: dict[str, str] = {}
    return LoadReport(tuple(_load_file(path, origin, seen) for path in _files(paths)))


def _files(paths: Iterable[Path]) -> list[Path]:
    return [file for path in paths for file in (sorted(path.rglob("*.toml")) if path.is_dir() else [path])]


def _load_file(path: Path, origin: _Source, seen: dict[str, str]) -> LoadedFile:
    shown = path.name
    try:
        text = _read(path)
        definition = load_rule(text, shown)
        _check(definition, shown, seen)
        return _load(text, shown, definition, origin)
    except EngineError as error:
        told = str(error)
        return LoadedFile(shown, Status.ERROR, message=told if told.startswith(shown) else f"{shown}: {told}")


def _read(path: Path) -> str:
    """The file's text, never more than a rule file may hold.

    Raises: RuleFileError.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            raise RuleFileError(path.name, None, "is over a megabyte; that is no rule file")
        return data.decode("utf-8")
    except OSError as error:
        raise RuleFileError(path.name, None, f"cannot be opened: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RuleFileError(path.name, None, f"is not UTF-8 text (byte {error.start + 1})") from error


def _check(definition: RuleDefinition, path: str, seen: dict[str, str]) -> None:
    if len(definition.rule_id) > MAX_ID:
        raise RuleFileError(path, "rule.rule_id", f"is over {MAX_ID} characters long")
    if len(definition.name) > MAX_NAME:
        raise RuleFileError(path, "rule.name", f"is over {MAX_NAME} characters long")
    if definition.rule_id in seen:
        raise RuleFileError(path, "rule.rule_id", f"is the id of the rule in {seen[definition.rule_id]} too")
    seen[definition.rule_id] = path


def _load(text: str, path: str, definition: RuleDefinition, origin: _Source) -> LoadedFile:
    existing = Rule.objects.select_related("revision").filter(pk=definition.rule_id).first()
    if existing is not None and origin.name == PACK and existing.source != PACK:
        return _told(path, Status.KEPT, definition, f"loaded from {existing.source}; the shipped version is left out")
    if existing is not None and existing.revision is not None and _is_same(existing.revision, text, definition):
        return _unchanged(existing, existing.revision, path, definition)
    compiled = compile_rule(definition)
    with transaction.atomic():
        return _store(text, path, definition, compiled, origin)


def _is_same(revision: RuleRevision, text: str, definition: RuleDefinition) -> bool:
    """Whether the revision says the same: the same text, or another text (a comment) of the same content."""
    return revision.source_text == text or revision.definition == _plain(definition)


def _unchanged(rule: Rule, revision: RuleRevision, path: str, definition: RuleDefinition) -> LoadedFile:
    """A rule as it was; after an upgrade its tree is compiled anew, so that the first start pays and not every one."""
    if revision.compiler_version != COMPILER_VERSION:
        compiled = compile_rule(definition)
        if compiled.logic is not None:
            recompile(definition, revision.pk)
        _note_evaluated(rule, compiled)
    return _told(path, Status.UNCHANGED, definition)


def _note_evaluated(rule: Rule, compiled: CompiledRule) -> None:
    """Keep up with an upgrade that evaluates a type which was only shown before."""
    if rule.evaluated != compiled.evaluated:
        with transaction.atomic():
            epoch.bump()
            Rule.objects.filter(pk=rule.pk).update(
                evaluated=compiled.evaluated, not_evaluated_because=compiled.reason_not_evaluated or ""
            )


def _store(text: str, path: str, definition: RuleDefinition, compiled: CompiledRule, origin: _Source) -> LoadedFile:
    """Write the rule and its next revision, and have it judge its look-back where the logic asks for it."""
    number = epoch.bump()
    rule = _locked(definition, origin)
    before = rule.revision
    if before is not None and _is_same(before, text, definition):
        return _told(path, Status.UNCHANGED, definition)  # another loader was faster
    keys = changed_keys(before.definition, _plain(definition)) if before else []
    revision = _revision(rule, text, definition, compiled, origin, note=in_words(keys) if before else "first version")
    missed_since = rule.quarantined_at
    _point_at(rule, revision, definition, compiled, origin)
    _record(rule, before, revision, keys, origin)
    if before is None:
        if origin.enable and compiled.evaluated and definition.enabled is not False:
            switch_on(rule=rule, actor=origin.actor, now=origin.now, door=Change.Door.COMMAND)
        return _told(path, Status.NEW, definition, compiled.reason_not_evaluated or "")
    if rule.enabled and compiled.evaluated and (missed_since or _must_look_back(before, revision, definition)):
        lookbacks.open_lookback(
            rule=rule,
            revision=revision,
            definition=definition,
            now=origin.now,
            after_epoch=number,
            missed_since=missed_since,
        )
    return _told(path, Status.CHANGED, definition, f"revision {revision.number}: {revision.note}")


def _locked(definition: RuleDefinition, origin: _Source) -> Rule:
    """The rule's row, locked; made first if there is none."""
    Rule.objects.get_or_create(
        pk=definition.rule_id,
        defaults={
            "name": definition.name,
            "type": definition.type,
            "severity": definition.severity,
            "risk_score": definition.risk_score,
            "source": origin.name,
            "created_at": origin.now,
            "updated_at": origin.now,
        },
    )
    rows = Rule.objects.select_for_update(no_key=True, of=("self",)).select_related("revision", "team")
    return rows.get(pk=definition.rule_id)


def _revision(
    rule: Rule, text: str, definition: RuleDefinition, compiled: CompiledRule, origin: _Source, *, note: str
) -> RuleRevision:
    return RuleRevision.objects.create(
        rule=rule,
        number=rule.revision.number + 1 if rule.revision else 1,
        definition=_plain(definition),
        source_text=text,
        tree=as_json(compiled.logic) if compiled.logic is not None else None,
        compiler_version=COMPILER_VERSION,
        logic_hash=compiled.logic_hash,
        note=note[:255],
        created_at=origin.now,
        created_by=origin.actor,
    )


def _point_at(
    rule: Rule, revision: RuleRevision, definition: RuleDefinition, compiled: CompiledRule, origin: _Source
) -> None:
    """Let the rule be what its new revision says; a rule set aside for being broken gets another try."""
    rule.name, rule.type = definition.name, definition.type
    rule.severity, rule.risk_score = definition.severity, definition.risk_score
    rule.tags, rule.techniques = list(definition.tags), techniques_of(definition)
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


def _must_look_back(before: RuleRevision, after: RuleRevision, definition: RuleDefinition) -> bool:
    """Whether stored events have to be judged anew: another logic, or a look-back that reaches elsewhere."""
    if bytes(before.logic_hash) != bytes(after.logic_hash):
        return True
    try:
        return schedule.lookback(definition_of(before)) != schedule.lookback(definition)
    except TreeUnusable:
        return True


def _record(rule: Rule, before: RuleRevision | None, after: RuleRevision, keys: list[str], origin: _Source) -> None:
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


def _told(path: str, status: Status, definition: RuleDefinition, message: str = "") -> LoadedFile:
    return LoadedFile(path, status, definition.rule_id, definition.name, message)
