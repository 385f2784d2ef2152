"""A row of a search, behind which no one event stands, is noted on a case: its columns, and the query that found it."""

from django.http import HttpResponseBase

from accounts.access import page
from accounts.roles import Permission
from accounts.selectors import teams_of
from cases.markdown import code, fenced, inline
from cases.views.noting import Finding, noted
from events.pages.clauses import LONGEST_VALUE
from events.pages.row_told import Told, read_row
from events.pages.rows_asked import RowsAsked
from events.search_parts import row_url, rows_asked
from soc.web.http import UserRequest

_LONGEST_QUERY = 4_000
_MOST_TEXT = 8_000


@page(Permission.WORK_CASES, methods=("GET", "POST"))
def note_row(request: UserRequest) -> HttpResponseBase:
    """The form, and then the case with the note."""
    asked = rows_asked(request)
    told = read_row(request.GET.get("columns", ""), request.GET.get("row", ""))
    about = {"of_row": True, "back_url": row_url(request, asked)}
    named = {one.column: one.values for one in told}
    hosts, users = named.get("host.name", ()), named.get("user.name", ())
    title = f"Found on {' '.join(hosts[0].split())}" if hosts else "Found by a search"
    return noted(request, Finding(_words(told, asked), teams_of(request.user), title, hosts, users), about)


def _words(told: tuple[Told, ...], asked: RowsAsked) -> str:
    """What the row says, each value as code so that nothing in it is read as markup, and what was asked."""
    window = asked.window
    between = f" between {window.start:%Y-%m-%d %H:%M} and {window.end:%Y-%m-%d %H:%M} UTC" if window else ""
    lines = [f"Row of a search{between}:", ""]
    for one in told:
        values = ", ".join(code(text, LONGEST_VALUE + 1) for text in one.values)
        lines.append(f"- {inline(one.column)}: {values or 'null'}")
    text = "\n".join(lines)[:_MOST_TEXT]
    return f"{text}\n\n{fenced(asked.text[:_LONGEST_QUERY])}" if asked.text else text
