"""`make run` as a person meets it: one command, a URL, Ctrl-C, and the same again."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from soc.local import orphans
from soc.local.folders import CHECKOUT
from tests.live_system import free_port

pytestmark = pytest.mark.flow


class Command:
    """`python -m soc.local run` in a terminal of its own, its output read line by line."""

    def __init__(self, home: Path, port: int, **environment: str) -> None:
        clean = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "BROKER_URL")}
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "soc.local", "run"], cwd=CHECKOUT, text=True, start_new_session=True,
            env={**clean, "WATCHBILL_HOME": str(home), "PORT": str(port), "DEMO": "0", **environment},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def read_until(self, words: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if words in line:
                return line
        raise AssertionError(f"never said {words!r}:\n{''.join(self.lines)}")

    def stop(self) -> int:
        """Ctrl-C, as a terminal sends it to everything in the foreground."""
        os.killpg(self.process.pid, signal.SIGINT)
        self.read_until("Stopped; the data stays.")
        return self.process.wait(30)


def test_one_command_starts_everything_and_ctrl_c_stops_it_and_the_data_survives(home):
    port = free_port()
    first = Command(home, port)
    try:
        ready = first.read_until("Watchbill is ready")
        assert f"http://127.0.0.1:{port}/" in ready
        first.read_until("create_api_key")
        said = "".join(first.lines)
        link = re.search(r"http://\S+/sign-in/\S+", said)
        assert link
        assert httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
        assert httpx.get(link[0]).status_code < 400
        assert len(re.findall(r"password  \S+", said)) == 1
    finally:
        assert first.stop() == 0
    assert orphans.servers_in(home / "postgres", "postgres") == []
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/readyz")

    began = time.monotonic()
    second = Command(home, port)
    try:
        second.read_until("Watchbill is ready")
        took = time.monotonic() - began
        said = "".join(second.lines)
        assert "password" not in said
        assert "administrator exists" in said
        assert took < 15 or os.getloadavg()[0] > 3, f"the second start took {took:.0f} s"
    finally:
        second.stop()


def test_with_the_demo_there_are_alerts_on_the_page_a_sign_in_later(home):
    port = free_port()
    run = Command(home, port, DEMO="1", DEMO_DAYS="1")
    try:
        run.read_until("Watchbill is ready")
        said = "".join(run.lines)
        link = re.search(r"http://\S+/sign-in/\S+", said)
        assert link
        assert re.search(r"Demo telemetry: [\d,]{4,} events of 1 days, \d+ alerts, \d+ with verdicts", said), said
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", follow_redirects=True, timeout=30) as browser:
            page = browser.get(link[0]).text
            token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
            if token:
                browser.post(link[0], data={"csrfmiddlewaretoken": token[1]})
            queue = browser.get("/alerts/").text
        assert 'id="first-run"' not in queue
        assert len(re.findall(r'id="alert-\d+"', queue)) > 3
    finally:
        assert run.stop() == 0
    assert (home / "demo_laid").exists()
    assert (home / "url").read_text() == f"http://127.0.0.1:{port}\n"
