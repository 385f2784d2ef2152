"""docs/permissions.md, made from the table in accounts/roles.py."""

from accounts.roles import PERMISSIONS, Permission, Role

_HEAD = """# Who may do what

Everybody has one role, and sees the events, alerts and keys of the own teams; an administrator sees all teams.
A control that the role lacks is shown disabled, with the reason. The table is `PERMISSIONS` in `accounts/roles.py`;
`manage.py write_permissions` writes this page from it, and a test compares the two.

The page of an alert or a case of another team says which team that is and who can be asked, and offers to request
access. Requests stand under Settings → Teams, where an administrator grants or declines them; the person gets a notice.
One request a person and team is open at a time, and five a day may be made. All of it is in the record, under the team.
"""


def as_markdown() -> str:
    """The page: a row for each permission, a column for each role."""
    head = "| may | " + " | ".join(role.label for role in Role) + " |"
    rule = "|---|" + ":-:|" * len(Role)
    return "\n".join([_HEAD, head, rule, *(_row(permission) for permission in Permission), ""])


def _row(permission: Permission) -> str:
    marks = " | ".join("yes" if permission in PERMISSIONS[role] else "–" for role in Role)
    return f"| {permission.label} (`{permission.value}`) | {marks} |"
