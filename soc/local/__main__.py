"""The command line of this machine's Watchbill.

python -m soc.local run              everything, until Ctrl-C
python -m soc.local with COMMAND …   a command with database and broker at hand, started if they do not run
python -m soc.local reset [--yes]    remove all data
"""

import os
import subprocess
import sys


def main(arguments: list[str]) -> int:
    """One sentence and an exit code for whatever is in the way, never a traceback."""
    try:
        from .errors import LocalError
    except ImportError as error:  # pragma: no cover - only a damaged checkout
        return _complain(f"Files of Watchbill itself are missing ({error.name}).", "Fetch the checkout anew.", 78)
    try:
        return _dispatch(arguments)
    except LocalError as error:
        return _complain(error.message, error.way_out, error.exit_code)
    except ModuleNotFoundError as error:
        what = f"The Python environment {sys.prefix} is only half installed: the package {error.name} is missing."
        return _complain(what, f"Remove it and run the command again, it is made anew: rm -r {sys.prefix}", 78)
    except KeyboardInterrupt:
        return _complain("Stopped before it was ready.", "`make run` goes on where it was.", 130)


def _dispatch(arguments: list[str]) -> int:
    match arguments:
        case ["run"]:
            from .run import run

            return run()
        case ["with", *command] if command:
            return _with(command)
        case ["reset"] | ["reset", "--yes"]:
            from .reset import reset

            return reset(sure="--yes" in arguments)
    print(__doc__, file=sys.stderr)
    return 64


def _with(command: list[str]) -> int:
    """Run a command beside the services; those of a running `make run` are shared."""
    from . import services
    from .errors import AlreadyRunning
    from .folders import point_here

    try:
        with services.running() as running:
            return subprocess.run(command, env={**os.environ, **running.environment()}, check=False).returncode
    except AlreadyRunning:
        environment = dict(os.environ)
        point_here(environment)
        return subprocess.run(command, env=environment, check=False).returncode


def _complain(message: str, way_out: str, code: int) -> int:
    print(f"\n{message}\n{way_out}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
