"""Everything that alerts refuse to do, as one tree.

AlertError
├── AlertNotFound        no such alert, or none that this person may see
├── StaleAlert           somebody else changed it first (a 409 that says who did what)
├── TooLate              the ten minutes of undo are over
├── NothingToUndo        the act is unknown, already undone, or cannot be undone
├── UndoNotWhole         the act was on alerts of teams that the person is not in, too
├── SomebodyElsesNote    only who wrote a note takes it back
├── ReasonNeeded         closing needs a reason
├── NoteNeeded           the reason "other", or another team, needs a note
├── FaultRefused         only a false positive has a fault, and of two kinds
├── TextRefused          a comment or note that is empty or too long
├── AssigneeRefused      a person who cannot work on this alert
├── EscalationRefused    an alert that cannot be handed to that team
├── TargetRefused        a target that is no sensible time
├── StaleTarget          somebody else changed the target first
├── DuplicateRefused     an alert that would be a duplicate of itself
├── GuardRefused         the exception would have hidden a true positive
├── ReviewNeeded         the role's exceptions take effect after a review only
├── DraftNotFound        no such draft, or none that this person may see
├── StaleDraft           somebody settled or changed the draft first
├── OutdatedDraft        the exception that the draft would change is no longer as its author saw it
├── ChangeWaits          a change of the exception by the same person waits already
├── OwnDraft             nobody reviews what he drafted himself
├── StepNotFound         no such step in the guide of this alert's rule
├── NothingMatches       an act on all that match, where nothing does
├── TooManyMatch         an act on more alerts than one act may change
├── LookAgain            an act on a list that was drawn long ago
├── FilterUnknown        an act on a list of which a filter cannot be used any more
├── ActNotFound          no such act, or somebody else's
├── SnoozeRefused        a time that is no sensible one to sleep until
└── AlreadyExcepted      the rule has an exception with the same conditions
"""

# ruff: noqa: N818 - they say what was refused, not that the program failed

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Literal

from accounts.models import Team


class AlertError(Exception):
    """The root; `message` is written for the person at the page."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class AlertNotFound(AlertError):
    """No alert of this number, or it belongs to a team the person is not in.

    The message does not tell the two apart. `team` is whose it is, for the one page that may say so.
    """

    def __init__(self, alert_id: int, *, team: Team | None = None) -> None:
        super().__init__(f"There is no alert AL-{alert_id} in your teams.")
        self.alert_id = alert_id
        self.team = team


class StaleAlert(AlertError):
    """The alert is no longer as the person saw it."""

    def __init__(self, *, alert_id: int, who: str, what: str, when: datetime | None) -> None:
        super().__init__(f"{who} {what} AL-{alert_id} first.")
        self.alert_id = alert_id
        self.who = who
        self.what = what
        self.when = when


class TooLate(AlertError):
    """Undo is offered for ten minutes; afterwards the change is made anew, under one's own name."""

    def __init__(self) -> None:
        super().__init__("This was done more than ten minutes ago. Change the alerts themselves instead.")


class NothingToUndo(AlertError):
    """There is nothing left to take back."""

    def __init__(self) -> None:
        super().__init__("There is nothing to undo here: it was undone already, or cannot be undone.")


ActKind = Literal["change", "exception", "note"]


class UndoNotWhole(AlertError):
    """An act was on alerts of teams that the person is not in as well, so he could only take it back in part.

    `act` is what he did: it decides who else can undo it.
    """

    _SAID: ClassVar[dict[str, str]] = {
        "change": "This was done to {alerts} as well. Have somebody who is in those teams undo it.",
        "exception": "Adding this exception closed {alerts} as well, which would stay closed. Have somebody who is in "
        "those teams take it back, or disable it.",
        "note": "This note is on {alerts} as well, where you cannot take it back.",
    }

    def __init__(self, elsewhere: int, act: ActKind = "change") -> None:
        super().__init__(self._SAID[act].format(alerts=f"{elsewhere} alert{'s' * (elsewhere != 1)} of other teams"))
        self.elsewhere = elsewhere


class SomebodyElsesNote(AlertError):
    """What a person has written stands until that person takes it back."""

    def __init__(self, author: str) -> None:
        super().__init__(f"This note is from {author}, and nobody else can take it back.")
        self.author = author


class ReasonNeeded(AlertError):
    """An alert is closed with one of the five reasons."""

    def __init__(self) -> None:
        super().__init__("Choose why you close it.")


class NoteNeeded(AlertError):
    """What was chosen says nothing by itself."""

    def __init__(self, message: str = "Write a note: “other” does not say why.") -> None:
        super().__init__(message)


class FaultRefused(AlertError):
    """Where the fault lay was said of what is no false positive, or in a word that is not known."""

    def __init__(self) -> None:
        super().__init__("Only a false positive has a fault: rule logic or data wrong.")


class TextRefused(AlertError):
    """The text is empty or longer than is kept."""


class AssigneeRefused(AlertError):
    """The person is inactive, may not triage, or is in none of the alert's teams."""


class EscalationRefused(AlertError):
    """The alert is closed, or with that team already."""


class TargetRefused(AlertError):
    """A time within which no alert of the severity can sensibly be closed."""

    def __init__(self, severity: int, message: str) -> None:
        super().__init__(message)
        self.severity = severity


