"""What the documents list is what the code has."""

import re
from pathlib import Path

from accounts.permission_table import as_markdown

ROOT = Path(__file__).resolve().parent.parent


def _variables_read() -> set[str]:
    source = (ROOT / "soc" / "settings.py").read_text(encoding="utf-8")
    return set(re.findall(r"(?:env_\w+|environ\.get)\(\s*\"([A-Z_]+)\"", source))


def _variables_documented() -> set[str]:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    return set(re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE))


def test_every_setting_is_documented_and_nothing_else():
    assert _variables_documented() == _variables_read()


def test_the_page_of_permissions_is_the_table():
    page = (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8")
    assert page == as_markdown(), "run: manage.py write_permissions"
