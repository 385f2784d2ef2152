"""Write stored events as lines of JSON, for other tools: SQL sees the columns only, not the documents."""

from argparse import ArgumentParser
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError

from accounts.models import Team
from events.pages.asked import read_asked
from events.searching import indices_asked
from events.store import StoredEvent, scan
from soc.web import clock


class Command(BaseCommand):
    """`manage.py export_events --from now-7d --query 'process.name: perl' > perl.ndjson`."""

    help = "Write stored events as NDJSON, oldest first, with their _index and _id."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The same words as a search's address."""
        parser.add_argument("--from", dest="start", default="now-24h", help="a date or date math; default now-24h")
        parser.add_argument("--to", dest="end", default="now", help="a date or date math; default now")
        parser.add_argument("--query", default="", help="KQL; default all events")
        parser.add_argument(
            "--index", action="append", default=[], help="a glob of indices; may be given again; default all but alerts"
        )
        parser.add_argument("--team", help="the slug of one team; default all")

    def handle(self, *_args: str, **options: Any) -> None:
        """Stream to standard output. Raises CommandError for what cannot be read."""
        asked = read_asked(options["query"], options["start"], options["end"], clock.now())
        if asked.tree is None or asked.window is None:
            mistake = asked.mistake
            raise CommandError(f"column {mistake.column}: {mistake.message}" if mistake else asked.time_mistake)
        events = scan(
            tree=asked.tree,
            window=asked.window,
            team_ids=_teams(options["team"]),
            indices=options["index"] or indices_asked(asked.tree),
            by="time",
        )
        for event in events:
            self.stdout.write(_line(event))


def _teams(slug: str | None) -> list[int]:
    teams = Team.objects.filter(slug=slug) if slug else Team.objects.all()
    found = list(teams.values_list("pk", flat=True))
    if not found:
        raise CommandError(f"There is no team {slug}.")
    return found


def _line(event: StoredEvent) -> str:
    content = {"_index": event.index, "_id": event.uid.hex()} | orjson.loads(event.raw)
    return orjson.dumps(content).decode()
