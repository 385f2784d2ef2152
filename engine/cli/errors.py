"""What ends a command, as the exit code that scripts see."""

from engine.errors import EngineError

FINE, FAULTY, UNUSABLE = 0, 1, 2


class UnusableError(EngineError):
    """The call, or a file that it names, cannot be used; the text says so to the person who typed it."""
