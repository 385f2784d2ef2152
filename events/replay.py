"""Sending refused events again, each at most once: the letter is locked, and marked in the transaction that stores it.

The bytes go in as they came, for the team of the key that they came with; whether that key is revoked by now does not
matter, since a person answers for it. What is refused again stays, with the new reason. A letter that cannot be taken
in is that letter's affair, and a replay that fails lets the others go first, and is given up after some attempts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import QuerySet
from psycopg.errors import ProgramLimitExceeded

from accounts.access import need
from accounts.models import Change, User
from accounts.record import record_change
from accounts.roles import Permission
from events.errors import LetterNotFound, NotNow, NotSendable, RequestRefused
from events.ingest import ItemResult, ingest_again
from events.letters import WITHIN, Asked, sendable
from events.models import DeadLetter, Replay

PIECE = 100
MOST = 100_000
"""So many letters one replay covers at most."""
MOST_ATTEMPTS = 5
"""So many times in a row a replay may fail before it is given up; what it has not sent yet can be asked for again."""
log = structlog.get_logger(__name__)
_STATES = {"created": DeadLetter.State.STORED, "duplicate": DeadLetter.State.DUPLICATE}


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a letter; `detail` says why it was refused again."""

    letter: DeadLetter
    refused: bool
    detail: str


@transaction.atomic
def send_one(
    *, letter_id: int, actor: User, now: datetime, team_ids: Sequence[int], door: Change.Door = Change.Door.PAGE
) -> Sent:
    """Send one refused event again. Raises: NotAllowed, LetterNotFound, NotSendable (it was sent, or is cut)."""
    need(actor, Permission.OPERATE)
    locked = DeadLetter.objects.select_for_update(of=("self",)).select_related("api_key", "team").defer("body")
    letter = locked.filter(pk=letter_id, team_id__in=list(team_ids)).first()
    if letter is None:
        raise LetterNotFound
    _refuse_unless_sendable(letter)
    before = _told(letter)
    sent = _send(letter, actor, now)
    record_change(
        at=now,
        actor=actor,
        door=door,
        verb="send_again",
        object_type="dead_letter",
        object_id=letter.pk,
        before=before,
        after=_told(letter),
        team=letter.team,
    )
    return sent


@transaction.atomic
def ask_for_all(
    *, asked: Asked, actor: User, now: datetime, team_ids: Sequence[int], door: Change.Door = Change.Door.PAGE
) -> Replay | None:
    """Have all letters that are asked for sent again in the background; None when there are none that can be.

    What is refused from now on is not part of it. Asked twice, the second replay finds the letters sent.
    Raises: NotAllowed.
    """
    need(actor, Permission.OPERATE)
    wanted = sendable(asked.of_teams(team_ids, now)).order_by("pk")
    numbers = list(wanted.values_list("pk", flat=True)[:MOST])
    if not numbers:
        return None
    told = asked.to_json() | ({"since": (now - WITHIN[asked.within]).isoformat()} if asked.within else {})
    made = Replay.objects.create(
        team_ids=list(team_ids),
        asked=told,
        asked_by=actor,
        asked_at=now,
        door=door,
        total=len(numbers),
        up_to_id=numbers[-1],
        last_id=numbers[0] - 1,
    )
    _record(made, "ask", actor, now, {"total": made.total, "asked": told})
    return made


def go_on(*, now: datetime) -> bool:
    """Send the next hundred letters of the oldest replay again; False when there is nothing to do just now. Commits.

    A letter is marked, and the replay moved on, in the transaction that stores the event: whoever is killed has sent
    nothing twice. A replay that failed goes behind those that did not.
    """
    found: Replay | None = None
    try:
        with transaction.atomic():
            running = Replay.objects.select_for_update(skip_locked=True, of=("self",)).filter(done_at=None)
            found = running.select_related("asked_by").order_by("attempts", "pk").first()
            return found is not None and _send_piece(found, now)
    except NotNow:
        return False
    except Exception:
        if found is None:
            raise
        log.exception("a replay failed", replay=found.pk)
        return _note_failure(found, now)


@transaction.atomic
def _note_failure(failed: Replay, now: datetime) -> bool:
    """Count it, and give the replay up when it failed too often; whether another one waits behind it."""
    running = Replay.objects.filter(done_at=None)
    found = running.select_for_update().filter(pk=failed.pk).first()
    if found is not None:
        found.attempts += 1
        if found.attempts >= MOST_ATTEMPTS:
            found.done_at = now
            _record(found, "abandon", None, now, _numbers(found) | {"attempts": found.attempts})
        found.save(update_fields=["attempts", "done_at"])
    return running.filter(attempts=0).exclude(pk=failed.pk).exists()


