"""Drafts of changes whose exception has moved on: what was done to it since, and why the draft is refused then."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from accounts.models import Change
from alerts.errors import OutdatedDraft
from alerts.exceptions.draft_keeping import OBJECT_TYPE
from alerts.models import ExceptionDraft
from alerts.selectors.undoable import EXCEPTION
from alerts.workflow import UNDID
from rules.exceptions import content_of
from rules.models import ExceptionItem

_DID = {"edit": "edited", "disable": "turned off", "enable": "turned on", "remove": "took back", "expire": "ended"}
_DID |= {UNDID: "took back a change of"}
_PARTS = {
    "name": "name",
    "entries": "conditions",
    "reason": "reason",
    "expires_at": "end",
    "review_at": "review date",
}


def is_outdated(draft: ExceptionDraft, item: ExceptionItem) -> bool:
    """Whether the exception is no longer as the draft's author saw it."""
    return item.removed_at is not None or item.version != draft.edits_version


def outdated(draft: ExceptionDraft, item: ExceptionItem) -> OutdatedDraft:
    """The refusal of a draft whose exception was changed. Two queries."""
    since = what_changed(draft, item)
    wish = (
        f"Nothing was approved. Send it back to {draft.author}, who can take it up again on top of what stands now."
        if item.removed_at is None
        else f"There is nothing left to change. Send it back to {draft.author}, who can withdraw it or write a new one."
    )
    message = f"{since.sentence} {wish}"
    return OutdatedDraft(message=message, draft_id=draft.pk, who=since.who, what=since.did, when=since.at)


class Since(NamedTuple):
    """Who was the last to change an exception since a draft was made from it, what was done, when, and which parts of
    it are others now."""

    who: str
    did: str
    at: datetime | None
    parts: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """All of it in words."""
        when = f" on {self.at:%-d %b %Y, %H:%M} UTC" if self.at else ""
        start = f"{self.who} {self.did} this exception{when}, after the draft was made from it."
        if not self.parts:
            return start
        *others, last = self.parts
        named = f"{', '.join(others)} and {last}" if others else last
        return f"{start} Its {named} {'differ' if others or last == _PARTS['entries'] else 'differs'} now."


def what_changed(draft: ExceptionDraft, item: ExceptionItem) -> Since:
    """What was done to the exception since the draft. Two queries."""
    sent = Change.objects.filter(object_type=OBJECT_TYPE, object_id=str(draft.pk), verb="draft").order_by("pk")
    number = sent.values_list("pk", flat=True).first() or 0
    about_it = Change.objects.filter(object_type=EXCEPTION, object_id=str(item.pk), pk__gt=number)
    later = list(about_it.order_by("pk"))
    if not later:
        return Since("Somebody", "changed", None, ())
    was: Mapping[str, Any] = next((one.before for one in later if one.before), {})
    now_says = content_of(item)
    parts = tuple(word for key, word in _PARTS.items() if key in was and was[key] != now_says[key])
    return Since(later[-1].actor_name, _DID.get(later[-1].verb, "changed"), later[-1].at, parts)
