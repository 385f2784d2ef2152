"""`manage.py purge_demo`: take the demo data out, and only that."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand

from soc.demo.purge import purge


class Command(BaseCommand):
    """Delete all demo events and alerts after asking."""

    help = "Delete the demo company's events and alerts. Asks first; --yes does not."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One switch for scripts."""
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *_args: object, **options: object) -> None:
        """Ask, purge, say how much."""
        if not options["yes"] and input("Delete all demo events and alerts? Type yes: ").strip() != "yes":
            self.stdout.write("Nothing was deleted.")
            return
        gone = purge()
        self.stdout.write(f"Deleted {gone.events:,} demo events and {gone.alerts:,} rows of demo alerts.")
