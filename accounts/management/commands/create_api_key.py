"""`manage.py create_api_key NAME`: a key for an agent or a client, from the command line."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.errors import Refused
from accounts.keys import create_key
from accounts.management.naming import named
from accounts.models import Change, Team
from accounts.scopes import Scope
from accounts.selectors import default_team
from soc.web import clock


class Command(BaseCommand):
    """Prints the key once; only its hash is kept."""

    help = "Make an API key: for an agent that sends events, or with --scope for a client. The key is printed once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """NAME, and optionally the team, how long it works, what it may, and as whom."""
        parser.add_argument("name", help="what sends with it, such as linux-fleet")
        parser.add_argument("--team", metavar="SLUG", help="whose events they are (the default team)")
        parser.add_argument("--expires", metavar="DAYS", type=int, help="how many days it works (for ever)")
        what = "what it may, may be given several times (events:write); more than that needs --acts-for"
        parser.add_argument("--scope", metavar="SCOPE", action="append", choices=Scope.values, help=what)
        parser.add_argument("--acts-for", metavar="USERNAME", help="whose rights the key has, within its scopes")

    def handle(
        self,
        *_args: Any,
        name: str,
        team: str | None,
        expires: int | None,
        scope: list[str] | None,
        acts_for: str | None,
        **_options: Any,
    ) -> None:
        """Make the key and print it."""
        now = clock.now()
        try:
            key, presented = create_key(
                name=name,
                team=_team(team),
                actor=None,
                now=now,
                expires_at=now + timedelta(days=expires) if expires is not None else None,
                scopes=scope or [Scope.EVENTS_WRITE],
                acts_for=named(acts_for) if acts_for else None,
                door=Change.Door.COMMAND,
            )
        except Refused as refused:
            raise CommandError(refused.message) from None
        until = f", until {key.expires_at:%Y-%m-%d}" if key.expires_at else ""
        person = f", as {key.acts_for.username}" if key.acts_for else ""
        self.stdout.write(f"Made {key.name} for team {key.team.slug}{person}{until}. Shown once:")
        self.stdout.write(f"Authorization: ApiKey {presented}")


def _team(slug: str | None) -> Team:
    if slug is None:
        return default_team()
    try:
        return Team.objects.get(slug=slug)
    except Team.DoesNotExist:
        known = ", ".join(Team.objects.order_by("slug").values_list("slug", flat=True))
        raise CommandError(f"There is no team {slug}. There are: {known or 'none yet'}.") from None