class StaleTarget(AlertError):
    """The target is no longer as the person saw it."""

    def __init__(self, *, severity: int, who: str, when: datetime | None) -> None:
        super().__init__(f"{who} changed this target first.")
        self.severity = severity
        self.who = who
        self.when = when


class DuplicateRefused(AlertError):
    """The original is the alert itself, or one that was closed as its duplicate."""


class GuardRefused(AlertError):
    """The true-positive guard: the exception covers alerts that were closed as true positives.

    `alert_ids` are those the person may see; `elsewhere` counts those of other teams; `way` is what can be done.
    """

    def __init__(self, *, alert_ids: Sequence[int], elsewhere: int = 0, way: str = "") -> None:
        self.hides = f"This {named_alerts(alert_ids, len(alert_ids) + elsewhere)}"
        way = way or "Narrow the conditions, or have a detection engineer save it with a reason."
        super().__init__(f"{self.hides} {way}")
        self.alert_ids = tuple(alert_ids)
        self.elsewhere = elsewhere


def named_alerts(alert_ids: Sequence[int], total: int) -> str:
    """ "would have hidden 2 true positives: AL-3, AL-7.", with the numbers that the person may see."""
    named = ", ".join(f"AL-{alert_id}" for alert_id in sorted(alert_ids)[:5])
    return f"would have hidden {total} true positive{'s' if total != 1 else ''}{': ' + named if named else ''}."


class ReviewNeeded(AlertError):
    """The administrators have decided that exceptions of this role are drafts until somebody else approves them."""

    def __init__(self, message: str = "Exceptions of your role need a review first. Send it for review.") -> None:
        super().__init__(message)


class DraftNotFound(AlertError):
    """No draft of this number, or it is of a team the person is not in."""

    def __init__(self, draft_id: int) -> None:
        super().__init__("There is no such draft in your teams.")
        self.draft_id = draft_id


class StaleDraft(AlertError):
    """The draft is no longer as the person saw it."""

    def __init__(self, *, draft_id: int, who: str, what: str, when: datetime | None) -> None:
        super().__init__(f"{who} {what} this draft first.")
        self.draft_id = draft_id
        self.who = who
        self.what = what
        self.when = when


class OutdatedDraft(AlertError):
    """The exception that a draft would change was changed or removed since its author saw it: approving the draft
    would take that back without anybody having looked at it.

    `message` says who did what, what differs now, and what to do.
    """

    def __init__(self, *, message: str, draft_id: int, who: str, what: str, when: datetime | None) -> None:
        super().__init__(message)
        self.draft_id = draft_id
        self.who = who
        self.what = what
        self.when = when


class ChangeWaits(AlertError):
    """Of one exception one change by the same person waits at a time: a reviewer should see one proposal of his."""

    def __init__(self, author: str) -> None:
        super().__init__(
            f"A change of this exception by {author} waits for review already: take that up again, or withdraw it."
        )


class OwnDraft(AlertError):
    """A review is a second pair of eyes."""

    def __init__(self) -> None:
        super().__init__("You drafted this exception yourself. Somebody else has to review it.")


class AlreadyExcepted(AlertError):
    """Somebody saved the same conditions on the rule first."""

    def __init__(self, *, item_id: int | None, name: str, waiting: bool = False) -> None:
        said = (
            "An exception with these conditions waits for review already"
            if waiting
            else "The rule has this exception already"
        )
        super().__init__(f"{said}: “{name}”.")
        self.item_id = item_id


class NothingMatches(AlertError):
    """There is no alert that the filters let through."""

    def __init__(self) -> None:
        super().__init__("No alert matches any more.")


class TooManyMatch(AlertError):
    """One act changes at most so many alerts, so that it can be taken back whole within minutes."""

    def __init__(self, most: int) -> None:
        super().__init__(f"More than {most:,} alerts match. Choose a shorter time or a filter.")


class LookAgain(AlertError):
    """An act on all that match, or on a folded row, of a list that was drawn too long ago."""

    def __init__(self) -> None:
        super().__init__("This list was drawn long ago. Nothing was changed. Look at the rows below, and choose again.")


class FilterUnknown(AlertError):
    """An act on all that match, or on a folded row, of a list of which a filter cannot be used: it would reach more."""

    def __init__(self) -> None:
        super().__init__(
            "A filter of this list cannot be used any more. Nothing was changed. Take it out, and look again."
        )


class ActNotFound(AlertError):
    """No act on all that match of this name, or not one of this person's."""

    def __init__(self) -> None:
        super().__init__("There is no such act of yours.")


class SnoozeRefused(AlertError):
    """An alert sleeps for a while, and not for ever."""


class ScopeRefused(AlertError):
    """Where an exception is to hold cannot be: too many rules, none, or one that is not there."""


class StepNotFound(AlertError):
    """The guide of the alert's rule has no such step, or says it otherwise by now."""

    def __init__(self) -> None:
        super().__init__("The guide of this alert has no such step. Reload the page.")


class TrialRefused(AlertError):
    """A trial that cannot be begun: without conditions, over no known time, or beside too many others."""


class TrialNotFound(AlertError):
    """No trial of this name, or somebody else's, or one that was forgotten after a day."""

    def __init__(self) -> None:
        super().__init__("There is no such trial any more.")
