"""What passes meant for rules: rows appended by the evaluation, never updated, read by the rule pages."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from rules.models import RuleRun


@dataclass(frozen=True, slots=True)
class RunRow:
    """One pass of one rule over the window [start, end): what was judged, hit, raised, excepted and over the cap.

    `suppressed` hits were counted at an alert that stands.
    """

    rule_id: str
    revision_id: int
    kind: RuleRun.Kind
    at: datetime
    start: datetime
    end: datetime
    events: int
    hits: int
    alerts: int
    excepted: int = 0
    over_cap: int = 0
    suppressed: int = 0
    milliseconds: int = 0


def append(rows: Sequence[RunRow]) -> None:
    """Keep what a pass meant for the rules that had hits. One statement; nothing when there are none."""
    RuleRun.objects.bulk_create([RuleRun(**asdict(row)) for row in rows], batch_size=1_000)
