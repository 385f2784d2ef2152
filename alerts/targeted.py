"""On whom or what an event was done, where that is somebody else than who did it: what tells two rows alike apart."""

from collections.abc import Callable

_WHOM = (
    "user.target.name", "user.target.email", "user.target.id", "okta.target.alternate_id", "okta.target.display_name",
    "winlog.event_data.MemberName", "winlog.event_data.MemberSid", "winlog.event_data.TargetUserName",
)  # fmt: skip
_WHAT = ("group.name", "user.target.group.name")


def target_of(get: Callable[[str], str], who: str) -> str:
    """ "guest in Domain Admins", "lee@corp.example"; empty where the event names nobody else. `get` gives a field's
    first value."""
    whom = next((value for name in _WHOM if (value := get(name)) and value.casefold() != who.casefold()), "")
    what = next((value for name in _WHAT if (value := get(name))), "") if get("event.category") == "iam" else ""
    return f"{whom} in {what}" if whom and what else whom or what
