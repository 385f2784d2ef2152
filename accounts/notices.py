"""Telling people: one notice a person and thing, in the caller's transaction, so that an act and its notices agree.

Mail goes out later, from these rows (accounts/mailing.py), so that a mail server that is down delays nobody.
"""

from collections.abc import Iterable
from datetime import datetime

from accounts.models import Notice, User


def notify(
    *,
    people: Iterable[User],
    kind: Notice.Kind,
    text: str,
    path: str,
    key: str,
    actor: User | None,
    now: datetime,
) -> int:
    """Tell each of these people, but not the actor, nobody twice under one `key`, and nobody who was deactivated.

    `text` is a plain sentence (names from events may stand in it: it is escaped wherever it is shown), `path` where it
    leads. Returns how many notices were made. Costs one statement.
    """
    told = {person.pk: person for person in people if person.is_active and (actor is None or person.pk != actor.pk)}
    made = Notice.objects.bulk_create(
        [_notice(told[pk], kind, text, path, key, actor, now) for pk in sorted(told)], ignore_conflicts=True
    )
    return len(made)


def _notice(
    person: User, kind: Notice.Kind, text: str, path: str, key: str, actor: User | None, now: datetime
) -> Notice:
    by_mail = person.mail_notices and bool(person.email)
    return Notice(
        user=person,
        at=now,
        kind=kind,
        text=text if len(text) <= Notice.MOST_TEXT else f"{text[: Notice.MOST_TEXT - 1]}…",
        path=path,
        key=key,
        actor_name=str(actor)[:150] if actor else "",
        mail=Notice.Mail.WAITING if by_mail else Notice.Mail.NONE,
        mail_after=now if by_mail else None,
    )
