"""Mail: the notices that wait for it, and the one link that an administrator may send.

Notices are claimed in one short transaction that already counts the try and puts the next one off, and sent after it:
no lock is held while a mail server thinks, and a worker that dies between sending and noting it sends once more, not
for ever. Everything is plain text in the product's words. Names from events may stand in a notice, so what cannot be
seen is drawn before it reaches a header.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from smtplib import SMTPException

import structlog
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import F, QuerySet

from accounts.local_path import local_path
from accounts.models import Notice, User
from soc.web.evidence import plain

log = structlog.get_logger(__name__)

TRIES = 8
# After the first try, the second, …: a mail server that is away over night loses nothing. In all about 19 hours.
# It is also when a claim that never came to an end (a worker that died) is due again.
_PUT_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 540))
_AT_ONCE = 50
_PATIENCE = 5  # mails that fail before the rest of a claim is left to the next one
_MAX_SUBJECT = 150
_HEADERS = {"Auto-Submitted": "auto-generated"}
_DROPS_EVERYTHING = ".dummy.EmailBackend"


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail: to one person, about some notices."""

    person: User
    notices: list[Notice]


def is_configured() -> bool:
    """Whether mail leaves this machine."""
    return bool(settings.MAIL_GOES_OUT)


def send_due(*, now: datetime) -> int:
    """Send the mails that are due, at most fifty notices; returns how many notices went out.

    What fails is tried again later, eight times in all; then it is marked as failed, which the person sees.
    """
    mails = _joined(_claim(now))
    left = list(mails)
    connection: BaseEmailBackend = get_connection()
    sent = failures = 0
    while left and failures < _PATIENCE and _is_open(connection):
        mail = left.pop(0)
        if _went_out(_message(mail, connection), mail.person):
            _mark(mail.notices, Notice.Mail.SENT)
            sent += len(mail.notices)
        else:
            failures += 1
            _give_up([mail])
            _hang_up(connection)
    _hang_up(connection)
    if failures >= _PATIENCE:
        _put_back(left, now)
    else:
        _give_up(left)
    return sent


def send_link(*, user: User, link_path: str) -> bool:
    """Mail somebody the link that signs in once; False if that did not work, and the link must be handed over.

    The link is kept nowhere, so there is one try, while the administrator waits.
    """
    body = (
        f"You can sign in to Watchbill as {plain(user.username)}, once, by this link:\n\n{address_of(link_path)}\n\n"
        "It works for twelve hours, and you choose a password then.\n"
        "If you did not expect this, tell your administrator.\n"
    )
    return _went_out(EmailMessage("Your way into Watchbill", body, to=[user.email], headers=_HEADERS), user)


def failed_of(user: User) -> QuerySet[Notice]:
    """The person's notices whose mail was given up, newest first."""
    return Notice.objects.filter(user=user, mail=Notice.Mail.FAILED).order_by("-at", "-pk")


def address_of(path: str) -> str:
    """The address of a page as it stands in a mail; a path that would lead elsewhere leads to the front door."""
    return f"{settings.WATCHBILL_URL.rstrip('/')}{local_path(path)}"


def subject_of(notices: list[Notice]) -> str:
    """The subject: the one notice, or how many. On one line, whatever the names in it hold."""
    if len(notices) > 1:
        return f"{len(notices)} notices from Watchbill"
    text = _one_line(notices[0].text)
    return text if len(text) <= _MAX_SUBJECT else f"{text[: _MAX_SUBJECT - 1]}…"


def body_of(notices: list[Notice]) -> str:
    """The mail: each notice with who caused it, when, and where it leads."""
    parts = [_paragraph(notice) for notice in notices]
    foot = f"Mail about notices can be switched off under {address_of('/settings/you/')}"
    return "\n\n".join([*parts, "--", foot]) + "\n"


def _paragraph(notice: Notice) -> str:
    by = f" by {_one_line(notice.actor_name)}" if notice.actor_name else ""
    when = f"{notice.at:%Y-%m-%d %H:%M} UTC"
    return f"{_one_line(notice.text)}\n{notice.get_kind_display()}{by}, {when}\n{address_of(notice.path)}"


def _one_line(text: str) -> str:
    return plain(" ".join(text.split()))


def _claim(now: datetime) -> list[Notice]:
    """Notices that are due, counted as tried and put off, so that no other worker takes them until then."""
    with transaction.atomic():
        due = Notice.objects.filter(mail=Notice.Mail.WAITING, mail_after__lte=now).order_by("mail_after", "pk")
        rows = list(due.select_for_update(skip_locked=True, of=("self",)).select_related("user")[:_AT_ONCE])
        wanted = [row for row in rows if _still_wanted(row)]
        for row in wanted:
            row.mail_attempts += 1
            row.mail_after = now + _PUT_OFF[min(row.mail_attempts, len(_PUT_OFF)) - 1]
        Notice.objects.bulk_update(wanted, ["mail_attempts", "mail_after"])
        _mark((row for row in rows if not _still_wanted(row)), Notice.Mail.NONE)
        _mark((row for row in wanted if row.mail_attempts > TRIES), Notice.Mail.FAILED)  # its last worker died
    return [row for row in wanted if row.mail_attempts <= TRIES]


def _still_wanted(notice: Notice) -> bool:
    person, drops = notice.user, settings.EMAIL_BACKEND.endswith(_DROPS_EVERYTHING)
    return not drops and notice.read_at is None and person.is_active and person.mail_notices and bool(person.email)


def _joined(notices: Iterable[Notice]) -> list[Mail]:
    ordered = sorted(notices, key=lambda notice: (notice.user_id, notice.at, notice.pk))
    groups = [list(group) for _, group in groupby(ordered, key=lambda notice: notice.user_id)]
    return [Mail(group[0].user, group) for group in groups]


def _message(mail: Mail, connection: BaseEmailBackend) -> EmailMessage:
    subject, body = subject_of(mail.notices), body_of(mail.notices)
    return EmailMessage(subject, body, to=[mail.person.email], connection=connection, headers=_HEADERS)


def _went_out(message: EmailMessage, person: User) -> bool:
    """Hand one mail over. Backends are plug-ins and raise what they like; one bad mail must not stop the others."""
    try:
        return bool(message.send())
    except Exception as error:
        log.warning("mail not sent", user=person.pk, error=type(error).__name__)
        return False


def _is_open(connection: BaseEmailBackend) -> bool:
    """One connection serves all mails of a claim; when there is none, nobody waits for a time-out a second time."""
    try:
        connection.open()
    except (OSError, SMTPException) as error:
        log.warning("mail server away", error=type(error).__name__)
        return False
    return True


def _hang_up(connection: BaseEmailBackend) -> None:
    with suppress(OSError, SMTPException):
        connection.close()


def _give_up(mails: Iterable[Mail]) -> None:
    """What has had its last try is not tried again."""
    notices = [notice for mail in mails for notice in mail.notices]
    _mark((notice for notice in notices if notice.mail_attempts >= TRIES), Notice.Mail.FAILED)


def _put_back(mails: Iterable[Mail], now: datetime) -> None:
    """What was claimed and not tried has not been tried."""
    ids = [notice.pk for mail in mails for notice in mail.notices]
    if ids:
        Notice.objects.filter(pk__in=ids).update(mail_attempts=F("mail_attempts") - 1, mail_after=now)


def _mark(notices: Iterable[Notice], as_what: Notice.Mail) -> None:
    ids = [notice.pk for notice in notices]
    if ids:
        Notice.objects.filter(pk__in=ids).update(mail=as_what, mail_after=None)
