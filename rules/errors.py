"""What can go wrong with rules and their exceptions. Every `message` is written for the person who asked.

RulesError
    RuleNotEvaluated     a rule that cannot be judged cannot be enabled
    OverrideRefused      a local setting that the rule cannot have; `field` names it
    ExceptionRefused     a reason, date or entry that cannot be saved; `field` names it in the form
    StaleException       somebody else changed the exception meanwhile
    ExceptionGone        the exception was removed
"""

# ruff: noqa: N818 - they say what happened, not that the program failed

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
