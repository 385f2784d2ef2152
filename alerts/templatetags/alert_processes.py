"""The processes around an event, drawn as nested lists; the line between them is the style sheet's."""

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from events.process_tree import ProcessNode, ProcessTree
from soc.web import evidence

register = template.Library()

MOST_BESIDE = 5


@register.simple_tag
def process_tree(tree: ProcessTree) -> SafeString:
    """The event's process among its relatives: ancestors from the oldest down, then it, then what it started."""
    inside = [_node(child) for child in tree.children]
    if not inside:
        inside = [_words(_("It started nothing that was recorded."))]
    if tree.more:
        inside.append(_words(_("There is more than is shown here.")))
    return _below(tree, _node(tree.process, hit=True), inside)


@register.simple_tag
def process_chain(tree: ProcessTree) -> SafeString:
    """The event's process below its ancestors, without what it started."""
    items = [_node(tree.process, hit=True, brief=True)]
    for ancestor in reversed(tree.ancestors):
        items = [_node(ancestor, brief=True) + _list(items)]
    return format_html('<div class="tree">{}</div>', items[0])


def _below(tree: ProcessTree, process: SafeString, children: list[SafeString]) -> SafeString:
    """Nested lists from the oldest ancestor to the process, with what its parent started beside it folded."""
    drawn = process + _list(children)
    beside = tree.siblings[:MOST_BESIDE]
    items = [drawn, *(_node(node) for node in beside)]
    for ancestor in reversed(tree.ancestors):
        items = [_node(ancestor) + _list(items)]
    return format_html('<div class="tree">{}</div>', format_html_join("", "{}", ((item,) for item in items)))


def _list(items: list[SafeString]) -> SafeString:
    if not items:
        return SafeString("")
    return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((item,) for item in items)))


def _node(node: ProcessNode, hit: bool = False, brief: bool = False) -> SafeString:
    """A process in a line: name, number, command line, and unless `brief` who ran it when."""
    name = node.name or node.executable or node.entity_id or "?"
    seen = " · ".join(filter(None, (node.user, f"{node.time:%H:%M:%S}" if node.time else _("not recorded"))))
    if hit:
        seen = " · ".join(filter(None, (seen, _("this alert"))))
    return format_html(
        '<div class="node{}"><span class="pn">{}</span><span class="meta">{}</span>'
        '<span class="cmd truncate">{}</span><span class="meta push only-desk">{}</span></div>',
        " hit" if hit else "",
        evidence.show(name[:200]),
        node.pid,
        evidence.show(node.command_line[:500]),
        "" if brief else evidence.plain(seen),
    )


def _words(text: str) -> SafeString:
    return format_html('<div class="node"><span class="cmd">{}</span></div>', text)
