"""The exceptions of rules: what takes a rule's hits out before they become alerts.

`content` is what they say, `items` one of them saved or changed, `together` several in one act, `recording` what the
record keeps, `held_back` the events that they held back. What needs alerts (previews, closing, raising what was held
back) is in alerts/exceptions.
"""

from rules.exceptions.content import (
    EARLIEST,
    LATEST,
    MAX_ENTRIES,
    MAX_ENTRIES_BYTES,
    MAX_NAME,
    MAX_REASON,
    Entries,
    Said,
    check_content,
    is_near,
)
from rules.exceptions.held_back import HeldEvent, drop_held_back, held_back_of, hold_back, let_go, take_let_go
from rules.exceptions.items import (
    TOGETHER,
    NewItem,
    create_item,
    create_items,
    disable_item,
    edit_item,
    enable_item,
    expire_due,
    remove_item,
)
from rules.exceptions.recording import content_of, entry_about
from rules.exceptions.together import edit_items, remove_items, restore_items, switch_items, unmake_items

__all__ = [
    "EARLIEST",
    "LATEST",
    "MAX_ENTRIES",
    "MAX_ENTRIES_BYTES",
    "MAX_NAME",
    "MAX_REASON",
    "TOGETHER",
    "Entries",
    "HeldEvent",
    "NewItem",
    "Said",
    "check_content",
    "content_of",
    "create_item",
    "create_items",
    "disable_item",
    "drop_held_back",
    "edit_item",
    "edit_items",
    "enable_item",
    "entry_about",
    "expire_due",
    "held_back_of",
    "hold_back",
    "is_near",
    "let_go",
    "remove_item",
    "remove_items",
    "restore_items",
    "switch_items",
    "take_let_go",
    "unmake_items",
]