def _send_piece(found: Replay, now: datetime) -> bool:
    """False when the letters that remain are being sent by somebody else."""
    letters = _next_letters(found)
    for letter in letters:
        sent = _send(letter, found.asked_by, now)
        _count(found, letter, sent)
    if not letters and not _ahead(found).exists():
        found.done_at = now
        _record(found, "finish", None, now, _numbers(found))
    found.attempts = 0
    found.save(update_fields=["last_id", "stored", "duplicate", "refused", "done_at", "attempts"])
    return bool(letters) or found.done_at is not None


def _next_letters(found: Replay) -> list[DeadLetter]:
    """Locked in the order of their numbers, as every replay does; what another has sent meanwhile falls out.

    Without their bytes, which may be a megabyte each.
    """
    locked = _ahead(found).select_for_update(of=("self",)).select_related("api_key").defer("body")
    return list(locked.order_by("pk")[:PIECE])


def _ahead(found: Replay) -> QuerySet[DeadLetter]:
    reason, key, since = (found.asked.get(name, "") for name in ("reason", "key", "since"))
    wanted = DeadLetter.objects.filter(team_id__in=found.team_ids, pk__gt=found.last_id, pk__lte=found.up_to_id)
    wanted = wanted.filter(reason=reason) if reason else wanted
    wanted = wanted.filter(api_key_id=key) if key else wanted
    wanted = wanted.filter(at__gte=since) if since else wanted
    return sendable(wanted)


def _count(found: Replay, letter: DeadLetter, sent: Sent) -> None:
    found.last_id = letter.pk
    if sent.refused:
        found.refused += 1
    elif letter.state == DeadLetter.State.STORED:
        found.stored += 1
    else:
        found.duplicate += 1


def _send(letter: DeadLetter, actor: User | None, now: datetime) -> Sent:
    """Take the event in and write on the letter what became of it; the letter is locked by the caller."""
    result = _taken(letter, now)
    refused = result.status not in _STATES
    letter.state = _STATES.get(result.status, DeadLetter.State.REFUSED)
    letter.tried_at, letter.tried_by = now, actor
    letter.tried_detail = (result.detail or "") if refused else ""
    letter.save(update_fields=["state", "tried_at", "tried_by", "tried_detail"])
    return Sent(letter, refused, letter.tried_detail)


def _taken(letter: DeadLetter, now: datetime) -> ItemResult:
    """Whatever is wrong with one letter is its own result, so that it holds nothing up; what passes is raised."""
    if letter.api_key is None:
        return ItemResult("rejected", None, "no_key", "The key it came with no longer exists.")
    body = DeadLetter.objects.values_list("body", flat=True).get(pk=letter.pk)
    try:
        with transaction.atomic():
            # No sender can use up this name: there is a blank in it.
            return ingest_again(key=letter.api_key, line=bytes(body), request_key=f"dead letter {letter.pk}", now=now)
    except NotNow:
        raise
    except RequestRefused as error:
        return ItemResult("rejected", None, error.code, error.sentence)
    except Exception as error:
        if _passes(error):
            raise
        log.exception("a dead letter could not be taken in", letter=letter.pk)
        return ItemResult("rejected", None, "not_stored", "It could not be stored; the log of the server says why.")


def _passes(error: Exception) -> bool:
    """Whether the trouble is the database's and of this moment: a lost connection, a deadlock."""
    if isinstance(error.__cause__, ProgramLimitExceeded):
        return False
    return isinstance(error, OperationalError | InterfaceError)


def _refuse_unless_sendable(letter: DeadLetter) -> None:
    if letter.api_key is None:
        raise NotSendable("The key it came with no longer exists.")
    if letter.state != DeadLetter.State.REFUSED:
        raise NotSendable("It was sent again already, and is stored.")
    if not letter.whole:
        raise NotSendable("Not all of its bytes were kept, so it cannot be sent again. Its sender can.")


def _numbers(found: Replay) -> dict[str, object]:
    return {"stored": found.stored, "duplicate": found.duplicate, "refused": found.refused}


def _told(letter: DeadLetter) -> dict[str, object]:
    return {
        "state": letter.state,
        "reason": letter.reason,
        "tried_at": letter.tried_at.isoformat() if letter.tried_at else None,
        "tried_detail": letter.tried_detail,
    }


def _record(found: Replay, verb: str, actor: User | None, now: datetime, after: Mapping[str, object]) -> None:
    door = Change.Door(found.door) if actor else Change.Door.SYSTEM
    record_change(at=now, actor=actor, door=door, verb=verb, object_type="replay", object_id=found.pk, after=after)
