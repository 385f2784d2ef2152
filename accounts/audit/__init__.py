"""Reading the record of changes: who did what, when, through which door, and what it was before.

An administrator reads everything; who else may read it (a manager) reads the changes of the own teams and nothing
else. Writing the record is accounts/record.py.
"""

from accounts.audit.entries import Entry, entries_of
from accounts.audit.export import HEADER, export_changes
from accounts.audit.reading import AuditFilters, changes
from accounts.audit.words import VERBS

__all__ = [
    "HEADER",
    "VERBS",
    "AuditFilters",
    "Entry",
    "changes",
    "entries_of",
    "export_changes",
]
