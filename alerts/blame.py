"""Which rule is at fault when judging fails, so that it is set aside alone and the others go on.

What the database, the network or the task's time limit raise is nobody's fault and passes through.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from celery.exceptions import SoftTimeLimitExceeded
from django.db import Error as DatabaseError

from engine import DocumentError, Expression, Matcher
from rules.ruleset import ActiveRule, RuleSet

NOBODYS_FAULT = (DatabaseError, OSError, MemoryError, SoftTimeLimitExceeded, DocumentError)
Rows = Sequence[tuple[str, bytes]]


class RuleFailed(Exception):  # noqa: N818 - it names a finding, as TreeUnusable does
    """Judging by this rule raised an error; `__cause__` is what it raised."""

    def __init__(self, rule_id: str, reason: str) -> None:
        super().__init__(f"{rule_id}: {reason}")
        self.rule_id = rule_id
        self.reason = reason


@contextmanager
def blaming(rule_id: str) -> Iterator[None]:
    """Name the rule in whatever its logic raises."""
    try:
        yield
    except NOBODYS_FAULT:
        raise
    except Exception as error:
        raise RuleFailed(rule_id, f"Judging by it failed: {type(error).__name__}.") from error


def find_culprit(ruleset: RuleSet, rows: Rows) -> None:
    """After the one pass over all rules failed: judge by each alone, and name the first that fails.

    Costs a pass for each rule; happens once for each broken rule.

    Raises: RuleFailed; nothing when every rule alone succeeds.
    """
    for rule in ruleset.rules.values():
        with blaming(rule.id):
            _judge_alone(rule, rows)


def _judge_alone(rule: ActiveRule, rows: Rows) -> None:
    for _ in Matcher([Expression(rule.id, rule.tree, rule.definition.indices)]).match(rows):
        pass
