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

    VIEW = "view", "see alerts, cases, rules and events of the own teams"
    TRIAGE = "triage", "acknowledge, assign, comment on, escalate and close alerts"
    WORK_CASES = "work_cases", "open cases, work on them and close them"
    EXCEPT = "except", "write an exception on a rule; the policy of the role says whether it needs a review"
    REVIEW_EXCEPTIONS = "review_exceptions", "approve exceptions that others have drafted"
    OVERRIDE_GUARD = "override_guard", "save an exception that would have hidden a true positive"
    MANAGE_RULES = "manage_rules", "enable and disable rules"
    MANAGE_KEYS = "manage_keys", "create, replace and revoke API keys"
    OPERATE = "operate", "send refused events again, and try again what was set aside"
    SET_TARGETS = "set_targets", "set within which time alerts are to be closed"
    AUDIT = "audit", "read and export the record of changes"
    MANAGE_USERS = "manage_users", "manage users, teams and the policy of each role"


_EVERYBODY = frozenset({Permission.VIEW})
_WORK = _EVERYBODY | {Permission.TRIAGE, Permission.WORK_CASES}
_TRIAGE = _WORK | {Permission.EXCEPT}
_ENGINEER = _TRIAGE | {
    Permission.REVIEW_EXCEPTIONS,
    Permission.OVERRIDE_GUARD,
    Permission.MANAGE_RULES,
    Permission.MANAGE_KEYS,
    Permission.OPERATE,
}

PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: _EVERYBODY,
    Role.ANALYST: _TRIAGE,
    Role.ENGINEER: _ENGINEER,
    Role.MANAGER: _WORK | {Permission.SET_TARGETS, Permission.AUDIT},
    Role.ADMIN: frozenset(Permission),
}
