"""The processes around an event, drawn as nested lists; the line between them is the style sheet's.

`{% load processes %}{% process_tree tree %}`: ancestors from the oldest down, the process, what it started, and folded
what its parent started beside it. `{% process_chain tree %}` is the way down to it alone.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django import template
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from events.process_tree import MAX_COUNTED, STARTED_WITHIN, ProcessNode, ProcessTree
from soc.web import evidence

register = template.Library()

SHOWN_AT_ONCE = 7
"""Children beyond these are folded, and so is everything where there are very many."""
_SHOWN_OF_MANY = 5
_TALKS = ("network", "dns")
_A_SECOND = timedelta(seconds=1)


@register.simple_tag
def process_tree(tree: ProcessTree, marked: Sequence[str] = (), here: str = "") -> SafeString:
    """The process among its relatives; `marked` are values that met a rule, `here` is what is said at the process."""
    said = str(here or _("this event"))  # templates hand over lazy words
    inside = _children(tree, marked)
    drawn = [_node(tree.process, marked, here=said) + _list(inside), *_beside(tree, marked)]
    for ancestor in reversed(tree.ancestors):
        drawn = [_node(ancestor, marked) + _list(drawn)]
    return format_html('<div class="tree" data-tree>{}{}</div>{}', _above(tree), _joined(drawn), _gap(tree))


@register.simple_tag
def process_chain(tree: ProcessTree) -> SafeString:
    """The process below the nearest of its ancestors, without what it started."""
    items = [_node(tree.process, here="", brief=True, hit=True)]
    for ancestor in reversed(tree.ancestors[-4:]):
        items = [_node(ancestor, brief=True) + _list(items)]
    above = SafeString("") if tree.ancestors else _above(tree)
    return format_html('<div class="tree" data-tree>{}{}</div>', above, items[0])


@register.filter
def processes_told(tree: ProcessTree) -> str:
    """ "12 processes": how many there are around, those that are only counted too."""
    number = 1 + len(tree.ancestors) + tree.children_in_all + tree.siblings_in_all
    return ngettext("%(n)s process", "%(n)s processes", number) % {"n": _number(number, tree)}


def _number(number: int, tree: ProcessTree) -> str:
    """With a plus where there may be more than were counted."""
    return f"{number:,}{'+' if tree.capped else ''}"


def _above(tree: ProcessTree) -> SafeString:
    """What is said where more is above than is drawn."""
    return _words(_("What started it was not recorded.")) if tree.cut_above else SafeString("")


def _gap(tree: ProcessTree) -> SafeString:
    """What is said where an agent gives no entity ids."""
    if tree.by_ids:
        return SafeString("")
    if tree.by_pid:
        return _note(_("Its agent gives processes no ids: parent not recorded; nearest ancestor by pid shown."))
    return _note(_("Its agent gives processes no ids: this is all the event says."))


def _note(words: str) -> SafeString:
    return format_html('<p class="muted xs">{}</p>', words)


def _children(tree: ProcessTree, marked: Sequence[str]) -> list[SafeString]:
    if not tree.by_ids:
        return []
    if not tree.children:
        return [_words(_("It started nothing within a day that was recorded."))]
    few = tree.children_in_all <= SHOWN_AT_ONCE
    shown = SHOWN_AT_ONCE if few else _SHOWN_OF_MANY
    items = [_node(child, marked) for child in tree.children[:shown]]
    rest = tree.children[shown:]
    if rest:
        left = tree.children_in_all - shown
        words = ngettext("%(n)s more child within a day", "%(n)s more children within a day", left)
        items.append(_folded(words % {"n": _number(left, tree)}, rest, left, tree.process, marked, tree.process.time))
    return items


def _beside(tree: ProcessTree, marked: Sequence[str]) -> list[SafeString]:
    """What the parent started beside the process, folded."""
    if not tree.siblings or not tree.ancestors:
        return []
    left = tree.siblings_in_all
    parent = tree.ancestors[-1].name or tree.ancestors[-1].executable
    words = ngettext(
        "%(n)s other child of %(name)s within a day", "%(n)s other children of %(name)s within a day", left
    )
    told = words % {"n": _number(left, tree), "name": evidence.plain(parent[:80]) or _("its parent")}
    return [_folded(told, tree.siblings, left, tree.ancestors[-1], marked, tree.process.time)]


def _folded(
    words: str,
    nodes: Sequence[ProcessNode],
    count: int,
    parent: ProcessNode,
    marked: Sequence[str],
    at: datetime | None,
) -> SafeString:
    """Processes behind a line that counts them and says whether any of them talked to the network."""
    talked = sum(any(kind in node.deeds for kind in _TALKS) for node in nodes)
    activity = _("no network activity") if not talked else _("%(n)s with network activity") % {"n": talked}
    items = [_node(node, marked) for node in nodes]
    if count > len(nodes):
        items.append(_rest(count - len(nodes), parent, at))
        activity = "" if not talked else activity
    summary = f"{words}, {activity}" if activity else words
    return format_html('<details class="kin-fold"><summary>{}</summary>{}</details>', summary, _list(items))


def _rest(count: int, parent: ProcessNode, at: datetime | None) -> SafeString:
    """Processes that are not drawn, and where they are found."""
    said = json.dumps(parent.entity_id, ensure_ascii=False)
    asked = {"q": f"event.category: process and process.parent.entity_id: {said}"}
    if at is not None:
        asked |= {"from": _second(at - STARTED_WITHIN), "to": _second(at + STARTED_WITHIN + _A_SECOND)}
    return format_html(
        '<div class="node"><a class="link" href="{}?{}">{}</a></div>',
        reverse("events:search"),
        urlencode(asked),
        ngettext("%(n)s more in search", "%(n)s more in search", count) % {"n": f"{count:,}"},
    )


def _second(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _joined(items: Iterable[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((item,) for item in items))


def _list(items: Sequence[SafeString]) -> SafeString:
    if not items:
        return SafeString("")
    return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((item,) for item in items)))


def _node(
    node: ProcessNode, marked: Sequence[str] = (), *, here: str | None = None, brief: bool = False, hit: bool = False
) -> SafeString:
    """A process in a line: name, number, command line, what it did besides, and unless `brief` who ran it when."""
    seen = [node.user, f"{localtime(node.time):%H:%M:%S}" if node.time else _("not recorded"), here or ""]
    return format_html(
        '<div class="node{}" data-process="{}">{}<span class="meta">{}</span><span class="cmd truncate">{}</span>'
        '{}<span class="meta push only-desk">{}</span></div>',
        " hit" if hit or here else "",
        node.pid[:20],
        _name(node, brief),
        evidence.show(node.pid[:20]),
        _command(node.command_line[:500], marked),
        "" if brief else _deeds(node),
        "" if brief else evidence.plain(" · ".join(filter(None, seen))),
    )


def _name(node: ProcessNode, brief: bool) -> SafeString:
    """The name, leading to the process's event where that is stored."""
    name = evidence.show((node.name or node.executable or node.entity_id or "?")[:200])
    if node.ref is None or brief:
        return format_html('<span class="pn">{}</span>', name)
    address = reverse("events:event", args=[node.ref.uid.hex()])
    return format_html('<a class="pn" href="{}?day={}">{}</a>', address, node.ref.day.isoformat(), name)


def _command(text: str, marked: Sequence[str]) -> SafeString:
    """The command line; the longest of the values that met the rule is marked in it."""
    for value in sorted((one for one in marked if len(one) > 2), key=len, reverse=True):
        before, found, after = text.partition(value)
        if found:
            return format_html("{}<mark>{}</mark>{}", evidence.show(before), evidence.show(found), evidence.show(after))
    return evidence.show(text)


def _deeds(node: ProcessNode) -> SafeString:
    """ "3 file, 1 network": the other events of the process, by kind."""
    if not node.deeds:
        return SafeString("")
    words = [
        f"{number:,}{'+' if number >= MAX_COUNTED else ''} {_KINDS[kind]}"
        for kind, number in sorted(node.deeds.items())
        if kind in _KINDS
    ]
    return format_html('<span class="deeds" title="{}">{}</span>', _("Other events of this process"), ", ".join(words))


def _words(text: str) -> SafeString:
    return format_html('<div class="node"><span class="cmd">{}</span></div>', text)


_KINDS = {"file": "file", "network": "network", "dns": "DNS", "registry": "registry"}
