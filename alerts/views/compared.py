"""What stands of an exception beside what a draft proposes, part by part, with what differs marked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from alerts.exceptions.outdated import is_outdated, what_changed
from alerts.models import ExceptionDraft
from alerts.views.conditions import Condition, Entry, conditions_of
from rules.models import ExceptionItem
from soc.web.evidence import plain


@dataclass(frozen=True, slots=True)
class Marked:
    """The conditions that one entry comes to, and whether the other side has none like it."""

    conditions: list[Condition]
    differs: bool


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an exception on both sides, as text or as a time; the times None where there is no end, or review."""

    title: str
    stands: str | datetime | None
    proposed: str | datetime | None
    is_time: bool = False

    @property
    def differs(self) -> bool:
        """Whether the two say something else."""
        return self.stands != self.proposed


@dataclass(frozen=True, slots=True)
class Comparison:
    """The two sides. `further`: groups of conditions that become exceptions of their own beside it. `since`: what was
    done to the exception since the draft, as a sentence; empty where it is as its author saw it."""

    item: ExceptionItem
    stands: list[Marked]
    proposed: list[Marked]
    further: list[list[Condition]]
    parts: list[Part]
    where: str
    since: str = ""

    @property
    def conditions_differ(self) -> bool:
        """Whether it asks something else."""
        return any(one.differs for one in (*self.stands, *self.proposed))

    @property
    def differing(self) -> str:
        """The names of what is to be other, in one line."""
        names = [_("conditions")] if self.conditions_differ else []
        names += [_("an exception more")] if self.further else []
        return ", ".join([*names, *(part.title.lower() for part in self.parts if part.differs)])


def compared(draft: ExceptionDraft, item: ExceptionItem) -> Comparison:
    """A draft beside the exception as it stands now. Two queries where that was changed since, and one for a list."""
    stands, proposed = _by_entry(item.entries), _by_entry(draft.entries)
    return Comparison(
        item=item,
        stands=[Marked(one, one not in proposed) for one in stands],
        proposed=[Marked(one, one not in stands) for one in proposed],
        further=[conditions_of(entries) for entries in draft.more],
        parts=[
            Part(_("Name"), item.name, draft.name),
            Part(_("Reason"), item.reason, draft.reason),
            Part(_("End"), item.expires_at, draft.expires_at, is_time=True),
            Part(_("Review"), item.review_at, draft.review_at, is_time=True),
        ],
        where=_where(draft),
        since=what_changed(draft, item).sentence if is_outdated(draft, item) else "",
    )


def _by_entry(entries: Sequence[Entry]) -> list[list[Condition]]:
    """Each entry as the panel shows it: a nested one comes to several rows."""
    return [conditions_of([entry]) for entry in entries]


def _where(draft: ExceptionDraft) -> str:
    """Where both hold: a change moves nothing."""
    if not draft.list_id:
        return _("this rule only")
    return _("every rule of the shared list %(name)s") % {"name": plain(draft.list_id)}
