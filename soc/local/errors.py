# ruff: noqa: N818 - these are sentences for a person, and read as such
"""What can go wrong on the machine: one sentence that says what, one that says what to do.

LocalError                     exit code 70
├── EnvironmentIncomplete      78  a package of the lock is missing or damaged
├── FolderTrouble              73  no room, no permission, or not ours
├── AlreadyRunning             75  another process of ours holds the data folder
├── PortTaken                  69  something else listens there
├── WrongVersion               65  the data was written by another major version of PostgreSQL
├── BrokenData                 65  the data folder cannot be read
└── DidNotStart                69  a process ended before it was ready

The numbers are those of sysexits.h, so that a service manager can tell "try again" from "call somebody".
"""


class LocalError(Exception):
    """Something on this machine is in the way; `way_out` tells the reader what to do about it."""

    exit_code = 70

    def __init__(self, message: str, way_out: str) -> None:
        super().__init__(f"{message}\n{way_out}")
        self.message = message
        self.way_out = way_out


class EnvironmentIncomplete(LocalError):
    """A package is missing or damaged, as after an installation that was cut off."""

    exit_code = 78


class FolderTrouble(LocalError):
    """A folder cannot be made, written or trusted, or its disk is full."""

    exit_code = 73


class AlreadyRunning(LocalError):
    """Another Watchbill runs on the same data."""

    exit_code = 75


class PortTaken(LocalError):
    """The address for the web pages is in use."""

    exit_code = 69


class WrongVersion(LocalError):
    """The data folder belongs to another major version of PostgreSQL."""

    exit_code = 65


class BrokenData(LocalError):
    """The data folder is there but is not a readable database."""

    exit_code = 65


class DidNotStart(LocalError):
    """A process ended, or stayed silent, before it was ready."""

    exit_code = 69
