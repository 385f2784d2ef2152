"""`manage.py sign_in_link NAME`: the way back in for who has lost the password, for who runs the machine."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from accounts import people
from accounts.management.commands.ensure_admin import own_url
from accounts.models import Change, User
from accounts.services import create_sign_in_link
from soc.web import clock


class Command(BaseCommand):
    """Prints a link that signs the person in once."""

    help = "Print a link that signs a person in once, within twelve hours."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """NAME, and whether the password is lost."""
        parser.add_argument("username")
        lost = "the password stops working and sessions end; who comes in by the link chooses a new one"
        parser.add_argument("--new-password", action="store_true", help=lost)

    def handle(self, *_args: Any, username: str, new_password: bool, **_options: Any) -> None:
        """Print the link."""
        user = User.objects.filter(username=username, is_active=True).first()
        if user is None:
            raise CommandError(f"There is nobody called {username}, or the account is switched off.")
        self.stdout.write(own_url(_link(user, new_password)))


def _link(user: User, new_password: bool) -> str:
    now = clock.now()
    if new_password:
        return people.new_sign_in_link(user=user, actor=None, now=now, door=Change.Door.COMMAND)
    return reverse("accounts:sign_in_by_link", args=[create_sign_in_link(user=user, now=now)])
