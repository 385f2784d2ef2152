"""Importing everything behind some paths: rules, a batch to a transaction, then value lists, then exceptions.

Importing the same again changes nothing. A rule that cannot be used is reported with its place and the others load; one
of a type that is not evaluated is kept and shown. Costs some 10 ms a rule, most of it parsing its query.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from django.db import DataError, transaction

from accounts.models import Change, User
from engine import EngineError, RuleDefinition, RuleFileError, compile_rule, load_rule
from engine.linting import lint
from engine.rulefile import read_kibana_rule
from rules import epoch
from rules.importing.applying import apply_exceptions
from rules.importing.bounds import Bounds
from rules.importing.planning import ExceptionsPlan, plan_exceptions
from rules.importing.report import ImportReport, Line
from rules.importing.sources import Found, Kind, collect
from rules.importing.values import import_values
from rules.loading import check_ids
from rules.models import Rule
from rules.storing import Origin, Prepared, Status, Stored, compare, keep_up, store
from rules.superseding import relink
from rules.trees import TreeUnusable

BATCH = 50
_TO_STORE = (Status.NEW, Status.CHANGED)

Progress = Callable[[int, int, Counter[Status]], None]
"""Told how many rules are done, of how many, and how they ended."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A rule that could be read, and what of it has no meaning here."""

    path: str
    text: str
    definition: RuleDefinition
    notes: tuple[str, ...] = ()


