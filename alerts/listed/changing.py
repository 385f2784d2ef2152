"""What a change of a value list means to the exceptions that ask for it; said inside the change's transaction, which
holds the epoch, so that no alert slips past."""

from collections.abc import Sequence

from accounts.access import may
from accounts.models import Change
from accounts.roles import Permission
from accounts.selectors import teams_of
from alerts.errors import named_alerts
from alerts.listed.guarding import Hiding, look_again_soon, newly_hidden, tell_owners
from alerts.listed.releasing import look_again
from rules.errors import ValuesHide
from rules.models import ExceptionItem
from rules.value_lists.users import asking_in_force, asks
from rules.value_lists.watching import NOTHING, Effect, ValuesChange


def watch(change: ValuesChange) -> Effect:
    """Guard what the exceptions cover from now on, and raise what they cover no longer.

    A person at a page is refused where a true positive would be hidden, or says why not. Feeds, whose lists are lists
    of others' values, are not kept waiting for a person: their values are saved, noted, and the owners told.
    Raises: ValuesHide.
    """
    items = asking_in_force(change.list_id)
    if not items:
        return NOTHING
    wider = [item for item in items if _asked_of(item, change, change.added, change.removed)]
    narrower = [item for item in items if _asked_of(item, change, change.removed, change.added)]
    hiding = newly_hidden(wider, change)
    note = _note(hiding, change)
    if hiding and change.door != Change.Door.PAGE:
        tell_owners(hiding, change)
    look_again_soon(items, hiding, change.now)
    looked = look_again(narrower, change.now)
    return Effect(note, len({alert for one in hiding for alert in one.alerts}), looked.alerts, looked.waiting)


def _asked_of(item: ExceptionItem, change: ValuesChange, inside: Sequence[str], outside: Sequence[str]) -> bool:
    """Whether it asks for these in the list, or for those outside of it."""
    sought = [("included", inside), ("excluded", outside)]
    return any(values and asks(item, change.list_id, operator) for operator, values in sought)


def _note(hiding: Sequence[Hiding], change: ValuesChange) -> str:
    """What the record says about what is hidden now. Raises: ValuesHide."""
    alerts = {number: team for one in hiding for number, team in one.alerts.items()}
    if not alerts:
        return ""
    if change.door != Change.Door.PAGE:
        return f"Hides {len(alerts)} true positives from now on; the owners of the exceptions were told."
    if not change.override.strip() or change.actor is None or not may(change.actor, Permission.OVERRIDE_GUARD):
        teams = set(teams_of(change.actor)) if change.actor else set()
        seen = [number for number, team in alerts.items() if team in teams]
        raise ValuesHide(change.list_id, named_alerts(seen, len(alerts)))
    return f"Hides {len(alerts)} true positives, saved nevertheless: {change.override.strip()}"
