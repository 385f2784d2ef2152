"""`manage.py purge_demo`: take the demo data out, and only that."""

from argparse import ArgumentParser
from collections.abc import Iterator

from django.core.management.base import BaseCommand

from soc.demo.purge import Purged, purge


class Command(BaseCommand):
    """Delete all demo events, alerts and cases after asking."""

    help = "Delete the demo company's events, alerts and cases. Asks first; --yes does not."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One switch for scripts."""
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *_args: object, **options: object) -> None:
        """Ask, purge, say how much."""
        if not options["yes"] and input("Delete all demo events, alerts and cases? Type yes: ").strip() != "yes":
            self.stdout.write("Nothing was deleted.")
            return
        for line in _account(purge()):
            self.stdout.write(line)


def _account(gone: Purged) -> Iterator[str]:
    """What went, and what could not be told apart or belongs to everybody, with what to do about it."""
    yield f"Deleted {gone.events:,} demo events, {gone.cases:,} demo cases and {gone.alerts:,} demo alerts."
    if gone.runs_left or gone.counters_left:
        runs, counters = (
            f"{gone.runs_left:,} rows of rule runs",
            f"{gone.counters_left:,} counters of alerts per interval",
        )
        yield f"Left: {runs} and {counters}. They count demo and other events together."
    if gone.exceptions_left:
        yield f"Left in force: {len(gone.exceptions_left)} exceptions written on demo alerts. See the rules' pages:"
        yield from (f"  {name}" for name in gone.exceptions_left)
    yield "A running `make run` sends demo telemetry again; DEMO=0 make run starts without."
