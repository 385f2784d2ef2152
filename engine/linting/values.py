"""What is odd about a value on its own, whatever the language it stands in."""

import re

CONTROL = re.compile(r"[\t\r\n\b\f]")
# Windows itself writes a share's name as \\*\ADMIN$; a lone star is a value of its own (an RBAC rule for all verbs).
_STARRED_BY_OTHERS = re.compile(r"\\\\\*\\|\*$")
# A question mark that begins the parameters of an address is one: /api/v1/secrets?limit*.
_PARAMETERS = re.compile(r"[\w/.)\]*-]\?[A-Za-z_][\w.-]*(?:[=&*]|$)")
_WINDOWS_FILE = re.compile(r"(?:^|\\)[^\\/]+\.(?:exe|dll|com|scr|cpl|msi|bat|cmd|ps1|vbs|hta|sys)$", re.IGNORECASE)


def has_literal_star(value: str) -> bool:
    """Whether the value holds a star that looks like a wildcard where none can be."""
    return "*" in value and _STARRED_BY_OTHERS.match(value) is None


def has_literal_question_mark(value: str) -> bool:
    """Whether the value holds a question mark that looks like a wildcard where none can be."""
    return "?" in value and _PARAMETERS.search(value) is None and not value.rstrip("*").endswith("?")


def is_windows_file(value: str) -> bool:
    """Whether the value names a file of a kind that only Windows runs, where case makes no difference."""
    return _WINDOWS_FILE.search(value) is not None
