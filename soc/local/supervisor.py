"""Keeps a handful of processes alive: starts them in order, restarts what dies, stops only what it started.

One thread owns all children, because the kernel ties a child to the thread that made it. Other threads ask it
through a queue. Every child leads its own process group, so that Ctrl-C in the terminal reaches only us and we stop
them in order, and so that the rest of a group can be ended when its leader was killed.
"""

import contextlib
import os
import queue
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from .errors import LocalError
from .service import Service

Log = Callable[[str, str], None]

_TICK_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 5.0
_CALM_SECONDS = 30.0
_KEPT_LINES = 40


@dataclass
class _Child:
    """The state of one service under supervision."""

    service: Service
    started: Future[None] | None
    process: subprocess.Popen[bytes] | None = None
    ready: bool = False
    born: float = 0.0
    not_before: float = 0.0
    failures: int = 0
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT_LINES))
    reader: threading.Thread | None = None


class Supervisor:
    """Starts, watches and stops services. `log` gets every line that they or we say, with the name before it."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._children: list[_Child] = []
        self._requests: queue.SimpleQueue[tuple[Callable[[], None], Future[None]]] = queue.SimpleQueue()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._thread.start()

    def start(self, *services: Service) -> None:
        """Start services side by side and wait until all are ready.

        Raises the LocalError of the first that does not get there; the others run on until `close`.
        """
        for service in services:
            service.prepare()
        children = [_Child(service, Future()) for service in services]
        waiting = [child.started for child in children if child.started is not None]
        self._ask(lambda: self._children.extend(children))
        for started in waiting:
            started.result()

    def pids(self) -> dict[str, int]:
        """The process ids of the children that run now."""
        running = {child.service.name: child.process for child in self._children}
        return {name: process.pid for name, process in running.items() if process is not None}

    def kill(self, name: str) -> int:
        """Send kill -9 to one child, as a fault test does; it is restarted. Returns its process id (0: not running)."""
        pid = self.pids().get(name, 0)
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return pid

    def wait_ready(self, name: str, seconds: float = 60.0) -> None:
        """Wait until a restarted child is ready again. Raises TimeoutError."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if any(child.ready and child.service.name == name for child in self._children):
                return
            time.sleep(_TICK_SECONDS)
        raise TimeoutError(f"{name} was not ready again within {seconds:.0f} s")

    def stop(self, name: str) -> None:
        """Stop one child for good."""
        self._ask(lambda: self._stop_named(name))

    def close(self) -> None:
        """Stop every child, the last started first. Calling it again does nothing."""
        if self._thread.is_alive():
            self._ask(self._stop_all)
            self._ending.set()
            self._thread.join()

    def _ask(self, action: Callable[[], None]) -> None:
        done: Future[None] = Future()
        self._requests.put((action, done))
        done.result()

    def _watch(self) -> None:
        while not self._ending.is_set():
            self._answer_requests()
            for child in list(self._children):
                self._step(child)

    def _answer_requests(self) -> None:
        with contextlib.suppress(queue.Empty):
            action, done = self._requests.get(timeout=_TICK_SECONDS)
            try:
                action()
            except BaseException as error:  # handed to the thread that asked
                done.set_exception(error)
            else:
                done.set_result(None)

    def _step(self, child: _Child) -> None:
        """Bring one child a moment forward: not running -> running -> ready, and back when it died."""
        if child.process is None:
            if time.monotonic() >= child.not_before and child.service.clear_to_start():
                self._spawn(child)
        elif (code := child.process.poll()) is not None:
            self._bury(child, code)
        elif not child.ready:
            self._look_whether_ready(child)
        elif child.failures and time.monotonic() - child.born > _CALM_SECONDS:
            child.failures = 0

    def _spawn(self, child: _Child) -> None:
        service, command = child.service, child.service.command()
        try:
            child.process = subprocess.Popen(
                command.words(service.stop_signal),
                env=dict(command.environment),
                cwd=command.folder,
                user=command.uid,
                group=command.gid,
                extra_groups=[] if command.uid is not None else None,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            child.lines.append(error.strerror or "cannot be started")
            self._bury(child, 127)
            return
        child.born, child.ready = time.monotonic(), False
        child.reader = threading.Thread(target=self._read, args=(child, child.process), daemon=True)
        child.reader.start()

    def _read(self, child: _Child, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None  # noqa: S101 - opened as a pipe above
        for raw in process.stdout:
            line = raw.decode(errors="replace").rstrip()
            child.lines.append(line)
            self._log(child.service.name, line)

    def _look_whether_ready(self, child: _Child) -> None:
        try:
            is_ready = child.service.is_ready()
        except LocalError as error:
            self._give_up(child, error)
            return
        if is_ready:
            child.ready = True
            if child.started is not None:
                child.started.set_result(None)
                child.started = None
            else:
                self._log(child.service.name, "runs again")
        elif child.started is not None and time.monotonic() - child.born > child.service.start_seconds:
            self._give_up(child, child.service.explain(None, list(child.lines)))

    def _bury(self, child: _Child, code: int) -> None:
        """A child died unasked: end what is left of its group, then start it again after a growing pause."""
        self._end_group(child)
        if child.reader is not None:
            child.reader.join(timeout=2)  # its last words, unless a grandchild holds the pipe
        child.process, child.ready = None, False
        if child.started is not None:
            self._give_up(child, child.service.explain(code, list(child.lines)))
            return
        child.failures += 1
        pause = min(0.1 * 2 ** (child.failures - 1), _LONGEST_PAUSE_SECONDS)
        child.not_before = time.monotonic() + pause
        self._log(child.service.name, f"ended ({_ending(code)}); starting it again in {pause:.1f} s")

    def _give_up(self, child: _Child, error: LocalError) -> None:
        """The first start failed: whoever asked for it gets the reason. A later one is tried again."""
        self._end(child)
        if child.started is None:
            self._log(child.service.name, error.message)
            child.not_before = time.monotonic() + _LONGEST_PAUSE_SECONDS
            return
        self._children.remove(child)
        child.started.set_exception(error)

    def _stop_named(self, name: str) -> None:
        for child in [child for child in self._children if child.service.name == name]:
            self._end(child)
            self._children.remove(child)

    def _stop_all(self) -> None:
        for child in reversed(self._children):
            self._end(child)
        self._children.clear()

    def _end(self, child: _Child) -> None:
        """Ask a child to stop and wait; one that does not listen is killed with its group."""
        process = child.process
        if process is None:
            return
        process.send_signal(child.service.stop_signal)
        try:
            process.wait(child.service.stop_seconds)
        except subprocess.TimeoutExpired:
            self._log(child.service.name, "does not stop; killed")
            process.kill()
            process.wait()
        self._end_group(child)
        child.process, child.ready = None, False

    @staticmethod
    def _end_group(child: _Child) -> None:
        if child.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.process.pid, signal.SIGKILL)


def _ending(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"code {code}"
