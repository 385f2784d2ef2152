"""`manage.py ensure_admin`: somebody who can sign in, on a machine that nobody has signed in to."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.urls import reverse

from accounts.models import User
from accounts.roles import Role
from accounts.selectors import default_team
from accounts.services import create_person, create_sign_in_link
from soc.web import clock

USERNAME = "admin"


def own_url(path: str) -> str:
    """The address of a page as the person at this machine types it.

    WATCHBILL_URL says where the site is, else the note that `make run` leaves in the home.
    """
    return (os.environ.get("WATCHBILL_URL") or _noted() or "http://127.0.0.1:8000").rstrip("/") + path


def _noted() -> str:
    try:
        return (Path(settings.HOME) / "url").read_text(encoding="ascii").strip()
    except (OSError, UnicodeError):
        return ""


class Command(BaseCommand):
    """Makes the default team and one administrator, unless there is an administrator."""

    help = "Make an administrator with a generated password and a one-time sign-in link, unless there is one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--print-once, without which the password would be lost: it is kept nowhere."""
        parser.add_argument("--print-once", action="store_true", required=True, help="print password and link")

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Print the way in, the first time; afterwards only that there is one."""
        team = default_team()
        if User.objects.filter(role=Role.ADMIN, is_active=True).exists():
            self.stdout.write("administrator exists")
            return
        now = clock.now()
        user, password = create_person(
            username=USERNAME, role=Role.ADMIN, teams=[team], actor=None, now=now, must_change_password=False
        )
        link = reverse("accounts:sign_in_by_link", args=[create_sign_in_link(user=user, now=now)])
        self.stdout.write("Made an administrator. This is shown once:")
        self.stdout.write(f"  name      {user.username}\n  password  {password}")
        self.stdout.write(f"  or sign in once, within 12 hours, by {own_url(link)}")
