"""Shared exception lists: each of their items holds for every rule of the list, as Kibana's do.

An item stands once per rule, with the list's id and its own, since what it holds back is the rule's business. The
copies are changed together here, in one transaction and under one group of the record; who changes one of them alone
(on the rule's page) has that rule differ, and the list says so. What a change lets go is raised by the caller
(alerts/release.py): every act on items gives back the copies that it changed.
"""

from rules.shared.common import Copies
from rules.shared.history import activity, change_of, removed_lately
from rules.shared.items import add_item, disable_item, edit_item, enable_item, remove_item
from rules.shared.lists import add_rules, create_list, edit_list, remove_list, remove_rules, restore_list, restore_rules
from rules.shared.selectors import items_of, list_of, shared_list, shared_lists

__all__ = [
    "Copies",
    "activity",
    "add_item",
    "add_rules",
    "change_of",
    "create_list",
    "disable_item",
    "edit_item",
    "edit_list",
    "enable_item",
    "items_of",
    "list_of",
    "remove_item",
    "remove_list",
    "remove_rules",
    "removed_lately",
    "restore_list",
    "restore_rules",
    "shared_list",
    "shared_lists",
]
