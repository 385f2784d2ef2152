"""`manage.py unlink_identity NAME`: unties an identity of the identity provider from a person."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from accounts import people
from accounts.management.naming import named
from accounts.models import Change
from soc.web import clock


class Command(BaseCommand):
    """Unties it and ends the person's sessions; the next identity with the person's verified address is tied."""

    help = "Untie the identity provider's identity from a person."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """NAME."""
        parser.add_argument("username")

    def handle(self, *_args: Any, username: str, **_options: Any) -> None:
        """Do it, and say what there was."""
        user = named(username)
        tied = people.unlink_identity(user=user, actor=None, now=clock.now(), door=Change.Door.COMMAND)
        self.stdout.write(f"{user.username}: {', '.join(tied) or 'there was nothing to untie'}.")
