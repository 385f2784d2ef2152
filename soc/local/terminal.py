"""One terminal for many processes: each line carries the name of who said it, in a colour of its own."""

import os
import sys
import threading
from collections.abc import Iterable

_COLOURS = {"postgres": 34, "valkey": 35, "web": 32, "worker": 33, "beat": 36, "demo": 90}
_WIDTH = max(map(len, _COLOURS))


class Terminal:
    """Writes whole lines, one at a time; a terminal that was closed is no reason to fall over."""

    def __init__(self, noise: Iterable[str] = ()) -> None:
        self._noise = tuple(noise)
        self._turn = threading.Lock()
        self._colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def say(self, text: str) -> None:
        """Our own words, without a prefix."""
        with self._turn:
            try:
                print(text, flush=True)
            except OSError:
                return

    def log(self, name: str, line: str) -> None:
        """A line of a process. What everybody sees at every start, and means nothing, is left out."""
        if line and not any(noise in line for noise in self._noise):
            self.say(f"{self._painted(name)} | {line}")

    def _painted(self, name: str) -> str:
        padded = f"{name:<{_WIDTH}}"
        return f"\x1b[{_COLOURS.get(name, 37)}m{padded}\x1b[0m" if self._colours else padded
