"""`manage.py sign_in_link NAME`: the way back in for who has lost the password, for who runs the machine."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from accounts.management.commands.ensure_admin import own_url
from accounts.models import User
from accounts.services import create_sign_in_link
from soc.web import clock


class Command(BaseCommand):
    """Prints a link that signs the person in once."""

    help = "Print a link that signs a person in once, within twelve hours."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """NAME."""
        parser.add_argument("username")

    def handle(self, *_args: Any, username: str, **_options: Any) -> None:
        """Print the link."""
        user = User.objects.filter(username=username, is_active=True).first()
        if user is None:
            raise CommandError(f"There is nobody called {username}, or the account is switched off.")
        token = create_sign_in_link(user=user, now=clock.now())
        self.stdout.write(own_url(reverse("accounts:sign_in_by_link", args=[token])))
