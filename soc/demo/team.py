"""The demo's own team and key: everything demo lies in one team, so it is told apart and purged exactly."""

import secrets
from datetime import datetime
from pathlib import Path

from accounts.errors import KeyRefused
from accounts.keys import authenticate_key, create_key
from accounts.models import ApiKey, Team, User
from accounts.roles import Role

TEAM_SLUG = "demo"
TEAM_NAME = "Tidewater Instruments (demo)"
KEY_NAME = "Demo telemetry"
ANALYST = "demo-analyst"


def demo_team() -> Team:
    """The team of the demo company; everybody who can sign in sees it."""
    team, created = Team.objects.get_or_create(slug=TEAM_SLUG, defaults={"name": TEAM_NAME})
    if created:
        for user in User.objects.filter(is_active=True):
            user.teams.add(team)
    return team


def demo_analyst() -> User:
    """Who gave the demo's verdicts: a labelled account that nobody can sign in with."""
    user, created = User.objects.get_or_create(
        username=ANALYST, defaults={"first_name": "Demo", "last_name": "analyst", "role": Role.ANALYST}
    )
    if created:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    user.teams.add(demo_team())
    return user


def demo_key(*, remembered_at: Path, now: datetime) -> tuple[ApiKey, str]:
    """The demo's API key and the text an agent presents; kept in a private file so that restarts use one key."""
    if remembered_at.exists():
        presented = remembered_at.read_text(encoding="ascii").strip()
        try:
            return authenticate_key(f"ApiKey {presented}", now), presented
        except KeyRefused:
            pass  # revoked, expired or of an older database: make a new one
    key, presented = create_key(name=KEY_NAME, team=demo_team(), actor=None, now=now, demo=True)
    _write_private(remembered_at, presented)
    return key, presented


def _write_private(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="ascii")
    draft.replace(path)
