"""Searches that a guide's step leads to, filled in from the alert at hand: "pivots".

A step is read for searches its author wrote (`{{pivot: label | kql}}`, Elastic's investigate buttons), else for fields
it names, else for phrases that say what is to be looked at. What comes out is a template, KQL with places such as
`{user.name}`; an alert's values are put in by `fill`, quoted so that no value is ever read as a query.
"""

from engine.pivots.filling import Pivot, fill
from engine.pivots.investigate import queries_as_text
from engine.pivots.reading import MOST_A_STEP, searches_of, searches_of_guide
from engine.pivots.template import Search, Span, Table
from engine.pivots.writing import clause, quoted

__all__ = [
    "MOST_A_STEP",
    "Pivot",
    "Search",
    "Span",
    "Table",
    "clause",
    "fill",
    "queries_as_text",
    "quoted",
    "searches_of",
    "searches_of_guide",
]
