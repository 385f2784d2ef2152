"""Events whose columns another version of the program kept, which this one cannot read, still count."""

from datetime import timedelta
from uuid import uuid4

import pytest

from alerts.evaluation import judge_lookbacks
from alerts.pipelines import passing
from rules.candidates import name_of
from rules.models import CandidateBlock
from tests.alerts.pipelines.world import COUNTED, MINUTE, NOW, SECOND, alerts, curl, load
from tests.alerts.settling.world import settle, told

pytestmark = pytest.mark.django_db
LATER = NOW + MINUTE


@pytest.fixture
def before(monkeypatch):
    """The version before: the key of its candidates said nothing of their columns."""

    def kept(*events, **given):
        with monkeypatch.context() as then:
            then.setattr(passing, "key_of", lambda _query: name_of(()))
            told(*events, **given)

    return kept


def looked_back(now):
    judge_lookbacks(now=now, worker=uuid4())
    return settle(now + 20 * SECOND)


def test_events_that_the_version_before_kept_and_did_not_settle_still_count(tmp_path, before):
    load(tmp_path, COUNTED)
    before(curl(0), curl(1), curl(2))
    assert settle(LATER) == 0
    assert not CandidateBlock.objects.exists()
    assert looked_back(LATER + MINUTE) == 1


def test_events_that_it_had_settled_count_with_new_ones(tmp_path, before):
    load(tmp_path, COUNTED)
    before(curl(0), curl(1))
    CandidateBlock.objects.update(settled=True)
    told(curl(2), now=NOW + 3 * SECOND)
    assert settle(LATER) == 0
    assert looked_back(LATER + MINUTE) == 1
    assert settle(LATER + 10 * MINUTE) == 0


def test_what_was_told_is_not_told_again(tmp_path, before):
    load(tmp_path, COUNTED)
    told(curl(0), curl(1), curl(2))
    assert settle(LATER) == 1
    before(curl(3), now=LATER)
    settle(LATER + MINUTE)
    looked_back(LATER + 2 * MINUTE)
    settle(LATER + timedelta(minutes=3))
    assert len(alerts()) == 1
