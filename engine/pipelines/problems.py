"""What can be wrong with the types of an expression, before any row is seen."""

from engine.errors import EngineError


class TypeProblem(EngineError):  # noqa: N818 (what is wrong with it, told before there is an error)
    """A function or operator that cannot take what it is given.

    `message` is safe to show; `argument` is the number (from 0) of the argument that is wrong, None when none is
    alone. Whoever compiles the query knows the places and makes a LanguageError of it.
    """

    def __init__(self, message: str, argument: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.argument = argument
