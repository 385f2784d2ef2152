"""What the supervisor needs to know of one process it keeps alive."""

import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from .errors import DidNotStart, LocalError


@dataclass(frozen=True, slots=True)
class Command:
    """One program call. `prefix` goes before everything (a user namespace)."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    uid: int | None = None
    gid: int | None = None
    prefix: tuple[str, ...] = ()

    def words(self, stop_signal: signal.Signals) -> list[str]:
        """The whole call, tied to us: should this process be killed, the kernel sends the child its stop signal."""
        leash = _leash()
        tied = (leash, "--pdeathsig", stop_signal.name.removeprefix("SIG"), "--") if leash else ()
        return [*self.prefix, *tied, *self.arguments]


@cache
def _leash() -> str | None:
    """util-linux's setpriv, where the machine has one that knows the option (busybox's does not)."""
    found = shutil.which("setpriv")
    return found if found and "busybox" not in os.path.realpath(found) else None


class Service:
    """A process to keep alive. Everything but `command` has a default that suits a simple program."""

    name: str
    stop_signal = signal.SIGTERM
    stop_seconds = 15.0
    start_seconds = 60.0

    def prepare(self) -> None:
        """Make folders and data before the very first start. Raises LocalError."""

    def clear_to_start(self) -> bool:
        """Whether nothing of an earlier life is in the way; asked again every moment until it is true."""
        return True

    def command(self) -> Command:
        """The call that starts it, in the foreground."""
        raise NotImplementedError

    def is_ready(self) -> bool:
        """Whether others may use it; asked every moment while it starts."""
        return True

    def explain(self, code: int | None, last_lines: Sequence[str]) -> LocalError:
        """Why the first start failed. `code` is the exit code, None if it is still silent after `start_seconds`."""
        happened = "did not get ready in time" if code is None else f"ended at once (code {code})"
        said = f" It said: {last_lines[-1].strip()}" if last_lines else ""
        return DidNotStart(f"{self.name} {happened}.{said}", "The lines above say more; then try again.")
