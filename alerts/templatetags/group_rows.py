"""The table of groups. Names of rules, hosts and users are hostile, so every piece goes through format_html; rows are
built here and not by a template, since a page has a hundred of them."""

from collections.abc import Iterable
from datetime import datetime

from django import template
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alerts.models import Severity
from alerts.selectors import Group, Groups
from alerts.selectors.grouping import MOST
from alerts.templatetags.queue_rows import badge
from alerts.views.groups import Line
from soc.web import when
from soc.web.counts import Count
from soc.web.evidence import plain, show
from soc.web.markup import NOTHING, format_html, format_html_join, joined

register = template.Library()

_WORDS = {one.value: str(one.label) for one in Severity}
_BESIDE = {"rule": ("hosts",), "host": ("rules",), "user": ("rules", "hosts")}  # what a group is counted by besides


@register.simple_tag
def groups_told(page: Groups) -> str:
    """ "19 groups, 1,204 alerts"; nothing where nothing was grouped."""
    if not page.number:
        return ""
    groups = ngettext("%(n)s group", "%(n)s groups", page.number) % {"n": f"{page.number:,}"}
    alerts = Count(min(page.alerts, MOST), page.capped)
    return f"{groups}, {ngettext('%(n)s alert', '%(n)s alerts', alerts.number) % {'n': alerts}}"


@register.simple_tag
def group_rows(lines: Iterable[Line], by: str, page: Groups, now: datetime) -> SafeString:
    """`{% group_rows lines by page now %}`: the head and the rows of a table."""
    heads = _heads(by)
    drawn = format_html_join("", '<th scope="col"{}>{}</th>', heads)
    rows = joined([_row(line, by, now, least=page.capped) for line in lines])
    return format_html("<thead><tr>{}</tr></thead><tbody>{}</tbody>", drawn, rows)


def _heads(by: str) -> list[tuple[SafeString, str]]:
    name = {"rule": _("Rule"), "host": _("Host"), "user": _("User")}[by]
    beside = {"rules": _("Rules"), "hosts": _("Hosts")}
    numbers = [_("Alerts"), _("Nobody's"), _("Past target"), *(beside[one] for one in _BESIDE[by]), _("Oldest"),
               _("Newest")]  # fmt: skip
    right = SafeString(' class="r"')
    return [(SafeString(' class="c-sev"'), _("Severity")), (NOTHING, name), *((right, one) for one in numbers)]


def _row(line: Line, by: str, now: datetime, *, least: bool) -> SafeString:
    """A group; the keys go over those that lead somewhere."""
    group = line.group
    return format_html(
        "<tr{}><td>{}</td><td>{}</td>{}{}{}</tr>",
        SafeString(" data-row") if line.address else NOTHING, badge(_WORDS[group.severity]), _name(line, by),
        _numbers(group, by, least=least), _age(group.oldest, _("oldest"), now), _age(group.newest, _("newest"), now),
    )  # fmt: skip


def _name(line: Line, by: str) -> SafeString:
    known = line.group.name is not None
    name = show(line.name) if known else format_html("{}", _("no host") if by == "host" else _("no user"))
    if not line.address:
        return format_html('<span class="truncate" title="{}">{}</span>', plain(line.name), name)
    weight = SafeString(' class="truncate"') if line.group.unowned else SafeString(' class="truncate owned"')
    return format_html('<a href="{}"{} title="{}">{}</a>', line.address, weight, plain(line.name), name)


def _numbers(group: Group, by: str, *, least: bool) -> SafeString:
    told = [
        (group.alerts, "", ngettext("alert", "alerts", group.alerts)),
        (group.unowned, "", _("nobody's")),
        (group.late, " late", _("past target")),
        *((getattr(group, one), "", _counted(one, getattr(group, one))) for one in _BESIDE[by]),
    ]
    return joined([_number(Count(number, least), tone, said) for number, tone, said in told])


def _counted(what: str, number: int) -> str:
    return ngettext("rule", "rules", number) if what == "rules" else ngettext("host", "hosts", number)


def _number(number: Count, tone: str, said: str) -> SafeString:
    """A number, and on a phone what it counts: there is no head over it. None is none even of some of the alerts."""
    return format_html(
        '<td class="num r{}" data-label="{}">{}</td>', tone if number else " none", said, str(number) if number else "0"
    )


def _age(moment: datetime, said: str, now: datetime) -> SafeString:
    drawn = when.element(moment, when.short_span(now - moment), get_current_timezone())
    return format_html('<td class="num r age" data-label="{}">{}</td>', said, drawn)
