"""Everything that cases refuse to do, as one tree.

CaseError
├── CaseNotFound         no such case, or none that this person may see
├── TaskNotFound         no such task in a case that this person may see
├── Conflict             it could have been done at another moment (a 409)
│   ├── StaleCase        somebody else changed the case first (says who did what)
│   ├── StaleTask        somebody else changed the task first
│   ├── AlertInCase      the alert is in another case
│   ├── AlertOnTheMove   the alert came to this team while it was being taken
│   ├── CaseClosed       a closed case is read-only until it is reopened
│   ├── NotClosed        there is nothing to reopen
│   ├── OpenTasks        closing would leave tasks behind
│   ├── NothingToUndo    the closure was taken back already
│   └── TooLate          the ten minutes of undo are over
└── Refused              the words themselves are at fault (a 422)
    ├── FieldRefused     a value of a named field is missing, too long or not one of the known
    └── TooManyAlerts    more alerts in one act than it takes
"""

# ruff: noqa: N818 - they say what was refused, not that the program failed

from datetime import datetime

from accounts.models import Team


class CaseError(Exception):
    """The root; `message` is written for the person at the page."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class CaseNotFound(CaseError):
    """No case of this number, or it belongs to a team the person is not in.

    The message does not tell the two apart. `team` is whose it is, for the one page that may say so.
    """

    def __init__(self, case_id: int, *, team: Team | None = None) -> None:
        super().__init__(f"There is no case CASE-{case_id} in your teams.")
        self.case_id = case_id
        self.team = team


class TaskNotFound(CaseError):
    """No task of this number in a case that the person sees."""

    def __init__(self, task_id: int) -> None:
        super().__init__("There is no such task in this case.")
        self.task_id = task_id


class Conflict(CaseError):
    """Things stand otherwise than the act supposes."""


class StaleCase(Conflict):
    """The case is no longer as the person saw it. `what` reads as "changed the next step of"."""

    def __init__(self, *, case_id: int, who: str, what: str, when: datetime | None) -> None:
        super().__init__(f"{who} {what} CASE-{case_id} first.")
        self.case_id = case_id
        self.who = who
        self.what = what
        self.when = when


class StaleTask(Conflict):
    """The task is no longer as the person saw it."""

    def __init__(self, *, task_id: int, case_id: int, who: str, what: str, when: datetime | None) -> None:
        super().__init__(f"{who} {what} this task first.")
        self.task_id = task_id
        self.case_id = case_id
        self.who = who
        self.what = what
        self.when = when


class AlertInCase(Conflict):
    """An alert is in one case at a time."""

    def __init__(self, *, alert_id: int, case_id: int) -> None:
        super().__init__(f"AL-{alert_id} is in CASE-{case_id} already. Take it out there first.")
        self.alert_id = alert_id
        self.case_id = case_id


class CaseClosed(Conflict):
    """Nothing is written on a closed case."""

    def __init__(self, case_id: int) -> None:
        super().__init__(f"CASE-{case_id} is closed. Reopen it to go on.")
        self.case_id = case_id


class NotClosed(Conflict):
    """Only what is closed can be reopened."""

    def __init__(self, case_id: int) -> None:
        super().__init__(f"CASE-{case_id} is not closed.")
        self.case_id = case_id


class OpenTasks(Conflict):
    """There is work left."""

    def __init__(self, *, case_id: int, number: int) -> None:
        tasks = "1 task is" if number == 1 else f"{number} tasks are"
        super().__init__(f"{tasks} still open in CASE-{case_id}. Finish them, or close and mark them as not needed.")
        self.case_id = case_id
        self.number = number


class AlertOnTheMove(Conflict):
    """An alert came from another team's case at this very moment; at the next attempt that case is known."""

    def __init__(self, alert_id: int) -> None:
        super().__init__(f"AL-{alert_id} was given to this team just now. Try again.")
        self.alert_id = alert_id


class NothingToUndo(Conflict):
    """There is no closure left to take back."""

    def __init__(self, case_id: int) -> None:
        super().__init__(f"There is nothing to undo in CASE-{case_id}.")
        self.case_id = case_id


class TooLate(Conflict):
    """Undo is offered for ten minutes; afterwards a case is reopened, and its alerts keep their verdicts."""

    def __init__(self, case_id: int) -> None:
        super().__init__(f"CASE-{case_id} was closed more than ten minutes ago. Reopen it instead.")
        self.case_id = case_id


class Refused(CaseError):
    """What was asked for cannot be done at any moment."""


class FieldRefused(Refused):
    """The value of one field; `field` is its name in the service, so that a form shows the sentence beside it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class TooManyAlerts(Refused):
    """One act takes a bounded number of alerts."""

    def __init__(self, number: int, most: int) -> None:
        super().__init__(f"These are {number:,} alerts; one act takes {most:,}.")
        self.number = number
