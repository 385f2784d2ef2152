"""`manage.py create_user NAME --role analyst`: a person who may sign in."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Team, User
from accounts.roles import Role
from accounts.selectors import default_team
from accounts.services import create_person
from soc.web import clock


class Command(BaseCommand):
    """Prints the generated password once; the person chooses another at the first sign-in."""

    help = "Make a person with a generated password, printed once, to be changed at the first sign-in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """NAME, the role, and the teams (the default team); a team that does not exist is made."""
        parser.add_argument("username")
        parser.add_argument("--role", choices=[role.value for role in Role], default=Role.ANALYST.value)
        parser.add_argument("--team", metavar="SLUG", action="append", default=[], help="may be given several times")

    def handle(self, *_args: Any, username: str, role: str, team: list[str], **_options: Any) -> None:
        """Make the person and print the password."""
        if User.objects.filter(username=username).exists():
            raise CommandError(f"{username} exists already.")
        teams = [_team(slug) for slug in team] or [default_team()]
        _, password = create_person(username=username, role=Role(role), teams=teams, actor=None, now=clock.now())
        self.stdout.write(f"Made {username} ({role}). Password, shown once: {password}")


def _team(slug: str) -> Team:
    made, _ = Team.objects.get_or_create(slug=slug, defaults={"name": slug.replace("-", " ").capitalize()})
    return made
