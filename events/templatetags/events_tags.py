"""Event bricks for templates, also of other apps: `{% load events_tags %}{% process_tree tree %}`."""

from django import template

from events.letters import first_bytes as beginning_of
from events.letters import words_of
from events.models import DeadLetter
from events.process_tree import ProcessTree

register = template.Library()


@register.inclusion_tag("events/_process_tree.html")
def process_tree(tree: ProcessTree) -> dict[str, ProcessTree]:
    """A process among its relatives."""
    return {"tree": tree}


@register.filter
def first_bytes(letter: DeadLetter) -> str:
    """`{{ letter|first_bytes|evidence }}`: the beginning of what was sent."""
    return beginning_of(letter)


@register.filter
def reason(code: str) -> str:
    """`{{ letter.reason|reason }}`: why it was refused, in words."""
    return words_of(code)
