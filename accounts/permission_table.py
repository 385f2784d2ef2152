"""docs/permissions.md, made from the table in accounts/roles.py."""

from accounts.roles import PERMISSIONS, Permission, Role

_HEAD = """# Who may do what

Everybody has one role, and sees the events, alerts and keys of the own teams; an administrator sees all teams.
A control that the role lacks is shown disabled, with the reason. The table is `PERMISSIONS` in `accounts/roles.py`;
`manage.py write_permissions` writes this page from it, and a test compares the two.
"""


def as_markdown() -> str:
    """The page: a row for each permission, a column for each role."""
    head = "| may | " + " | ".join(role.label for role in Role) + " |"
    rule = "|---|" + ":-:|" * len(Role)
    return "\n".join([_HEAD, head, rule, *(_row(permission) for permission in Permission), ""])


def _row(permission: Permission) -> str:
    marks = " | ".join("yes" if permission in PERMISSIONS[role] else "–" for role in Role)
    return f"| {permission.label} (`{permission.value}`) | {marks} |"
