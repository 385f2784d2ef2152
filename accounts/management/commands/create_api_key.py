"""`manage.py create_api_key NAME`: a key for an agent, from the command line."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.keys import create_key
from accounts.models import Change, Team
from accounts.selectors import default_team
from soc.web import clock


class Command(BaseCommand):
    """Prints the key once; only its hash is kept."""

    help = "Make an API key that lets an agent send events. The key is printed once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """NAME, and optionally the team and how long it works."""
        parser.add_argument("name", help="what sends with it, such as linux-fleet")
        parser.add_argument("--team", metavar="SLUG", help="whose events they are (the default team)")
        parser.add_argument("--expires", metavar="DAYS", type=int, help="how many days it works (for ever)")

    def handle(self, *_args: Any, name: str, team: str | None, expires: int | None, **_options: Any) -> None:
        """Make the key and print it."""
        now = clock.now()
        key, presented = create_key(
            name=name,
            team=_team(team),
            actor=None,
            now=now,
            expires_at=now + timedelta(days=expires) if expires is not None else None,
            door=Change.Door.COMMAND,
        )
        until = f", until {key.expires_at:%Y-%m-%d}" if key.expires_at else ""
        self.stdout.write(f"Made {key.name} for team {key.team.slug}{until}. Shown once:")
        self.stdout.write(f"Authorization: ApiKey {presented}")


def _team(slug: str | None) -> Team:
    if slug is None:
        return default_team()
    try:
        return Team.objects.get(slug=slug)
    except Team.DoesNotExist:
        known = ", ".join(Team.objects.order_by("slug").values_list("slug", flat=True))
        raise CommandError(f"There is no team {slug}. There are: {known or 'none yet'}.") from None
