"""Value lists and tables: what exceptions ask for by `list` entries, and pipelines by LOOKUP JOIN and ENRICH."""

from rules.value_lists.changing import append_values, remove_values, replace_values
from rules.value_lists.common import Changed
from rules.value_lists.making import create_list, describe_list, remove_list
from rules.value_lists.restoring import removed_lately, restore_list
from rules.value_lists.stored import stamps, table_of, types_of, values_of
from rules.value_lists.undoing import activity, undo_change
from rules.value_lists.users import list_entries, lists_named, usage, used_by

__all__ = [
    "Changed",
    "activity",
    "append_values",
    "create_list",
    "describe_list",
    "list_entries",
    "lists_named",
    "remove_list",
    "remove_values",
    "removed_lately",
    "replace_values",
    "restore_list",
    "stamps",
    "table_of",
    "types_of",
    "undo_change",
    "usage",
    "used_by",
    "values_of",
]
