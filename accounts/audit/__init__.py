"""Reading the record of changes: who did what, when, through which door, and what it was before.

An administrator reads everything; who else may read it (a manager) reads the changes of the own teams and nothing
else. Writing the record is accounts/record.py.
"""

from accounts.audit.entries import Difference, Entry, Seen, entries_of
from accounts.audit.export import HEADER, export_changes
from accounts.audit.reading import AuditFilters, changes, visible_to
from accounts.audit.words import KINDS, VERBS, kind_word

__all__ = [
    "HEADER",
    "KINDS",
    "VERBS",
    "AuditFilters",
    "Difference",
    "Entry",
    "Seen",
    "changes",
    "entries_of",
    "export_changes",
    "kind_word",
    "visible_to",
]
