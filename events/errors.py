"""What the events app refuses, as errors that say what a client may be told.

    EventsError
    ├── RequestRefused        an ingest request that cannot be taken as a whole
    │   ├── Malformed             400  body is not what its type says
    │   ├── TooLarge              413
    │   ├── UnknownForm           415  content type or encoding
    │   ├── KeyReused             422  an Idempotency-Key that came with another body before
    │   ├── TooFast               429  the key's own rate; carries retry_after_seconds
    │   └── NotNow                503  our backlog, disk or database; carries retry_after_seconds
    ├── EventRefused          one event of a request: reason (a code) and detail (a sentence)
    ├── BlockError            stored bytes that this version cannot read
    ├── LetterNotFound        404  a refused event (these three are pages' errors, too)
    ├── NotSendable           409  one that cannot be sent again
    ├── TooDear               a pipeline that would cost more than it may
    ├── Busy                  503  as many pipelines run as may run at once
    └── BatchNotFound         404  events that were set aside

Every sentence is ours and safe to show; nothing of the sender's bytes is repeated in it except field names.
"""

from soc.web.errors import PageError


class EventsError(Exception):
    """Root of everything the events app raises on purpose."""


class RequestRefused(EventsError):  # noqa: N818
    """An ingest request that is refused as a whole; nothing of it is stored."""

    status = 400
    code = "refused"

    def __init__(self, sentence: str, retry_after_seconds: int | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.retry_after_seconds = retry_after_seconds


class Malformed(RequestRefused):
    """The body is not what its content type or encoding says."""

    code = "malformed"


class TooLarge(RequestRefused):
    """The body, packed or unpacked, is above what we take in one request."""

    status = 413
    code = "too_large"


class UnknownForm(RequestRefused):
    """A content type or encoding that we do not read."""

    status = 415
    code = "unsupported_type"


class KeyReused(RequestRefused):
    """The Idempotency-Key belongs to another request: to answer as if this one were stored would lose it."""

    status = 422
    code = "key_reused"


class TooFast(RequestRefused):
    """The key sends more events per second than it may."""

    status = 429
    code = "rate_limited"


class NotNow(RequestRefused):
    """Our own trouble: the sender keeps its events and tries again."""

    status = 503
    code = "try_again"


class EventRefused(EventsError):  # noqa: N818
    """One event that is not stored, while its neighbours are."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class BlockError(EventsError):
    """A stored block of a format, or with a dictionary, that this version does not have."""


class LetterNotFound(EventsError, PageError):  # noqa: N818
    """No such refused event in these teams (any more)."""

    status = 404

    def __init__(self) -> None:
        super().__init__("This refused event is not there, is forgotten, or belongs to a team that you are not in.")


class NotSendable(EventsError, PageError):  # noqa: N818
    """A refused event that cannot be sent again: it was, or not all of its bytes were kept."""

    status = 409
    title = "It was not sent again"


class BatchNotFound(EventsError, PageError):  # noqa: N818
    """No such batch that was set aside, in these teams."""

    status = 404

    def __init__(self) -> None:
        super().__init__("These events are not set aside (any more), or belong to a team that you are not in.")


class TooDear(EventsError):  # noqa: N818
    """A pipeline that was stopped, because it would have cost more time or memory than it may."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = f"{sentence[:1].upper()}{sentence[1:]}".rstrip(".") + "."


class Busy(EventsError):  # noqa: N818
    """As many pipelines run over stored events as may run at once; one of them will soon have ended."""

    sentence = "Other ES|QL and EQL searches are running, as many as may run at once. Try again in a few seconds."
