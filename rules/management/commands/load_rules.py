"""`manage.py load_rules [PATH…] [--enable]`: rule files into the database."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from rules.loading import PACK, LoadReport, Status, load_rules
from soc.web import clock


class Command(BaseCommand):
    """Load rule files; without a path the pack that is shipped, whose evaluated rules are switched on when new."""

    help = "Load detection rules from TOML files or folders. Without a path: the shipped pack, new rules switched on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Paths, and whether what is new is switched on."""
        parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="a rule file, or a folder of them")
        parser.add_argument("--enable", action="store_true", help="switch on the rules that are new here")
        parser.add_argument("--source", default="", help="the origin that the rule's page names; default: the path")

    def handle(self, *_args: Any, paths: list[Path], enable: bool, source: str, **_options: Any) -> None:
        """Load, say what became of each file, and fail when one was not loaded."""
        pack = settings.BASE_DIR / "rules" / "pack"
        report = load_rules(
            paths=paths or [pack],
            source=(source or (", ".join(path.name for path in paths) if paths else PACK))[:255],
            actor=None,
            now=clock.now(),
            enable=enable or not paths,
        )
        self._tell(report)

    def _tell(self, report: LoadReport) -> None:
        for file in report.files:
            if file.status is not Status.UNCHANGED:
                message = file.message if file.status is Status.ERROR else f"{file.name}  {file.message}".rstrip()
                self.stdout.write(f"{file.status:9} {message}")
        counts = ", ".join(f"{report.count(status)} {status}" for status in Status if report.count(status))
        self.stdout.write(f"{len(report.files)} rule files: {counts or 'none found'}")
        if report.errors:
            raise CommandError(f"{len(report.errors)} of {len(report.files)} rule files were not loaded.")
