"""`manage.py import_rules PATH… [--enable|--no-enable] [--dry-run] [--report FILE]`: rules by the thousand."""

import sys
import time
from argparse import ArgumentParser, BooleanOptionalAction
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError

from rules.importing import ImportReport, Line, run_import
from rules.storing import Status
from soc.web import clock

_WIDTH = 30
_KINDS = (
    ("rule", "rules"),
    ("value list", "value lists"),
    ("exception", "exceptions"),
    ("file", "files"),
    ("other object", "other objects"),
)


class Command(BaseCommand):
    """Import folders and zips of rule files and Kibana's exports, with a bar on a terminal and a line for each rule."""

    help = (
        "Import detection rules: rule files (TOML), folders and zips of them, Kibana's NDJSON exports with their "
        "exceptions, and value lists (TXT, a value a line; CSV tables). Importing again updates; what was set here "
        "stays."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Paths, what to switch on, and where the report goes."""
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file, folder, zip or NDJSON export")
        parser.add_argument(
            "--enable",
            action=BooleanOptionalAction,
            default=None,
            help="switch on all new rules, or none; without either those that say enabled = true",
        )
        parser.add_argument("--dry-run", action="store_true", help="only say what would become of each")
        parser.add_argument("--report", type=Path, metavar="FILE", help="write a JSON line for each rule and exception")
        parser.add_argument("--source", default="", help="the origin that the rule's page names; default: the path")

    def handle(self, *_args: Any, paths: list[Path], **options: Any) -> None:
        """Import, say what became of each, and fail when something could not be imported."""
        bar = _Bar(options["verbosity"] > 0)
        report = run_import(
            paths=paths,
            source=(options["source"] or ", ".join(path.name or str(path) for path in paths))[:255],
            actor=None,
            now=clock.now(),
            enable=options["enable"],
            dry_run=options["dry_run"],
            progress=bar.tell,
        )
        bar.end()
        if options["report"]:
            _write(options["report"], report)
        self._tell(report, in_full=options["verbosity"] > 1)

    def _tell(self, report: ImportReport, *, in_full: bool) -> None:
        quiet = () if in_full else (Status.UNCHANGED, Status.SKIPPED)
        for line in report.lines:
            if line.status not in quiet:
                self._tell_line(line)
        for name in report.superseded:
            self.stdout.write(f"superseded  {name}: the imported rule takes its place while it is on")
        for kind, title in _KINDS:
            if counts := report.in_words(kind):
                self.stdout.write(f"{title}: {counts}{' (dry run: nothing was stored)' if report.dry_run else ''}")
        findings = sum(bool(line.findings) for line in report.lines)
        if findings:
            self.stdout.write(f"{findings:,} rules hold something that hardly was meant; the report names the places.")
        if report.errors:
            raise CommandError(f"{len(report.errors):,} of {len(report.lines):,} could not be imported.")

    def _tell_line(self, line: Line) -> None:
        what = line.name or line.id
        place = f"{line.path}: " if line.status is Status.ERROR or not what else ""
        told = f": {line.message}" if line.message and what else line.message
        self.stdout.write(f"{line.status:11} {place}{what}{told}".rstrip())
        for note in line.notes:
            self.stdout.write(f"{'':11} {note}")


class _Bar:
    """How far it has come: a bar on a terminal, else a line now and then; nothing for scripts that ask for silence."""

    def __init__(self, shown: bool) -> None:
        self.shown, self.on_terminal, self.last = shown, sys.stderr.isatty(), 0.0

    def tell(self, done: int, total: int, counts: Counter[Status]) -> None:
        """Show it, at most ten times a second on a terminal and every few seconds elsewhere."""
        now = time.monotonic()
        if not self.shown or (now - self.last < (0.1 if self.on_terminal else 3) and done < total):
            return
        self.last = now
        ended = ", ".join(f"{counts[status]:,} {status}" for status in Status if counts[status])
        if self.on_terminal:
            full = _WIDTH * done // max(total, 1)
            sys.stderr.write(f"\r\033[K[{'█' * full}{'·' * (_WIDTH - full)}] {done:,} of {total:,}  {ended}")
        else:
            sys.stderr.write(f"{done:,} of {total:,} rules: {ended}\n")
        sys.stderr.flush()

    def end(self) -> None:
        """Leave the bar's line."""
        if self.shown and self.on_terminal and self.last:
            sys.stderr.write("\n")


def _write(path: Path, report: ImportReport) -> None:
    try:
        with path.open("wb") as file:
            file.writelines(orjson.dumps(line.to_json()) + b"\n" for line in report.lines)
    except OSError as error:
        raise CommandError(f"The report cannot be written to {path}: {error.strerror}") from error
