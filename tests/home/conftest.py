"""What the tests of the front door share: the world of the alert pages, and browsers of its people."""

from tests.alerts.pages.conftest import _laid, sign_in, world

__all__ = ["_laid", "sign_in", "world"]
