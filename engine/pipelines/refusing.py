"""How a query is refused, with the place of what is wrong."""

from typing import NoReturn

from engine.errors import LanguageError
from engine.languages.esql.nodes import Node, Place


class Refusing:
    """What knows the text of the query, and can say where it is wrong."""

    __slots__ = ()
    text: str

    def refuse(self, node: Node, message: str, hint: str | None = None) -> NoReturn:
        """Raises: LanguageError at a node."""
        raise error_at(self.text, node.place, message, hint)


def error_at(text: str, place: Place, message: str, hint: str | None = None) -> LanguageError:
    """The error about a stretch of the query."""
    return LanguageError.at(text, place.start, place.end - place.start, message, hint)


def arguments(least: int, most: int | None) -> str:
    """How many arguments something takes, in words."""
    if most is None:
        return f"{least} or more arguments"
    if least == most:
        return "one argument" if least == 1 else f"{least} arguments"
    return f"{least} to {most} arguments"
