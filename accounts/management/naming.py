"""People named on a command line."""

from django.core.management.base import CommandError

from accounts.models import User


def named(username: str) -> User:
    """The person of that name, in any case. Raises: CommandError."""
    user = User.objects.filter(username__iexact=username).first()
    if user is None:
        raise CommandError(f"There is nobody called {username}.")
    return user
