"""Brings database, rules, demo and static files to the state that this code expects; safe to repeat.

Runs as a process of its own (`python -m soc.local.prepare`), so that only one Django starts for all the steps and the
supervisor itself stays free of it. What is up to date costs a look.
"""

import hashlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from .folders import CHECKOUT

_LOCK = CHECKOUT / "requirements" / "runtime.txt"


def main() -> int:
    """Every step with its time; the administrator last, so that the one-time link stands near the end."""
    import django
    from django.conf import settings
    from django.core.management import call_command

    django.setup()
    home = Path(settings.HOME)
    step("database tables", lambda: call_command("migrate", verbosity=0, interactive=False))
    step("static files", lambda: collect_static(Path(settings.STATIC_ROOT), list(settings.STATICFILES_DIRS)))
    step("rule pack", lambda: call_command("load_rules"))
    if os.environ.get("DEMO") == "1":
        step("demo telemetry", lambda: lay_demo(home / "demo_laid"))
    step("administrator", lambda: call_command("ensure_admin", "--print-once"))
    return 0


def step(name: str, action: Callable[[], object]) -> None:
    """Say what is done before it is done: a person waits and wants to know for what."""
    print(f"  {name} …", flush=True)
    start = time.monotonic()
    action()
    sys.stdout.flush()
    seconds = time.monotonic() - start
    if seconds >= 1:
        print(f"  {name}: {seconds:.0f} s", flush=True)


def collect_static(target: Path, sources: list[Path]) -> None:
    """Copy and hash the static files when one of ours or the lock changed (some seconds), else nothing."""
    from django.core.management import call_command

    stamp, state = target / ".collected", fingerprint([Path(source) for source in sources])
    if stamp.exists() and stamp.read_text(encoding="ascii") == state:
        return
    call_command("collectstatic", verbosity=0, interactive=False, clear=target.exists())
    stamp.write_text(state, encoding="ascii")


def fingerprint(sources: list[Path]) -> str:
    """Changes when a static file or the set of installed packages does."""
    digest = hashlib.sha256(_LOCK.read_bytes())
    for path in sorted(path for source in sources for path in source.rglob("*") if path.is_file()):
        found = path.stat()
        digest.update(f"{path}\0{found.st_size}\0{found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def lay_demo(stamp: Path) -> None:
    """Sixteen days of telemetry, once: each start would otherwise add the days since."""
    from django.core.management import call_command

    if not stamp.exists():
        call_command("simulate", "--backfill")
        stamp.touch()


if __name__ == "__main__":
    sys.exit(main())
