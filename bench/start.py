"""How long `make run` takes until it says where it is: on no data, with and without demo, and again on that data."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.results import append, conditions
from bench.system import free_port
from soc.local.folders import CHECKOUT


def main() -> None:
    """Cold with the demo (the newcomer's first minute), warm, and cold without the demo. Packages are installed."""
    for demo in ("1", "0"):
        before = conditions()
        home = Path(tempfile.mkdtemp(prefix="wbb-", dir="/tmp"))
        try:
            figures = {"demo": demo == "1", "cold_seconds": _start(home, demo), "warm_seconds": _start(home, demo)}
        finally:
            shutil.rmtree(home, ignore_errors=True)
        append("start", figures, "python -m soc.local run, packages installed, until it says it is ready", before)


def _start(home: Path, demo: str) -> float:
    begun = time.monotonic()
    environment = os.environ | {"WATCHBILL_HOME": str(home / "home"), "PORT": str(free_port()), "DEMO": demo}
    with subprocess.Popen(
        [sys.executable, "-m", "soc.local", "run"],
        cwd=CHECKOUT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        for line in process.stdout:
            if "Watchbill is ready" in line:
                break
        seconds = time.monotonic() - begun
        process.send_signal(signal.SIGINT)
        process.stdout.read()
    assert process.returncode == 0, process.returncode
    return round(seconds, 1)


if __name__ == "__main__":
    main()
