"""Settling, by what a rule does with its candidates: sequences and samples, counts, indicators.

Each looks at what is new to the rule and at what that may join with, lets no event count that is excepted today, and
answers with hits; nothing here raises or stores.
"""

from alerts.joins.counts import find_counts
from alerts.joins.indicators import find_indicators
from alerts.joins.sequences import find_sequences
from alerts.joins.work import Found, Work

__all__ = ["Found", "Work", "find_counts", "find_indicators", "find_sequences"]
