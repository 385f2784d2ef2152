"""The record in words: "Rosa disabled the rule Odd shell". What is not known here is still readable."""

from collections.abc import Mapping
from typing import Any

from accounts.models import Change
from accounts.roles import Role

# Kinds of things, in the singular.
KINDS: Mapping[str, str] = {
    "alert": "alert",
    "case": "case",
    "rule": "rule",
    "exception": "exception",
    "exception_draft": "draft of an exception",
    "target": "response target",
    "user": "account",
    "team": "team",
    "access": "access to the team",
    "policy": "policy of the role",
    "api_key": "API key",
    "dead_letter": "refused events",
    "replay": "sending again of refused events",
    "batch": "batch of events",
    "record": "record of changes",
    "value list": "list of values",
    "shared list": "list of exceptions",
    "saved_view": "view of the queue",
    "saved_search": "saved search",
    "bulk act": "act on all alerts that matched",
}
# What was done, where the verb alone would not read well: by kind and verb, then by verb.
_SPECIAL: Mapping[tuple[str, str], str] = {
    ("alert", "commented"): "commented on",
    ("alert", "undid"): "took back a change of",
    ("alert", "added an exception"): "added an exception from",
    ("exception", "apply"): "put into force",
    ("rule", "evaluate"): "began to evaluate",
    ("rule", "load"): "loaded",
    ("rule", "release"): "released from quarantine",
    ("rule", "quarantine"): "put into quarantine",
    ("case", "join"): "added alerts to",
    ("case", "leave"): "took an alert out of",
    ("case", "wrote"): "wrote in",
    ("case", "task_add"): "added a task to",
    ("case", "task_change"): "changed a task of",
    ("user", "create"): "made",
    ("user", "change_settings"): "changed the settings of",
    ("user", "change_password"): "changed the password of",
    ("user", "sign_in_by_link"): "used the sign-in link of",
    ("user", "require_password_change"): "required a new password of",
    ("user", "reset_second_factors"): "took away the second factors of",
    ("user", "add_second_factor"): "added a second factor to",
    ("user", "remove_second_factor"): "removed a second factor of",
    ("user", "rename_second_factor"): "renamed a second factor of",
    ("user", "new_recovery_codes"): "made new recovery codes for",
    ("user", "use_recovery_code"): "used a recovery code of",
    ("user", "end_session"): "ended a session of",
    ("user", "end_sessions"): "ended the sessions of",
    ("user", "new_link"): "made a sign-in link for",
    ("user", "link_identity"): "tied an identity provider to",
    ("user", "unlink_identity"): "untied an identity provider from",
    ("exception_draft", "draft"): "wrote",
    ("replay", "ask"): "asked for",
    ("access", "ask"): "asked for",
    ("team", "make_default"): "chose as default",
    ("team", "no_default"): "replaced as default",
    ("api_key", "create"): "made",
    ("team", "create"): "made",
    ("value list", "append"): "added values to",
    ("value list", "create"): "made",
    ("value list", "replace"): "replaced the values of",
    ("value list", "describe"): "changed the description of",
    ("value list", "undo"): "took back a change of",
    ("shared list", "create"): "made",
    ("saved_view", "create"): "saved",
    ("saved_view", "restore"): "brought back",
    ("saved_search", "create"): "made",
    ("saved_search", "restore"): "brought back",
}
_PAST: Mapping[str, str] = {
    "undo": "took back",
    "override": "changed the settings of",
    "leave": "left",
    "withdraw": "withdrew",
    "write": "wrote",
    "set": "set",
    "keep off": "kept off",
    "open": "opened",
    "edit": "edited",
    "send_again": "sent again",
    "try_again": "tried again",
    "end": "ended",
    "reopen": "reopened",
    "step": "ticked a step of",
    "unstep": "took back a step of",
    "woke": "woke",
    "undoing": "asked to take back",
    "add rules": "added rules to",
    "remove rules": "removed rules from",
    "remove values": "removed values from",
}
# Every verb that entries have, for the list under the filter's field; a test reads them from the code.
VERBS = (
    "abandon", "acknowledged", "add rules", "add_second_factor", "added an exception", "append", "apply",
    "approve", "ask", "assigned", "change", "change_password", "change_settings", "close", "closed", "commented",
    "create", "deactivate", "decline", "delete", "describe", "disable", "draft", "edit", "enable", "end_session",
    "end_sessions", "escalated", "evaluate", "expire", "export", "finish", "grant", "invite", "join", "keep off",
    "leave", "link_identity", "load", "make_default", "move", "new_link", "new_recovery_codes", "no_default", "open",
    "override", "quarantine", "reactivate", "release", "remove", "remove rules", "remove values",
    "remove_second_factor", "rename", "rename_second_factor", "reopen", "reopened", "replace",
    "require_password_change", "reset_second_factors", "restore", "return", "revoke", "send_again",
    "sign_in_by_link", "snoozed", "started", "step", "stopped", "supersede", "task_add", "task_change",
    "try_again", "unassigned", "undid", "undo", "undoing", "unlink_identity", "unstep", "use_recovery_code", "withdraw",
    "woke", "wrote",
)  # fmt: skip
_SEVERITIES = {"1": "low", "2": "medium", "3": "high", "4": "critical"}


def kind_word(kind: str) -> str:
    """The kind of thing, as a person says it."""
    return KINDS.get(kind, kind.replace("_", " "))


def kind_of(change: Change) -> str:
    """The kind of thing that an entry is about; a draft says whether it is of a change of what stands."""
    if change.object_type == "exception_draft" and change.after.get("edits"):
        return "draft of a change of the exception"
    return kind_word(change.object_type)


def did(kind: str, verb: str) -> str:
    """What was done, in the past tense."""
    if (kind, verb) in _SPECIAL:
        return _SPECIAL[kind, verb]
    if verb in _PAST:
        return _PAST[verb]
    words = verb.replace("_", " ")
    first, _, rest = words.partition(" ")
    past = first if first.endswith("ed") else f"{first}d" if first.endswith("e") else f"{first}ed"
    return f"{past} {rest}".strip()


def name_of(change: Change) -> str:
    """The thing by its name of that time, if the entry tells it, else by its number."""
    number = change.object_id
    if change.object_type == "alert":
        return f"AL-{number}"
    if change.object_type == "policy":
        return str(Role(number).label) if number in Role.values else number
    if change.object_type == "target":
        return _SEVERITIES.get(number, number)
    if change.object_type == "bulk act":
        return ""
    if change.object_type == "record":
        return "the record of changes"
    told = _told(change.after) or _told(change.before)
    if change.object_type == "case":
        return f"CASE-{number} {told}".strip()
    return told or number


def with_kind(change: Change) -> bool:
    """Whether the sentence needs the word for the kind before the name: "the rule X", but "AL-17"."""
    return change.object_type not in {"alert", "case", "record"}


def _told(values: Mapping[str, Any]) -> str:
    found = next((values[key] for key in ("name", "title", "username") if isinstance(values.get(key), str)), "")
    return str(found)
