"""The rows of the table of agents: a sender and, in a sentence, what we know about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from events import senders
from events.letters import words_of
from events.senders import SenderRow
from soc.web.evidence import plain
from soc.web.paging import KeyPage
from soc.web.when import short_span

LOOKS = {
    "silent": ("failing", "fail"),
    "clock": ("slow", "warn"),
    "dropping": ("slow", "warn"),
    "fine": ("fine", "check"),
}
"""Class and icon of each state."""
_LONGEST_WORD = 80


@dataclass(frozen=True, slots=True)
class AgentRow:
    """A sender as the page shows it."""

    sender: SenderRow
    words: str
    look: str
    icon: str
    quiet: timedelta
    per_second: float
    clock: str
    known: str

    @property
    def rate(self) -> str:
        """Events a second since the hour before this one began."""
        if not self.sender.events:
            return "0"
        return f"{self.per_second:.1f}" if self.per_second >= 0.05 else "under 0.1"

    @property
    def late(self) -> bool:
        """Whether its silence is the point."""
        return self.sender.state == "silent"


def worst(*, team_ids: Sequence[int], now: datetime, limit: int) -> list[AgentRow]:
    """The senders that need a look first. Two queries."""
    return rows_of(senders.page(team_ids=team_ids, now=now, limit=limit).items, now)


def page(
    *, team_ids: Sequence[int], now: datetime, state: str, find: str, after: str | None
) -> tuple[KeyPage[SenderRow], list[AgentRow]]:
    """A page of all of them. Two queries."""
    found = senders.page(team_ids=team_ids, now=now, state=state, find=find, after=after)
    return found, rows_of(found.items, now)


def rows_of(found: Sequence[SenderRow], now: datetime) -> list[AgentRow]:
    """With words; the last word of those that are silent is looked up."""
    words = senders.last_words([row for row in found if row.state == "silent"])
    return [_row(row, now, words.get((row.team_id, row.host), "")) for row in found]


def _row(row: SenderRow, now: datetime, last_word: str) -> AgentRow:
    look, icon = LOOKS[row.state]
    since = max(senders.recent_since(now), row.first_at)
    span = max((now - since).total_seconds(), 60)
    return AgentRow(
        sender=row,
        words=senders.STATES[row.state],
        look=look,
        icon=icon,
        quiet=now - row.last_at,
        per_second=row.events / span,
        clock=_clock(row.ahead_ms),
        known=_known(row, now, last_word),
    )


def _clock(ahead_ms: int | None) -> str:
    """How far its clock is ahead, with a sign: "+4 m 40 s"."""
    if ahead_ms is None:
        return ""
    sign, seconds = "−" if ahead_ms < 0 else "+", abs(ahead_ms) / 1_000
    if seconds < 60:
        return f"{sign}{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{sign}{minutes} m {rest} s" if minutes < 60 else f"{sign}{short_span(timedelta(seconds=seconds))}"


def _known(row: SenderRow, now: datetime, last_word: str) -> str:
    if row.state == "silent":
        return _why_silent(row, now, last_word)
    if row.state == "clock":
        if (row.ahead_ms or 0) > 0:
            return "ahead of ours; rules with a window on arrival are not misled"
        return "its newest event was old on arrival: its clock is behind, or it sends late"
    if row.state == "dropping":
        return f"{100 * row.refused_share:.1f} % refused: {words_of(row.reason).lower()}"
    return f"{row.refused:,} refused: {words_of(row.reason).lower()}" if row.refused else ""


def _why_silent(row: SenderRow, now: datetime, last_word: str) -> str:
    if row.key_name is None:
        return "its key is gone"
    if row.key_revoked_at is not None:
        return "its key was revoked"
    if row.key_expires_at is not None and row.key_expires_at <= now:
        return "its key has expired"
    if last_word:
        return f"last word: {plain(last_word)[:_LONGEST_WORD]}"
    usual = timedelta(seconds=row.gap_seconds)
    return (
        f"usually quiet for {short_span(usual)} at most"
        if usual > timedelta(minutes=1)
        else "usually sends all the time"
    )
