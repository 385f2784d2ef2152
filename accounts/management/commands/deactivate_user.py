"""`manage.py deactivate_user NAME`: shut somebody out, for who runs the machine and has no browser at hand."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import people
from accounts.errors import Refused
from accounts.management.naming import named
from accounts.models import Change
from soc.web import clock


class Command(BaseCommand):
    """Ends sessions and links; keys that act for the person stop. --reactivate lets the person back in."""

    help = "Shut a person out at once, or with --reactivate let the person back in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """NAME, and the way back."""
        parser.add_argument("username")
        parser.add_argument("--reactivate", action="store_true", help="let the person back in")

    def handle(self, *_args: Any, username: str, reactivate: bool, **_options: Any) -> None:
        """Do it, and say so."""
        act = people.reactivate if reactivate else people.deactivate
        try:
            user = act(user=named(username), actor=None, now=clock.now(), door=Change.Door.COMMAND)
        except Refused as refused:
            raise CommandError(refused.message) from None
        self.stdout.write(f"{user.username} {'may sign in again' if user.is_active else 'is shut out'}.")
