"""`manage.py simulate`: telemetry of a small company, past and live, through the real doors."""

import time
from argparse import ArgumentParser
from datetime import UTC, datetime

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from soc.demo.backfill import backfill
from soc.demo.company import Company, found
from soc.demo.live import LiveTelemetry
from soc.demo.team import demo_key
from soc.web.clock import now as database_now


class Command(BaseCommand):
    """Lay past telemetry (`--backfill`), or send it live (`--live`), as the demo company would."""

    help = "Demo telemetry of a small company: --backfill lays past days, --live posts events as they happen."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Either the past or the present, at a rate, by seed."""
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--backfill", action="store_true", help="lay past telemetry with demo verdicts")
        which.add_argument("--live", action="store_true", help="post telemetry over HTTP until stopped")
        parser.add_argument("--days", type=int, default=16, help="how far back (default 16)")
        parser.add_argument("--seed", type=int, default=7, help="the same seed tells the same days")
        parser.add_argument("--rate", type=float, default=2.0, help="events a second when live (default 2)")
        parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the web server answers")

    def handle(self, *_args: object, **options: object) -> None:
        """Found the company, take the demo's key, and go."""
        days, seed, rate = int(str(options["days"])), int(str(options["seed"])), float(str(options["rate"]))
        if not 1 <= days < settings.RETENTION_DAYS or not 0 < rate <= 5_000:
            raise CommandError(f"--days must be 1 to {settings.RETENTION_DAYS - 1} and --rate above 0, at most 5000.")
        company = found(seed)
        if options["backfill"]:
            self._past(company, seed, days)
        else:
            self._present(company, seed, rate, str(options["url"]).rstrip("/"))

    def _past(self, company: Company, seed: int, days: int) -> None:
        now = database_now()
        key, _ = demo_key(remembered_at=settings.HOME / "demo_key", now=now)
        report = backfill(company=company, key=key, seed=seed, days=days, now=now, progress=self._progress)
        self.stdout.write(
            f"Demo telemetry: {report.events:,} events of {days} days, "
            f"{report.alerts} alerts, {report.verdicts} with verdicts, {report.cases} cases."
        )

    _shown = 0

    def _progress(self, share: float) -> None:
        quarter = int(share * 4)
        if quarter > self._shown:
            self._shown = quarter
            self.stdout.write(f"Demo telemetry: {min(quarter * 25, 100)} %")

    def _present(self, company: Company, seed: int, rate: float, url: str) -> None:
        telemetry = LiveTelemetry(company, seed, url, _presented_key(), _presented_key, rate)
        try:
            telemetry.run(lambda: datetime.now(UTC), time.sleep)
        except KeyboardInterrupt:
            self.stdout.write("Demo telemetry stopped.")


def _presented_key() -> str:
    """The key in the home, or a new one when that does not work any more."""
    return demo_key(remembered_at=settings.HOME / "demo_key", now=database_now())[1]
