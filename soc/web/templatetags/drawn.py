"""`{% load drawn %}`: parts of a page that are the same whenever a few values are, drawn once for all of these."""

from functools import lru_cache
from typing import Any

from django import template
from django.db.models import Model
from django.template.base import FilterExpression, NodeList, Parser, Token, token_kwargs
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language

register = template.Library()

MOST = 64


@register.tag
def drawn_once(parser: Parser, token: Token) -> "DrawnOnce":
    """`{% drawn_once name=user.name links=shell.links %}…{% enddrawn_once %}`: what stands between sees these values
    and nothing else of the page, so it can say nothing that is another person's.

    Kept for as long as the process lives, for everybody for whom the values, the language and the time zone are the
    same: the newest 64 of each tag. So the values are plain ones, which are equal only if they look the same: text,
    numbers, tuples of them; models are refused. Nothing between may ask the database or the clock.
    """
    values = token_kwargs(token.split_contents()[1:], parser)
    nodelist = parser.parse(("enddrawn_once",))
    parser.delete_first_token()
    return DrawnOnce(nodelist, values)


class DrawnOnce(template.Node):
    """The tag, with what it has drawn."""

    def __init__(self, nodelist: NodeList, values: dict[str, FilterExpression]) -> None:
        self.nodelist = nodelist
        self._values = values
        self._drawn = lru_cache(maxsize=MOST, typed=True)(self._draw)

    def render(self, context: template.Context) -> SafeString:
        """What these values look like."""
        given = [value.resolve(context) for value in self._values.values()]
        if any(isinstance(one, Model) for one in given):
            raise TypeError("drawn_once takes plain values, no models: they are equal whatever became of them.")
        # As arguments of their own their types are told apart: 1 from True, text from markup.
        return self._drawn(get_language(), get_current_timezone_name(), context.template, *given)

    def _draw(self, _language: str, _zone: str, of: template.Template, *given: Any) -> SafeString:
        alone = template.Context(dict(zip(self._values, given, strict=True)))
        with alone.render_context.push_state(of), alone.bind_template(of):
            return self.nodelist.render(alone)
