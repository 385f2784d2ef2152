"""What an API key may be used for. A scope narrows what the key's person may; it never adds to it."""

from collections.abc import Iterable

from django.db import models


class Scope(models.TextChoices):
    """One thing a key opens. Writing does not include reading."""

    EVENTS_WRITE = "events:write", "send events"
    EVENTS_READ = "events:read", "search events"
    ALERTS_READ = "alerts:read", "read alerts"
    ALERTS_WRITE = "alerts:write", "work on alerts"
    CASES_READ = "cases:read", "read cases, the overview and notices"
    CASES_WRITE = "cases:write", "work on cases"
    RULES_READ = "rules:read", "read rules, exceptions and lists"
    RULES_WRITE = "rules:write", "switch rules on and off"
    EXCEPTIONS_WRITE = "exceptions:write", "write, draft and review exceptions"
    LISTS_WRITE = "lists:write", "change value lists"
    KEYS_READ = "keys:read", "read the list of keys"
    KEYS_WRITE = "keys:write", "create, replace and revoke keys"
    HEALTH_READ = "health:read", "read the state of the system, metrics included"


def needs_person(scopes: Iterable[str]) -> bool:
    """Whether a key with these scopes acts for a person: every key that may do more than send events."""
    return any(scope != Scope.EVENTS_WRITE for scope in scopes)


def in_order(scopes: Iterable[str]) -> list[str]:
    """The scopes, each once, in the order of the table. Raises: ValueError for one that does not exist."""
    wanted = {Scope(scope) for scope in scopes}
    return [scope.value for scope in Scope if scope in wanted]


def in_words(scopes: Iterable[str]) -> str:
    """What a key may, as a person reads it: "read alerts, work on alerts". An unknown scope stays as it is."""
    known = {scope.value: scope.label for scope in Scope}
    return ", ".join(str(known.get(scope, scope)) for scope in scopes)
