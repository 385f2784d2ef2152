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

MOST_VALUES = 50


@dataclass(frozen=True, slots=True)
class Marked:
    """The conditions that one entry comes to, and whether the other side has none like it. `has_twin`: the other side
    asks the same field for one of other values; `only_here` are those that it does not name."""

    conditions: list[Condition]
    differs: bool
    has_twin: bool = False
    only_here: tuple[str, ...] = ()

    @property
    def shown(self) -> tuple[str, ...]:
        """The first of the values that only this side names."""
        return self.only_here[:MOST_VALUES]

    @property
    def not_shown(self) -> int:
        """How many more there are."""
        return len(self.only_here) - len(self.shown)


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
    stands, proposed = item.entries, draft.entries
    return Comparison(
        item=item,
        stands=[_marked(one, proposed) for one in stands],
        proposed=[_marked(one, stands) for one in proposed],
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


def _marked(entry: Entry, others: Sequence[Entry]) -> Marked:
    """Held against the entries as they are stored: two that read the same need not be."""
    rows = conditions_of([entry])
    if entry in others:
        return Marked(rows, differs=False)
    twin = next((other for other in others if _asks_alike(entry, other)), None)
    if twin is None:
        return Marked(rows, differs=True)
    theirs = set(map(str, twin["value"]))
    return Marked(rows, True, True, tuple(value for value in map(str, entry["value"]) if value not in theirs))


def _asks_alike(entry: Entry, other: Entry) -> bool:
    """Whether two entries name several values, and differ in them alone."""
    several = all(isinstance(one.get("value"), list) for one in (entry, other))
    return several and {**entry, "value": None} == {**other, "value": None}


def _where(draft: ExceptionDraft) -> str:
    """Where both hold: a change moves nothing."""
    if not draft.list_id:
        return _("this rule only")
    return _("every rule of the shared list %(name)s") % {"name": plain(draft.list_id)}
