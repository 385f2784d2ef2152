"""Events that were refused at the door, kept with the reason, so that whoever runs the agent can mend it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import ApiKey
from events.errors import EventRefused
from events.models import DeadLetter

KEPT_OF_A_REQUEST = 100
KEPT_BYTES = 4_096


@dataclass(frozen=True, slots=True)
class Refused:
    """One event and why it was refused."""

    line: bytes
    error: EventRefused


def bury(refused: Sequence[Refused], *, key: ApiKey, at: datetime) -> None:
    """Keep refused events: the first hundred of a request with their first bytes, the rest as a count by reason."""
    kept = [
        DeadLetter(
            team_id=key.team_id,
            api_key_id=key.pk,
            at=at,
            reason=one.error.reason,
            detail=one.error.detail,
            body=one.line[:KEPT_BYTES],
            body_bytes=len(one.line),
        )
        for one in refused[:KEPT_OF_A_REQUEST]
    ]
    more = Counter(one.error.reason for one in refused[KEPT_OF_A_REQUEST:])
    kept += [
        DeadLetter(
            team_id=key.team_id,
            api_key_id=key.pk,
            at=at,
            reason=reason,
            detail=f"{number:,} more events of the same request were refused for this reason.",
            body=b"",
            body_bytes=0,
        )
        for reason, number in more.items()
    ]
    DeadLetter.objects.bulk_create(kept)
