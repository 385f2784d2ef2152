"""What can go wrong with rules and their exceptions. Every `message` is written for the person who asked.

RulesError
    RuleNotEvaluated     a rule that cannot be judged cannot be enabled
    OverrideRefused      a local setting that the rule cannot have; `field` names it
    ExceptionRefused     a reason, date or entry that cannot be saved; `field` names it in the form
    StaleException       somebody else changed the exception meanwhile
    ExceptionGone        the exception was removed
    ListRefused          a value list or shared list that cannot be kept as it is; `lines` names bad lines
    ListInUse            a list that something asks for
    StaleList            somebody else changed the list meanwhile
    ListGone             the list was removed
    ImportRefused        exceptions that are not imported as they are
    ValuesHide           with these values an exception would have hidden a true positive
"""

# ruff: noqa: N818 - they say what happened, not that the program failed

from collections.abc import Sequence
from datetime import datetime


class RulesError(Exception):
    """Root of what rules refuse; `message` is safe to show."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class RuleNotEvaluated(RulesError):
    """Enabling the rule would promise alerts that cannot come."""

    def __init__(self, rule_id: str, reason: str) -> None:
        super().__init__(f"This rule stays off: {reason or 'it is not evaluated'}.")
        self.rule_id = rule_id


class OverrideRefused(RulesError):
    """A local setting that a rule file could not hold either; `field` is the setting to correct."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class ExceptionRefused(RulesError):
    """An exception that cannot be saved as it stands; `field` is the form field to correct."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class StaleException(RulesError):
    """The exception is no longer the version the person saw."""

    def __init__(self, item_id: int, seen: int, current: int, changed_at: datetime) -> None:
        super().__init__("Somebody changed this exception after you opened it. Look at it again before you save.")
        self.item_id, self.seen, self.current, self.changed_at = item_id, seen, current, changed_at


class ExceptionGone(RulesError):
    """The exception was removed, so it can no longer be changed."""

    def __init__(self, item_id: int) -> None:
        super().__init__("This exception was removed.")
        self.item_id = item_id


class ImportRefused(RulesError):
    """A file of exceptions that is too much for a page, or that does not do what it did when it was looked at."""


class ListRefused(RulesError):
    """A value list that cannot be kept as it is; `lines` are the first of its lines that no value can be read from."""

    def __init__(self, field: str, message: str, lines: Sequence[tuple[int, str]] = ()) -> None:
        super().__init__(message)
        self.field, self.lines = field, tuple(lines)


class ListInUse(RulesError):
    """The list is asked for, so it can be neither removed nor emptied; `users` are the names of what asks."""

    def __init__(self, list_id: str, users: Sequence[str], what: str) -> None:
        shown = ", ".join(users[:5]) + (f" and {len(users) - 5} more" if len(users) > 5 else "")
        super().__init__(f"{what}: it is used by {shown}.")
        self.list_id, self.users = list_id, tuple(users)


class StaleList(RulesError):
    """The list is no longer the version the person saw."""

    def __init__(self, list_id: str, seen: int, current: int, changed_at: datetime) -> None:
        super().__init__("Somebody changed this list after you opened it. Look at it again before you save.")
        self.list_id, self.seen, self.current, self.changed_at = list_id, seen, current, changed_at


class ListGone(RulesError):
    """The list was removed, so it can no longer be changed."""

    def __init__(self, list_id: str) -> None:
        super().__init__("This list was removed.")
        self.list_id = list_id


class NotUndoable(RulesError):
    """A change of a list that cannot be taken back: it was already, is too long ago, or is no such change."""

    def __init__(self, why: str = "There is nothing to undo here: it was undone already, or cannot be undone.") -> None:
        super().__init__(why)


class ValuesHide(RulesError):
    """With these values exceptions that ask for the list would have hidden true positives; it takes a reason, and
    somebody who may, to have them nevertheless."""

    def __init__(self, list_id: str, what: str) -> None:
        super().__init__(f"With these values an exception {what} Leave them out, or have a detection engineer say why.")
        self.list_id = list_id
