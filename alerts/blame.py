"""Which rule is at fault when judging fails, so that it is set aside alone and the others go on.

What the database, the network or the task's time limit raise is nobody's fault and passes through.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import thread_time

from celery.exceptions import SoftTimeLimitExceeded
from django.db import Error as DatabaseError

from alerts.costs import SECONDS, TooCostly
from engine import DocumentError, Matcher
from engine.pipelines.budget import BudgetExceeded
from rules.ruleset import ActiveRule, RuleSet, expressions_of

NOBODYS_FAULT = (DatabaseError, OSError, MemoryError, SoftTimeLimitExceeded, DocumentError)
Rows = Sequence[tuple[str, bytes]]
TOO_COSTLY = "Judging by it took over {:g} seconds of processor time at once, which would hold up other rules."
_SAMPLE = 20
_LEAST_SECONDS = 0.05  # for the sample: less than this is no rule's fault


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
    except TooCostly as error:
        raise RuleFailed(rule_id, TOO_COSTLY.format(error.seconds)) from error
    except BudgetExceeded as error:
        raise RuleFailed(rule_id, f"Its query was stopped: {error}.") from error
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


def find_costliest(ruleset: RuleSet, rows: Rows) -> None:
    """After matching took absurdly long: judge a sample by each rule alone, and name one that costs more than the rest.

    The sample is taken from the longest events. Costs a small pass for each rule; happens once for each such rule.

    Raises: RuleFailed; nothing when no rule stands out, as when the machine was busy or the events are very large.
    """
    sample = sorted(rows, key=lambda row: len(row[1]), reverse=True)[:_SAMPLE]
    costs: dict[str, float] = {}
    for rule in ruleset.rules.values():
        with blaming(rule.id):
            started = thread_time()
            _judge_alone(rule, sample)
            costs[rule.id] = thread_time() - started
        if costs[rule.id] > SECONDS:
            break
    worst = max(costs, key=costs.__getitem__, default="")
    if worst and costs[worst] > max(_LEAST_SECONDS, sum(costs.values()) / 2):
        raise RuleFailed(worst, TOO_COSTLY.format(SECONDS))


def _judge_alone(rule: ActiveRule, rows: Rows) -> None:
    Matcher(expressions_of(rule)).rows(rows, normalised=True)
