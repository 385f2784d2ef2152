"""What can go wrong around people and keys.

AccountsError
├── NotAllowed      the role lacks the permission (also Django's PermissionDenied, so it becomes a 403 page)
├── NotYourTeam     the object belongs to a team the person is not in (403 page as well)
│   └── OtherTeamsPage  the page of something of such a team, which says whose it is and whom to ask
├── KeyRefused      an agent's key was not accepted; `code` says why
├── LinkRefused     a sign-in link is unknown, used or too old
├── SavedError      a saved view or search
│   ├── SavedRefused    one that cannot be kept as asked: its name, what it asks, or too many
│   ├── SavedNotFound   none of this number, or somebody else's
│   └── NotRestorable   one that cannot be brought back (any more)
└── Refused         what an administrator asked for cannot be; `message` says why, for the person at the page
    ├── LastAdministrator   nobody would be left who could administer
    ├── Oneself             an act that one cannot do to oneself
    ├── PersonChanged       somebody else changed the person since the form was shown
    ├── PersonRefused       a name or an address that cannot be used, or a person who is not in the right state
    ├── TeamRefused         a team that cannot be so
    ├── ScopesRefused       a key for nothing, or for something that does not exist
    ├── AccessRefused       a request for access that cannot be made, or was decided already
    └── KeyNotReplaced      a key that nobody, or only somebody else, can replace
"""

from typing import TYPE_CHECKING, Literal

from django.core.exceptions import PermissionDenied

if TYPE_CHECKING:
    from accounts.models import Team

KeyRefusal = Literal["missing", "malformed", "unknown", "revoked", "expired", "person", "scope"]


class AccountsError(Exception):
    """Root of this package's errors."""


class NotAllowed(AccountsError, PermissionDenied):  # noqa: N818  (a refusal, named as one)
    """`reason` is a sentence for the person, such as "Needs the engineer role."."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotYourTeam(NotAllowed):
    """The person is not in the team of what was asked for."""


class OtherTeamsPage(NotYourTeam):
    """Somebody opened the page of an alert or a case of a team that he is not in.

    Only such pages raise it: every act, fragment and operation of the API answers as if the thing had never been.
    `things` is what the person would have seen, in the plural: "alerts".
    """

    def __init__(self, team: "Team", things: str) -> None:
        super().__init__(f"This belongs to {team}.")
        self.team = team
        self.things = things


class KeyRefused(AccountsError):  # noqa: N818  (a refusal, named as one)
    """A key was refused. The door answers 401 or 403; `code` is for the agent, the log and nothing else."""

    def __init__(self, code: KeyRefusal) -> None:
        super().__init__(code)
        self.code: KeyRefusal = code


class LinkRefused(AccountsError):  # noqa: N818  (a refusal, named as one)
    """A sign-in link that does not work (any more)."""


class Refused(AccountsError):  # noqa: N818  (a refusal, named as one)
    """The root of refusals to administrators. `field` names the form's field that it is about, if there is one."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class LastAdministrator(Refused):
    """Somebody must stay who can administer."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is the last active administrator. Make somebody else one first.", "role")


class Oneself(Refused):
    """An act that an administrator cannot do to the own account."""


class PersonChanged(Refused):
    """Somebody was faster; `message` says who changed what, and when."""


class PersonRefused(Refused):
    """A person cannot be made or changed so."""


class TeamRefused(Refused):
    """A team cannot be made or changed so."""


class KeyNotReplaced(Refused):
    """A key that does not work any more, was replaced already, or acts for somebody else."""


class ScopesRefused(Refused):
    """What a key shall open is nothing, or not known."""


class AccessRefused(Refused):
    """A request for access that cannot be made or decided (any more)."""


class SavedError(AccountsError):
    """Something about saved views or searches; `message` is written for the person at the page."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class SavedRefused(SavedError):  # noqa: N818  (a refusal, named as one)
    """It cannot be kept as asked."""


class SavedNotFound(SavedError):  # noqa: N818  (a refusal, named as one)
    """None of this number, or it is somebody else's: only its owner changes it."""


class NotRestorable(SavedError):  # noqa: N818  (a refusal, named as one)
    """It was brought back already, was never there, or was deleted too long ago."""
