"""Event bricks for templates, also of other apps: `{% load events_tags %}{% process_tree tree %}`."""

from django import template

from events.models import DeadLetter
from events.process_tree import ProcessTree
from events.selectors import first_bytes as beginning_of

register = template.Library()


@register.inclusion_tag("events/_process_tree.html")
def process_tree(tree: ProcessTree) -> dict[str, ProcessTree]:
    """A process among its relatives."""
    return {"tree": tree}


@register.filter
def first_bytes(letter: DeadLetter) -> str:
    """`{{ letter|first_bytes|evidence }}`: the beginning of what was sent."""
    return beginning_of(letter)
