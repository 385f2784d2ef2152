"""Exceptions as far as they need alerts: suggested from one, previewed on many, saved, changed and taken back.

Their data, and when they hold, are in rules/exceptions. A preview and "close what it matches" judge the same trees
over the same source events that the rule's runs judge, so the three can never disagree.
"""

from alerts.exceptions.changing import Edited, disable, edit, enable
from alerts.exceptions.drafted_changes import draft_change
from alerts.exceptions.drafts import approve, draft, send_back, withdraw
from alerts.exceptions.groups import GroupError
from alerts.exceptions.previewing import MOST_COUNTED, SECONDS, GroupPreview, Preview, preview
from alerts.exceptions.saving import Added, add
from alerts.exceptions.suggesting import suggest
from alerts.exceptions.taking_back import TakenBack, take_back

__all__ = [
    "MOST_COUNTED",
    "SECONDS",
    "Added",
    "Edited",
    "GroupError",
    "GroupPreview",
    "Preview",
    "TakenBack",
    "add",
    "approve",
    "disable",
    "draft",
    "draft_change",
    "edit",
    "enable",
    "preview",
    "send_back",
    "suggest",
    "take_back",
    "withdraw",
]
