"""Counting with a ceiling: exact up to 10,000, then "10,000+", so that a count never costs a scan of everything."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

CAP = 10_000


@dataclass(frozen=True, slots=True)
class Count:
    """A number, and whether there are more than it says."""

    number: int
    capped: bool = False

    def __str__(self) -> str:
        return f"{self.number:,}{'+' if self.capped else ''}"

    def __bool__(self) -> bool:
        return self.number > 0


def of(number: int, cap: int = CAP) -> Count:
    """The count of something already counted up to `cap` + 1."""
    return Count(min(number, cap), number > cap)


def capped(queryset: "QuerySet[Any, Any]", cap: int = CAP) -> Count:
    """Count at most `cap` + 1 rows. One query, bounded however large the table is."""
    return of(queryset.order_by()[: cap + 1].values("pk").count(), cap)
