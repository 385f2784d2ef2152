"""What a session knows from its first moment on, by whichever door its person came in.

Django's signal is the one place that every door passes: password, passkey, identity provider, one-time link.
"""

import time
from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest

from accounts import second_factor, sessions
from accounts.middleware import NEEDS_FACTOR
from accounts.models import User


def mark(sender: object, request: HttpRequest, user: User, **_kwargs: Any) -> None:  # noqa: ARG001
    """Note when the session began, and whether its person has to set up a second factor first."""
    sessions.begin(request.session, time.time())
    request.session[NEEDS_FACTOR] = second_factor.must_set_up(user)


def listen() -> None:
    """Begin to listen, once the models are there."""
    user_logged_in.connect(mark, dispatch_uid="accounts.sign_in_marks")