def run_import(
    *,
    paths: Sequence[Path],
    source: str,
    actor: User | None,
    now: datetime,
    enable: bool | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Import rules and exceptions; with `dry_run` only say what would become of each.

    `enable` switches on what is new: True all of it, False nothing, None the rules that say so themselves.
    """
    origin = Origin(source, actor, now, enable)
    found = collect(paths)
    lines = [_passed_over(one) for one in found if one.problem or one.kind in (Kind.FILE, Kind.OTHER)]
    rules = [one for one in found if one.kind is Kind.RULE and not one.problem]
    seen: dict[str, str] = {}
    definitions: dict[str, RuleDefinition] = {}
    counts: Counter[Status] = Counter()
    for start in range(0, len(rules), BATCH):
        for line, definition in _batch(rules[start : start + BATCH], origin, seen, dry_run=dry_run):
            lines.append(line)
            counts[line.status] += 1
            if definition is not None:
                definitions[definition.rule_id] = definition
        if progress:
            progress(min(start + BATCH, len(rules)), len(rules), counts)
    lines += import_values(found, definitions, origin, dry_run=dry_run)
    planned = plan_exceptions(found, definitions, now)
    if not dry_run:
        apply_exceptions(planned, origin)
    lines += planned.lines
    return ImportReport(tuple(lines), dry_run, () if dry_run else _superseded(definitions))


def plan_of_export(found: Sequence[Found], *, now: datetime, bounds: Bounds) -> ExceptionsPlan:
    """What importing the exceptions of an export with their lists would do, and nothing else of it.

    Raises: ImportRefused.
    """
    lines = [_passed_over(one) for one in found if one.problem or one.kind in (Kind.FILE, Kind.OTHER)]
    lines += [_no_exception(one) for one in found if one.kind is Kind.RULE and not one.problem]
    planned = plan_exceptions(found, {}, now, bounds=bounds, tell_lists=True)
    return replace(planned, lines=(*lines, *planned.lines))


def _no_exception(one: Found) -> Line:
    rule_id, name = (str(one.data.get(key) or "")[:255] for key in ("rule_id", "name"))
    return Line(one.path, Status.SKIPPED, "rule", rule_id, name, "only exceptions are imported here")


def _superseded(definitions: Mapping[str, RuleDefinition]) -> tuple[str, ...]:
    """The names of the shipped rules that what was imported takes the place of."""
    rows = Rule.objects.filter(superseded_by__in=list(definitions)).order_by("name")
    return tuple(rows.values_list("name", flat=True))


def _passed_over(one: Found) -> Line:
    """What is no rule and no exception: an unreadable file, one of another kind, a connector of Kibana's."""
    if one.kind is Kind.OTHER and not one.problem:
        what = str(one.data.get("type", "object"))[:60]
        return Line(one.path, Status.SKIPPED, Kind.OTHER.value, message=f"“{what}” is neither a rule nor an exception")
    return Line(one.path, Status.SKIPPED if one.passed else Status.ERROR, Kind.FILE.value, message=one.problem)


def _batch(
    found: Iterable[Found], origin: Origin, seen: dict[str, str], *, dry_run: bool
) -> list[tuple[Line, RuleDefinition | None]]:
    """The lines of some rules, with the definition of those that are here afterwards."""
    read = [_read(one, seen) for one in found]
    ids = [one.definition.rule_id for one in read if isinstance(one, _Read)]
    existing = Rule.objects.select_related("revision").in_bulk(ids)
    lines = [one if isinstance(one, Line) else _judged(one, existing, origin) for one in read]
    if not dry_run and any(isinstance(line, tuple) for line in lines):
        lines = _stored(lines, origin)
    told = [line if isinstance(line, Line) else line[1] for line in lines]
    return [
        (line, one.definition if isinstance(one, _Read) and line.status is not Status.ERROR else None)
        for line, one in zip(told, read, strict=True)
    ]


def _read(one: Found, seen: dict[str, str]) -> _Read | Line:
    try:
        read = _parsed(one)
        if read.definition.metadata.get("maturity") == "deprecated":
            message = "it is deprecated upstream"
            return Line(one.path, Status.SKIPPED, "rule", read.definition.rule_id, read.definition.name, message)
        check_ids(read.definition, one.path, seen)
        return read
    except EngineError as error:
        return _refused(one.path, error)


def _parsed(one: Found) -> _Read:
    if one.data:
        rule = read_kibana_rule(one.data, one.path)
        return _Read(one.path, one.text, rule.definition, rule.ignored)
    return _Read(one.path, one.text, load_rule(one.text, one.path))


def _refused(path: str, error: EngineError, rule: RuleDefinition | None = None) -> Line:
    """The line of a rule that cannot be used; the error says where."""
    told = str(error).removeprefix(f"{error.path}: ") if isinstance(error, RuleFileError) else str(error)
    return Line(path, Status.ERROR, "rule", rule.rule_id if rule else "", rule.name if rule else "", told)


def _judged(one: _Read, existing: Mapping[str, Rule], origin: Origin) -> Line | tuple[Prepared, Line]:
    """What becomes of a rule; with what is to be stored where it is to be."""
    rule = existing.get(one.definition.rule_id)
    outcome = compare(one.text, one.definition, rule, origin.name)
    try:
        if outcome.status in _TO_STORE:
            prepared = Prepared(one.text, one.definition, compile_rule(one.definition, one.path))
            return prepared, _line(one, outcome, prepared.compiled.reason_not_evaluated or "")
        if rule is not None and outcome.status is Status.UNCHANGED:
            keep_up(rule, one.definition)
    except EngineError as error:
        return _refused(one.path, error, one.definition)
    except TreeUnusable as error:
        return Line(one.path, Status.ERROR, "rule", one.definition.rule_id, one.definition.name, str(error))
    return _line(one, outcome, "" if rule is None or rule.evaluated else rule.not_evaluated_because)


def _line(one: _Read, outcome: Stored, not_evaluated: str) -> Line:
    rule = one.definition
    line = Line(one.path, outcome.status, "rule", rule.rule_id, rule.name, outcome.message, notes=one.notes)
    line = replace(line, findings=lint(rule))
    if not_evaluated and outcome.status is not Status.KEPT:
        return replace(line, status=Status.UNSUPPORTED, stored=outcome.status, message=not_evaluated)
    return line


def _stored(lines: Iterable[Line | tuple[Prepared, Line]], origin: Origin) -> list[Line | tuple[Prepared, Line]]:
    """Write what is to be stored, in one transaction that counts one change of the rule set."""
    with transaction.atomic():
        number = epoch.bump()
        written = [line if isinstance(line, Line) else _write(*line, origin, number) for line in lines]
        relink(actor=origin.actor, now=origin.now, door=Change.Door.COMMAND)
    return list(written)


def _write(prepared: Prepared, line: Line, origin: Origin, number: int) -> Line:
    try:
        with transaction.atomic():
            outcome = store(prepared, origin, number)
    except DataError:
        return replace(line, status=Status.ERROR, message="holds something that the database cannot keep")
    if line.status is Status.UNSUPPORTED:
        return replace(line, stored=outcome.status)
    return replace(line, status=outcome.status, message=outcome.message)
