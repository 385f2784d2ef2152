"""Roles and what each may do, as one table that a person can read; docs/permissions.md is generated from it."""

from collections.abc import Mapping

from django.db import models


class Role(models.TextChoices):
    """What a person is in the SOC; everybody has exactly one."""

    VIEWER = "viewer", "Viewer"
    ANALYST = "analyst", "Analyst"
    ENGINEER = "engineer", "Detection engineer"
    MANAGER = "manager", "Manager"
    ADMIN = "admin", "Administrator"


class Permission(models.TextChoices):
    """One thing a person may do; pages show a control the role lacks as disabled, with the reason."""

    VIEW = "view", "see alerts, rules and events of the own teams"
    TRIAGE = "triage", "acknowledge, assign, comment on and close alerts"
    EXCEPT = "except", "save an exception on a rule"
    OVERRIDE_GUARD = "override_guard", "save an exception that would have hidden a true positive"
    MANAGE_RULES = "manage_rules", "enable and disable rules"
    MANAGE_KEYS = "manage_keys", "create and revoke API keys"
    MANAGE_USERS = "manage_users", "manage users and teams"


_EVERYBODY = frozenset({Permission.VIEW})
_TRIAGE = _EVERYBODY | {Permission.TRIAGE, Permission.EXCEPT}
_ENGINEER = _TRIAGE | {Permission.OVERRIDE_GUARD, Permission.MANAGE_RULES}

PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: _EVERYBODY,
    Role.ANALYST: _TRIAGE,
    Role.ENGINEER: _ENGINEER | {Permission.MANAGE_KEYS},
    Role.MANAGER: _EVERYBODY | {Permission.TRIAGE},
    Role.ADMIN: frozenset(Permission),
}
