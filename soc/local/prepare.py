"""Brings database, rules, demo and static files to the state that this code expects; safe to repeat.

Runs as a process of its own (`python -m soc.local.prepare base`), so that only one Django starts for all the steps
and the supervisor itself stays free of it. What is up to date costs a look.
"""

import hashlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from .errors import DidNotStart, EnvironmentIncomplete
from .folders import CHECKOUT

_LOCK = CHECKOUT / "requirements" / "runtime.txt"


def main(part: str) -> int:
    """`base` is what the pages need; `demo` is what they then show, which takes a minute the first time."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "soc.settings")
    django.setup()
    {"base": prepare_base, "demo": prepare_demo}[part]()
    return 0


def prepare_base() -> None:
    """The administrator comes last, so that the one-time link stands near the end of what is printed."""
    from django.conf import settings
    from django.core.management import call_command

    step("database tables", lambda: call_command("migrate", verbosity=0, interactive=False))
    step("static files", lambda: collect_static(Path(settings.STATIC_ROOT), list(settings.STATICFILES_DIRS)))
    step("rule pack", lambda: call_command("load_rules"))
    step("administrator", lambda: call_command("ensure_admin", "--print-once"))


def prepare_demo() -> None:
    """Sixteen days of telemetry (or DEMO_DAYS), judged as of their own time, not of now."""
    from django.core.management import call_command

    days = os.environ.get("DEMO_DAYS") or "16"
    step(f"demo telemetry of {days} days", lambda: call_command("simulate", "--backfill", "--days", days))


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


def guarded(part: str) -> int:
    """`main`, with a sentence instead of a traceback for what a person at this machine can mend."""
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import CommandError

        try:
            return main(part)
        except (CommandError, ImproperlyConfigured) as error:
            print(f"\n{error}", file=sys.stderr)
            return DidNotStart.exit_code
    except ModuleNotFoundError as error:
        print(f"\nThe package {error.name} is missing.", file=sys.stderr)
        return EnvironmentIncomplete.exit_code


if __name__ == "__main__":
    sys.exit(guarded(sys.argv[1]))
