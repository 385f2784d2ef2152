"""The embedded broker and shared cache: Valkey on a private socket, its writes appended to a file.

It only carries bells ("there is work"); losing it costs a second's latency, so its data may be thrown away at any time.
"""

import contextlib
import os
import signal
import socket
from collections.abc import Sequence

from . import orphans, wheels
from .errors import BrokenData, LocalError
from .folders import Home, make_folder, make_private_folder
from .service import Command, Service


class Valkey(Service):
    """One valkey-server with its data in the home folder."""

    name = "valkey"

    def __init__(self, home: Home) -> None:
        self.home = home
        self.data = home.path / "valkey"
        self._program = wheels.valkey_server()

    def prepare(self) -> None:
        """Make its folders. Raises FolderTrouble."""
        make_folder(self.data)
        make_private_folder(self.home.sockets, os.geteuid())

    def clear_to_start(self) -> bool:
        """Stop a server that a killed supervisor left on the same file; two would write into it."""
        left = orphans.servers_in(self.data, "valkey-server")
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        return not left

    def command(self) -> Command:
        """valkey-server in the foreground, without a port."""
        options = {
            "port": "0",
            "unixsocket": str(self.home.valkey_socket),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "appendonly": "yes",
            "save": "",
            "daemonize": "no",
            "maxmemory-policy": "noeviction",
            "loglevel": "warning",
        }
        words = [word for key, value in options.items() for word in (f"--{key}", value)]
        return Command(
            (str(self._program), *words), environment={"PATH": os.environ.get("PATH", os.defpath)}, folder=self.data
        )

    def is_ready(self) -> bool:
        """Whether it answers PING; a server that still reads its file says LOADING instead."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(1)
                connection.connect(str(self.home.valkey_socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def explain(self, code: int | None, last_lines: Sequence[str]) -> LocalError:
        """It fails over its folder or its file, and both may go."""
        said = last_lines[-1].strip() if last_lines else "nothing"
        happened = "was silent" if code is None else f"ended with code {code}"
        return BrokenData(
            f"Valkey did not start on {self.data}; it {happened} and said: {said}",
            f"The folder holds only reminders that are sent again; remove it and start anew: rm -r {self.data}",
        )
