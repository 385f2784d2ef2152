"""`manage.py export_rules [--format toml|ndjson] [--ids ID…] PATH|-`: rules out of the database."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from rules.exporting import kibana_lines, rule_files
from rules.models import Rule
from rules.trees import TreeUnusable


class Command(BaseCommand):
    """Write rules as rule files into a folder, or as one NDJSON with their exceptions and lists."""

    help = (
        "Export rules: TOML rule files into the folder PATH, or Kibana's NDJSON, with exceptions and their lists, into "
        "the file PATH. `-` writes to standard output. What is written can be imported again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which rules, in which form, and where to."""
        parser.add_argument("path", metavar="PATH", help="a folder (toml), a file (ndjson), or - for standard output")
        parser.add_argument("--format", choices=("toml", "ndjson"), default="toml")
        parser.add_argument("--ids", nargs="+", metavar="ID", help="only these rules; default: all")
        parser.add_argument(
            "--effective", action="store_true", help="with the settings of this place (severity, schedule, tags)"
        )

    def handle(self, *_args: Any, path: str, **options: Any) -> None:
        """Write them, and say how many."""
        rules = _wanted(options["ids"])
        try:
            if options["format"] == "ndjson":
                _to_file(path, kibana_lines(rules, in_force=options["effective"]))
            else:
                texts = [(file.name, file.text) for file in rule_files(rules, in_force=options["effective"])]
                _to_folder(path, texts)
        except TreeUnusable as error:
            raise CommandError(f"A rule cannot be exported. {error}") from error
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}") from error
        self.stderr.write(f"{len(rules):,} rules exported.")


def _wanted(ids: list[str] | None) -> list[Rule]:
    rules = Rule.objects.filter(revision__isnull=False).select_related("revision").order_by("name", "pk")
    if ids is None:
        return list(rules)
    found = list(rules.filter(pk__in=ids))
    missing = sorted(set(ids) - {rule.pk for rule in found})
    if missing:
        raise CommandError(f"No such rule: {', '.join(missing)}.")
    return found


def _to_file(path: str, lines: Iterable[bytes]) -> None:
    if path == "-":
        sys.stdout.buffer.writelines(lines)
        sys.stdout.flush()
        return
    with Path(path).open("wb") as file:
        file.writelines(lines)


def _to_folder(path: str, texts: Iterable[tuple[str, str]]) -> None:
    """A file for each rule; on standard output one after the other, with its name as a comment."""
    if path == "-":
        for name, text in texts:
            sys.stdout.write(f"# {name}\n{text}\n")
        return
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts:
        (folder / name).write_text(text, encoding="utf-8")
