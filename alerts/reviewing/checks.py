"""Looking at every exception again, oldest look first, a few seconds at a time.

A page cannot do this for all exceptions at once, and a verdict that changes tells no exception; so a worker goes round.
"""

from datetime import datetime, timedelta
from time import monotonic

from django.db.models import Case, F, Q, QuerySet, When

from alerts.models import ExceptionCheck
from alerts.reviewing.signs import broad_by_words, gone_from, hidden_by, share_of_rule
from rules.models import ExceptionItem

ANEW_AFTER = timedelta(minutes=10)
SECONDS = 5.0
PORTION = 50


def check_due(now: datetime, seconds: float = SECONDS) -> int:
    """Look at the exceptions in force that changed since the last look, then at those whose look is ten minutes old;
    returns how many. What is left when the time is up comes first in the next round.
    """
    until, looked = monotonic() + seconds, 0
    for item in due(now)[:PORTION]:
        check(item, now)
        looked += 1
        if monotonic() > until:
            break
    return looked


def due(now: datetime) -> QuerySet[ExceptionItem]:
    """The exceptions in force to look at, those that changed or were never looked at first."""
    in_force = ExceptionItem.objects.filter(enabled=True, expired=False, removed_at=None)
    anew = Q(checked=None) | Q(checked__at__lt=now - ANEW_AFTER) | ~Q(checked__item_version=F("version"))
    changed_first = Case(When(checked__item_version=F("version"), then=F("checked__at")))
    return in_force.filter(anew).select_related("rule").order_by(changed_first.asc(nulls_first=True), "pk")


def check(item: ExceptionItem, now: datetime) -> ExceptionCheck:
    """Look at one exception, and keep what was found. Some five queries; up to 50 ms where many true positives are."""
    hidden, share = hidden_by(item), share_of_rule(item, now)
    gone_field, gone = gone_from(item, now)
    found, _ = ExceptionCheck.objects.update_or_create(
        item=item,
        defaults={
            "item_version": item.version,
            "hides": hidden.how if hidden else ExceptionCheck.Hides.NOTHING,
            "alert_id": hidden.alert_id if hidden else None,
            "share": share,
            "broad": broad_by_words(item),
            "gone_field": gone_field,
            "gone": gone,
            "at": now,
        },
    )
    return found
