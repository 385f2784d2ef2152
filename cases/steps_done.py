"""What was done about alerts before they came into a case is copied into it, as a note: the guide's steps, with who
ticked them and when. The note is the case's own from then on; ticks made later stay with the alert.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from accounts.models import Change, User
from accounts.record import record_change
from alerts.guides import Tick, done_of
from alerts.models import Alert
from cases.checking import MAX_TEXT
from cases.models import Case, Entry
from cases.workflow import OBJECT_TYPE, WROTE
from soc.web.evidence import plain

_MARKUP = re.compile(r"([\\`*_\[\]<>#|~@!()&])")


def note_steps_done(
    case: Case, alerts: Sequence[Alert], *, actor: User, now: datetime, door: Change.Door, group: UUID
) -> Entry | None:
    """Write down what was ticked on these alerts; part of the caller's transaction. One query where nothing was."""
    done = done_of([alert.pk for alert in alerts])
    if not done:
        return None
    parts = [_told(alert, done[alert.pk]) for alert in alerts if alert.pk in done]
    text = "\n\n".join(["Done before it came into this case:", *parts])[:MAX_TEXT]
    entry = Entry.objects.create(case=case, kind=Entry.Kind.NOTE, author=actor, at=now, text=text)
    record_change(
        at=now,
        actor=actor,
        door=door,
        verb=WROTE,
        object_type=OBJECT_TYPE,
        object_id=case.pk,
        after={"entry": entry.pk, "kind": entry.kind},
        team=case.team,
        group=group,
    )
    return entry


def _told(alert: Alert, ticks: Sequence[Tick]) -> str:
    steps = [f"- {_words(tick.title)} ({_words(tick.by)}, {tick.at:%-d %b %Y %H:%M} UTC)" for tick in ticks]
    return "\n".join([f"**{alert}, {_words(alert.name)}**", "", *steps])


def _words(text: str) -> str:
    """Text of rules and names as words of a note: on one line, and nothing of it markup or a call of somebody."""
    return _MARKUP.sub(r"\\\1", plain(" ".join(text.split())))
