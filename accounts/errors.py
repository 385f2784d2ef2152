"""What can go wrong around people and keys.

AccountsError
├── NotAllowed      the role lacks the permission (also Django's PermissionDenied, so it becomes a 403 page)
├── NotYourTeam     the object belongs to a team the person is not in (403 page as well)
├── KeyRefused      an agent's key was not accepted; `code` says why
└── LinkRefused     a sign-in link is unknown, used or too old
"""

from typing import Literal

from django.core.exceptions import PermissionDenied

KeyRefusal = Literal["missing", "malformed", "unknown", "revoked", "expired"]


class AccountsError(Exception):
    """Root of this package's errors."""


class NotAllowed(AccountsError, PermissionDenied):  # noqa: N818  (a refusal, named as one)
    """`reason` is a sentence for the person, such as "Needs the engineer role."."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotYourTeam(NotAllowed):
    """The person is not in the team of what was asked for."""


class KeyRefused(AccountsError):  # noqa: N818  (a refusal, named as one)
    """An agent's key was refused. The door answers 401; `code` is for the agent, the log and nothing else."""

    def __init__(self, code: KeyRefusal) -> None:
        super().__init__(code)
        self.code: KeyRefusal = code


class LinkRefused(AccountsError):  # noqa: N818  (a refusal, named as one)
    """A sign-in link that does not work (any more)."""
