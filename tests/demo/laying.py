"""The demo's past, laid through the real doors as of one Friday, for the tests about it."""

from datetime import UTC, datetime
from typing import Any

from accounts.keys import create_key
from accounts.models import ApiKey
from rules.loading import load_rules
from soc.demo.backfill import BackfillReport, backfill
from soc.demo.company import found
from soc.demo.team import demo_team
from tests.demo.test_stories import _PACK

NOW = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)


def demo_key() -> ApiKey:
    """A key of the demo's team."""
    return create_key(name="Demo", team=demo_team(), actor=None, now=NOW, demo=True)[0]


def equipped() -> ApiKey:
    """The whole pack switched on, and the demo's key."""
    load_rules(paths=sorted(_PACK.glob("*.toml")), source="pack", actor=None, now=NOW, enable=True)
    return demo_key()


def lay(key: ApiKey, days: int = 1, now: datetime = NOW, progress: Any = float) -> BackfillReport:
    """Lay so many days before now."""
    return backfill(company=found(7), key=key, seed=7, days=days, now=now, progress=progress)


def with_days(days: int) -> tuple[ApiKey, BackfillReport]:
    """The pack, and so many days laid."""
    key = equipped()
    return key, lay(key, days)
