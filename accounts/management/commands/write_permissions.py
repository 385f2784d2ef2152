"""`manage.py write_permissions`: docs/permissions.md from the table of roles."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from accounts.permission_table import as_markdown


class Command(BaseCommand):
    """Writes the page."""

    help = "Write docs/permissions.md from accounts/roles.py."
    requires_system_checks = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Write it."""
        path = Path(settings.BASE_DIR) / "docs" / "permissions.md"
        path.write_text(as_markdown(), encoding="utf-8")
        self.stdout.write(f"Wrote {path.relative_to(settings.BASE_DIR)}")
