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


def test_what_make_run_reads_is_documented():
    source = (ROOT / "soc" / "local" / "run.py").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for name in ("HOST", "PORT"):
        assert f'environ.get("{name}")' in source
        assert f"`{name}`" in page, name


def test_the_page_of_the_api_names_the_cookie_of_either_kind_of_installation():
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert "`csrftoken`" in page
    assert "`__Host-csrftoken`" in page


def test_every_library_that_is_installed_is_accounted_for():
    page = (ROOT / "docs" / "decisions" / "0002-libraries.md").read_text(encoding="utf-8").lower()
    listed = "".join((ROOT / "requirements" / name).read_text() for name in ("server.in", "runtime.in", "dev.in"))
    names = re.findall(r"^([A-Za-z][\w-]*)", listed, re.MULTILINE)
    assert [name for name in names if name.lower() not in page] == []


def test_the_page_of_permissions_is_the_table():
    page = (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8")
    assert page == as_markdown(), "run: manage.py write_permissions"
