"""What people type into a case, checked before anything is stored: lengths, known values, who may own it.

Each function gives the value as it is kept, or refuses with a sentence that names the field.
"""

from collections.abc import Iterable
from datetime import datetime

from accounts.access import may
from accounts.models import User
from accounts.roles import Permission
from alerts.models import Severity
from cases.errors import FieldRefused
from cases.machine import SETTABLE
from cases.models import Outcome, Phase

MAX_TITLE, MAX_STEP, MAX_TASK, MAX_TEXT, MAX_NOTE, MAX_TAGS, MAX_TAG = 200, 300, 500, 20_000, 9_000, 20, 60


def line(value: object, field: str, longest: int) -> str:
    """A text of one line."""
    text = " ".join(_text(value, field).split())
    return _short_enough(text, field, longest)


def needed_line(value: object, field: str, longest: int, sentence: str) -> str:
    """A text of one line that has to be there."""
    text = line(value, field, longest)
    if not text:
        raise FieldRefused(field, sentence)
    return text


def long_text(value: object, field: str, longest: int = MAX_TEXT) -> str:
    """A text of several lines, Markdown."""
    return _short_enough(_text(value, field).strip(), field, longest)


def note(value: object) -> str:
    """What somebody says about an act; it goes into the record of the act, and of the alerts it touches."""
    return long_text(value, "note", MAX_NOTE)


def title(value: object) -> str:
    """The case's title."""
    return needed_line(value, "title", MAX_TITLE, "Give the case a title.")


def severity(value: object) -> int:
    """One of the four severities, by its number."""
    if isinstance(value, int) and value in Severity.values:
        return int(value)
    raise FieldRefused("severity", "Choose a severity: low, medium, high or critical.")


def phase(value: object) -> str:
    """One of the four phases."""
    if value in Phase.values:
        return str(value)
    raise FieldRefused("phase", "Choose a phase: contain, investigate, recover or review.")


def status(value: object) -> str:
    """A status that a person may choose."""
    if value in SETTABLE:
        return str(value)
    raise FieldRefused("status", "A case is open, in progress or on hold; closing it is an act of its own.")


def outcome(value: object) -> str:
    """What a closed case turned out to be."""
    if value in Outcome.values:
        return str(value)
    raise FieldRefused("outcome", "Choose what the case turned out to be.")


def moment(value: object, field: str) -> datetime | None:
    """An instant, or none."""
    if value is None or value == "":
        return None
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    raise FieldRefused(field, "Write a date and time, such as 2026-11-24 16:00.")


def tags(value: object) -> tuple[str, ...]:
    """Labels, each once, in the order given."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise FieldRefused("tags", "Tags are a list of words.")
    found = tuple(dict.fromkeys(text for one in value if (text := line(one, "tags", MAX_TAG))))
    if len(found) > MAX_TAGS:
        raise FieldRefused("tags", f"These are {len(found)} tags; a case has at most {MAX_TAGS}.")
    return found


def owner(value: object, team_id: int) -> User | None:
    """Somebody who may work on the team's cases, or nobody. One query for somebody."""
    if value is None:
        return None
    if not isinstance(value, User):
        raise FieldRefused("owner", "Choose a person.")
    if not may(value, Permission.WORK_CASES):
        raise FieldRefused("owner", f"{value} cannot work on cases.")
    if not may(value, Permission.MANAGE_USERS) and not value.teams.filter(pk=team_id).exists():
        raise FieldRefused("owner", f"{value} is not in the team of this case.")
    return value


def _text(value: object, field: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise FieldRefused(field, f"The {_name(field)} has to be a text.")
    return value.replace("\x00", "").replace("\r\n", "\n")


def _short_enough(text: str, field: str, longest: int) -> str:
    if len(text) > longest:
        raise FieldRefused(field, f"The {_name(field)} is {len(text):,} characters long; at most {longest:,} are kept.")
    return text


def _name(field: str) -> str:
    return field.replace("_", " ")
