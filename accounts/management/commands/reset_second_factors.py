"""`manage.py reset_second_factors NAME`: the way back in for who has lost phone, key and recovery codes."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from accounts import people
from accounts.management.naming import named
from accounts.models import Change
from soc.web import clock


class Command(BaseCommand):
    """Takes away every second factor and the recovery codes; it cannot be taken back."""

    help = "Take away every second factor of a person who has lost them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """NAME."""
        parser.add_argument("username")

    def handle(self, *_args: Any, username: str, **_options: Any) -> None:
        """Do it, and say what there was."""
        user = named(username)
        kinds = people.reset_second_factors(user=user, actor=None, now=clock.now(), door=Change.Door.COMMAND)
        self.stdout.write(f"{user.username}: {', '.join(kinds) or 'there was nothing to take away'}.")
