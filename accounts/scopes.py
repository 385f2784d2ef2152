"""What an API key may be used for. A scope narrows what the key's person may; it never adds to it."""

from django.db import models


class Scope(models.TextChoices):
    """One thing a key opens. Writing does not include reading."""

    EVENTS_WRITE = "events:write", "send events"
    EVENTS_READ = "events:read", "search events"
    ALERTS_READ = "alerts:read", "read alerts"
    ALERTS_WRITE = "alerts:write", "work on alerts"
    CASES_READ = "cases:read", "read cases, the overview and notices"
    CASES_WRITE = "cases:write", "work on cases"
    RULES_READ = "rules:read", "read rules and exceptions"
    RULES_WRITE = "rules:write", "switch rules on and off"
    EXCEPTIONS_WRITE = "exceptions:write", "write, draft and review exceptions"
    KEYS_READ = "keys:read", "read the list of keys"
    KEYS_WRITE = "keys:write", "create, replace and revoke keys"
    HEALTH_READ = "health:read", "read the state of the system, metrics included"
