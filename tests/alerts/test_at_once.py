"""A folded list looked at as a whole says what walking along it says: the same rows, numbers and next page."""

from collections import Counter
from dataclasses import replace

import pytest

from alerts.models import Alert
from alerts.selectors import QueueFilters, folding, ordering, queue
from alerts.selectors.at_once import first_of_each
from alerts.selectors.filtering import filtered
from alerts.selectors.numbers import count_by_rule
from alerts.targets import targets
from alerts.triage import assign, set_status
from tests.alerts.world import NOW, event, load, raised

pytestmark = pytest.mark.django_db

WAITING = ("open", "acknowledged")
LISTS = {
    "a host": QueueFilters(statuses=WAITING, host="a"),
    "a rule": QueueFilters(statuses=WAITING, rule_id="perl"),
    "all that waits": QueueFilters(statuses=WAITING),
    "everything": QueueFilters(),
    "high and critical": QueueFilters(statuses=WAITING, severities=(3, 4)),
    "newest first": QueueFilters(statuses=WAITING, host="a", sort="newest"),
    "oldest first": QueueFilters(sort="oldest"),
    "nobody's host": QueueFilters(statuses=WAITING, host="nowhere"),
}


@pytest.fixture
def alerts(tmp_path, cast) -> list[Alert]:
    """Of two rules on two hosts; some alike, one taken, one acknowledged, one closed."""
    load(tmp_path, severity="low", risk=21)
    load(tmp_path, rule_id="curl", name="Curl was started", query="process.name:curl", severity="critical", risk=99)
    told = [(name, host) for name in ("perl", "curl") for host in "aabaab"]
    found = raised([event(process__name=name, host__name=host) for name, host in told])
    given = {"actor": cast.ana, "now": NOW, "team_ids": [found[0].team_id]}
    assign(alert_ids=[found[0].pk], assignee=cast.ana, **given)
    set_status(alert_ids=[found[1].pk], status="acknowledged", **given)
    set_status(alert_ids=[found[-1].pk], status="closed", reason="duplicate", **given)
    return found


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("limit", [1, 3, 50])
def test_one_look_at_a_list_says_what_walking_along_it_says(alerts, cast, monkeypatch, name, limit):
    filters = replace(LISTS[name], folded=True)

    def told(*, counted=True):
        page = queue(user=cast.ana, filters=filters, now=NOW, limit=limit, counted=counted)
        next_key = (page.next_key or "").partition(":")[0]  # what follows is when it was signed
        return [(row.alert.pk, row.fold) for row in page.rows], next_key

    at_once = told()
    monkeypatch.setattr(folding, "PORTION", 2)
    after_a_portion = told(counted=False)
    monkeypatch.setattr(folding, "WHOLE", 0)
    walked = told(counted=False)
    monkeypatch.setattr(folding, "PORTION", 300)
    assert at_once == after_a_portion == walked == told(counted=False)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_counted_to_its_end_however_much_of_it_is_looked_at_with_each_page(alerts, cast, monkeypatch, name):
    def told(after=None):
        page = queue(user=cast.ana, filters=replace(LISTS[name], folded=True), now=NOW, limit=1, after=after)
        after = page.next_key
        return [(row.alert.pk, page.total, page.spread.oldest) for row in page.rows] + (told(after) if after else [])

    whole = told()
    monkeypatch.setattr(ordering, "SHORT", 1)
    monkeypatch.setattr(ordering, "SHORT_ABOUT_ONE", 1)
    assert told() == whole


def test_some_of_these_lists_fold(alerts, cast):
    page = queue(user=cast.ana, filters=replace(LISTS["a host"], folded=True), now=NOW)
    folds = sorted((row.fold.count.number, row.fold.fresh.number) for row in page.rows if row.fold)
    assert folds == [(4, 2), (4, 4)]


def test_a_list_longer_than_can_be_looked_at_as_a_whole_is_not(alerts):
    everything = Alert.objects.all()
    parts, by = [(0, ordering.EVERYTHING)], ["-id"]
    assert first_of_each(everything, parts, by, 50, most=len(alerts) - 1).firsts is None
    assert first_of_each(everything, parts, by, 50, most=len(alerts)).firsts


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("limit", [1, 50])
def test_one_look_at_a_list_counts_it_as_counting_it_does(alerts, cast, name, limit):
    filters = replace(LISTS[name], folded=True)
    listed = filtered(cast.ana, filters, NOW)
    order = ordering.order_of(filters, targets(), NOW)
    _, numbers = order.faces(listed, limit, 1_000)
    counted = count_by_rule(listed)
    assert (numbers.total, numbers.oldest) == (counted.total, counted.oldest)
    by_rule = Counter(listed.values_list("rule_id", flat=True))
    assert (numbers.loudest is None) == (not by_rule)
    for told in filter(None, (numbers.loudest, counted.loudest)):
        assert by_rule[told[0]] == told[1] == max(by_rule.values())
