"""What the pages and the API show of value lists."""

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.models import User
from accounts.selectors import teams_of
from rules.errors import ListGone
from rules.models import ValueList
from rules.value_lists.reading import Item, canonical
from rules.value_lists.stored import unpacked
from rules.value_lists.users import Users, usage, used_by

MOST_LISTS = 1_000
PAGE = 100


@dataclass(frozen=True, slots=True)
class Row:
    """A list with how many exceptions and rules ask for it."""

    value_list: ValueList
    exceptions: int
    rules: int


@dataclass(frozen=True, slots=True)
class Values:
    """Some of a list's items. `found`: how many fit; `after`: where the next page begins, None at the end."""

    items: list[Item]
    found: int
    after: int | None


def lists() -> list[Row]:
    """Every list, by name, without its values. Three queries."""
    rows = ValueList.objects.defer("data").select_related("owner").order_by("name", "pk")[:MOST_LISTS]
    counts = usage()
    return [Row(row, *counts.get(row.pk, (0, 0))) for row in rows]


def usage_of(row: ValueList) -> Row:
    """One list with how many ask for it. Two queries."""
    return Row(row, *usage().get(row.pk, (0, 0)))


def list_called(list_id: str) -> ValueList:
    """The list, with its values. Raises: ListGone."""
    row = ValueList.objects.filter(pk=list_id).select_related("owner").first()
    if row is None:
        raise ListGone(list_id)
    return row


def values_page(row: ValueList, *, q: str = "", after: int = 0, limit: int = PAGE) -> Values:
    """Items from a place on, of those that hold a text; an address finds itself however it is written."""
    items = unpacked(row.data)
    if q:
        items = _fitting(row.type, items, q)
    end = after + limit
    return Values(items[after:end], len(items), end if end < len(items) else None)


def _fitting(kind: str, items: Sequence[Item], q: str) -> list[Item]:
    sought, same = q.strip().lower(), canonical(kind, q)
    return [item for item in items if sought in _text(item).lower() or canonical(kind, _text(item)) == same]


def _text(item: Item) -> str:
    return item if isinstance(item, str) else "\n".join(str(cell or "") for cell in item)


@dataclass(frozen=True, slots=True)
class Seen:
    """What asks for a list, as far as a person may see it; `others`: how much more does, of other teams."""

    users: Users
    others: int

    def __bool__(self) -> bool:
        return bool(self.users) or self.others > 0


def users_of(list_id: str, user: User) -> Seen:
    """What asks for a list. Three queries."""
    users, teams = used_by(list_id), {None, *teams_of(user)}
    items = [item for item in users.exceptions if item.rule.team_id in teams]
    rules = [rule for rule in users.rules if rule.team_id in teams]
    others = len(users.exceptions) + len(users.rules) - len(items) - len(rules)
    return Seen(Users(items, rules), others)


def as_text(row: ValueList) -> list[str]:
    """The lines of a list as a file: a value a line, as Kibana writes it; a table as CSV with its header."""
    items = unpacked(row.data)
    if row.type != ValueList.Type.TABLE:
        return [item for item in items if isinstance(item, str)]
    header = ",".join(f'{_cell(one["name"])[:-1]}:{one["type"]}"' for one in row.columns)
    return [header, *(",".join(map(_cell, item)) for item in items if isinstance(item, list))]


def _cell(value: object) -> str:
    """A cell as engine/pipelines/tables.py reads it back."""
    if value is None:
        return ""
    if isinstance(value, list):
        return f"[{','.join(map(_cell, value))}]"
    return '"{}"'.format(str(value).replace('"', '""'))


def file_name(row: ValueList) -> str:
    """What a downloaded list is called: its id, which has letters, digits, dots, dashes and underscores alone."""
    if row.type == ValueList.Type.TABLE:
        return f"{row.pk}.csv"
    return row.pk if row.pk.lower().endswith(".txt") else f"{row.pk}.txt"
