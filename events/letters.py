"""Reads of dead letters: which ones are asked for, a page of them, and how many there are by reason and key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import BinaryField, Count, F, Max, Q, QuerySet, Sum
from django.db.models.functions import Substr

from accounts.models import ApiKey
from events.errors import LetterNotFound
from events.models import DeadLetter, Replay
from soc.web import counts
from soc.web.paging import KeyPage, cut, read_key

ROWS = 100
WITHIN = {"1h": timedelta(hours=1), "24h": timedelta(hours=24), "7d": timedelta(days=7)}
STATES = {"": "waiting", "sent": "sent again", "all": "all"}
REASONS = {
    "too_deep": "Nested too deeply",
    "too_old": "Older than the retention",
    "in_future": "More than a day ahead",
    "invalid_utf8": "Not UTF-8",
    "not_json": "Not JSON",
    "not_an_object": "Not a JSON object",
    "event_too_large": "Too large",
    "lone_surrogate": "Half of a surrogate pair",
    "nul_character": "Holds the character NUL",
    "duplicate_field": "The same key twice",
    "number_out_of_range": "A number too large",
    "wrong_type": "A value of the wrong type",
}
SHOWN_BYTES = 16_384
_SALT = "dead-letters"
_FIRST_BYTES = 400
_MOST_REPLAYS = 5
_MOST_HOSTS = 1_000


@dataclass(frozen=True, slots=True)
class Asked:
    """Which letters: of a reason, of a key, no older than a span; those not sent again unless said."""

    reason: str = ""
    key: str = ""
    within: str = ""
    state: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Asked":
        """From an address or a form; what means nothing is left out."""
        within, state = query.get("within", ""), query.get("state", "")
        return cls(
            query.get("reason", "")[:40].replace("\0", ""),
            query.get("key", "")[:20].replace("\0", ""),
            within if within in WITHIN else "",
            state if state in STATES else "",
        )

    def to_json(self) -> dict[str, str]:
        """Without what is not asked."""
        parts = {"reason": self.reason, "key": self.key, "within": self.within, "state": self.state}
        return {name: value for name, value in parts.items() if value}

    def of_teams(self, team_ids: Sequence[int], now: datetime) -> QuerySet[DeadLetter]:
        """The letters of these teams that are asked for."""
        found = DeadLetter.objects.filter(team_id__in=team_ids)
        if self.reason:
            found = found.filter(reason=self.reason)
        if self.key:
            found = found.filter(api_key_id=self.key)
        if self.within:
            found = found.filter(at__gte=now - WITHIN[self.within])
        if self.state != "all":
            is_waiting = Q(state=DeadLetter.State.REFUSED)
            found = found.filter(~is_waiting if self.state == "sent" else is_waiting)
        return found


@dataclass(frozen=True, slots=True)
class ByReason:
    """How many events were refused for a reason, and where from mostly."""

    reason: str
    events: int
    letters: int
    sendable: int
    host: str
    newest: datetime


@dataclass(frozen=True, slots=True)
class Letters:
    """A page of refused events with what one can narrow it down by."""

    asked: Asked
    page: KeyPage[DeadLetter]
    reasons: list[tuple[str, int]]
    keys: list[ApiKey]
    sendable: counts.Count
    replays: list[Replay]

    @property
    def running(self) -> bool:
        """Whether something is being sent again just now."""
        return any(replay.done_at is None for replay in self.replays)


def sendable(letters: QuerySet[DeadLetter]) -> QuerySet[DeadLetter]:
    """Those that can be sent again: kept whole, not stored yet, of a key that still exists."""
    return letters.filter(
        state=DeadLetter.State.REFUSED, events=1, body_bytes__gt=0, body_bytes=F("kept_bytes"), api_key__isnull=False
    )


def listing(*, team_ids: Sequence[int], asked: Asked, after: str | None, now: datetime) -> Letters:
    """The refused events of these teams that are asked for, newest first. Five queries.

    Of their bytes, up to a megabyte each, only the first are read.
    """
    wanted = asked.of_teams(team_ids, now)
    key = read_key(after, _SALT)
    rows = wanted
    if key.values is not None:
        at, number = key.values
        rows = rows.filter(Q(at__lt=at) | Q(at=at, pk__lt=number))
    rows = rows.defer("body").annotate(beginning=Substr("body", 1, _FIRST_BYTES, output_field=BinaryField()))
    shown: list[DeadLetter] = list(
        rows.select_related("api_key", "team", "tried_by").order_by("-at", "-pk")[: ROWS + 1]
    )
    page = cut(shown, ROWS, lambda row: (row.at.isoformat(), row.pk), _SALT, key.notice)
    mine = Asked(state=asked.state).of_teams(team_ids, now)
    counted = mine.values_list("reason").annotate(number=Sum("events")).order_by("-number", "reason")
    keys = ApiKey.objects.filter(pk__in=mine.values("api_key"))
    return Letters(
        asked,
        page,
        list(counted),
        list(keys.order_by("name", "id")[:100]),
        counts.capped(sendable(wanted)),
        list(replays(team_ids)),
    )


def replays(team_ids: Sequence[int]) -> QuerySet[Replay]:
    """What is being sent again and what was lately, newest first, wholly of these teams."""
    mine = Replay.objects.filter(team_ids__contained_by=list(team_ids)).select_related("asked_by")
    return mine.order_by("-pk")[:_MOST_REPLAYS]


def letter_for(*, letter_id: int, team_ids: Sequence[int]) -> DeadLetter:
    """One refused event. Raises LetterNotFound."""
    mine = DeadLetter.objects.filter(team_id__in=team_ids).select_related("api_key", "team", "tried_by")
    found = mine.filter(pk=letter_id).first()
    if found is None:
        raise LetterNotFound
    return found


def by_reason(*, team_ids: Sequence[int], since: datetime) -> list[ByReason]:
    """What was refused since then and still waits, by reason, most first. Two queries over an index."""
    waiting = DeadLetter.objects.filter(team_id__in=team_ids, at__gte=since, state=DeadLetter.State.REFUSED)
    whole = Q(events=1, body_bytes__gt=0, body_bytes=F("kept_bytes"), api_key__isnull=False)
    counted = waiting.values("reason").annotate(
        number=Sum("events"), letters=Count("pk"), can_go=Count("pk", filter=whole), newest=Max("at")
    )
    hosts = _mostly_from(waiting)
    rows = [
        ByReason(
            row["reason"], row["number"], row["letters"], row["can_go"], hosts.get(row["reason"], ""), row["newest"]
        )
        for row in counted
    ]
    return sorted(rows, key=lambda row: (-row.events, row.reason))


def _mostly_from(letters: QuerySet[DeadLetter]) -> dict[str, str]:
    """For each reason the host that most of its letters name."""
    named = letters.exclude(host="").values_list("reason", "host").annotate(number=Count("pk"))
    return {reason: host for reason, host, _ in named.order_by("-number")[:_MOST_HOSTS][::-1]}


def text_of(letter: DeadLetter, limit: int = SHOWN_BYTES) -> str:
    """The beginning of what was sent, as text that cannot harm: bytes that are no text are written as escapes."""
    return _as_text(bytes(letter.body)[:limit])


def first_bytes(letter: DeadLetter) -> str:
    """Enough to recognise it in a list, where only these were read."""
    beginning = getattr(letter, "beginning", None)
    return text_of(letter, _FIRST_BYTES) if beginning is None else _as_text(bytes(beginning))


def _as_text(sent: bytes) -> str:
    return sent.decode("utf-8", "backslashreplace")


def words_of(reason: str) -> str:
    """Why an event was refused, in words."""
    return REASONS.get(reason) or reason.replace("_", " ").capitalize()
