"""Counters of hits go when nothing can be raised in their interval any more."""

from datetime import timedelta

import pytest

from alerts.models import SignalCount
from alerts.retention import forget_old
from tests.alerts.world import NOW, load

pytestmark = pytest.mark.django_db


def counters_left(tmp_path, days):
    rule = load(tmp_path)
    for ago in days:
        SignalCount.objects.create(rule=rule, bucket=NOW - timedelta(days=ago))
    forget_old(NOW)
    return {(NOW - bucket).days for bucket in SignalCount.objects.values_list("bucket", flat=True)}


def test_counters_of_intervals_are_kept_for_ninety_days(tmp_path):
    assert counters_left(tmp_path, [0, 89, 91]) == {0, 89}


def test_where_events_are_stored_longer_counters_are_kept_as_long(tmp_path, settings):
    settings.RETENTION_DAYS = 200
    assert counters_left(tmp_path, [91, 200, 210]) == {91, 200}
