"""Trials: what an exception would do over the stored events, alerts or not."""

from datetime import timedelta

import pytest

from accounts.selectors import default_team
from alerts import trials
from alerts.errors import TrialNotFound, TrialRefused
from alerts.models import Alert, Trial
from rules.models import Rule
from tests.alerts.settling.world import eql, named, settle, threshold
from tests.alerts.settling.world import load as load_joined
from tests.alerts.world import NOW, event, load, post, raised

pytestmark = pytest.mark.django_db
SOON = NOW + timedelta(minutes=2)
UNTIL = """
sequence by host.name with maxspan=1m
  [process where process.name == "a"]
  [process where process.name == "b"]
until [process where process.name == "c"]
"""


def entry(field, value, kind="match", operator="included"):
    return {"field": field, "type": kind, "operator": operator, "value": value}


def tried(rule, actor, *groups, span="24h"):
    team_ids = [default_team().pk]
    asked = trials.begin(rule=rule, groups=groups, span=span, actor=actor, now=SOON, team_ids=team_ids)
    assert trials.work(clock=lambda: SOON)
    return trials.of_person(asked.pk, actor)


def test_it_counts_what_never_alerted(tmp_path, cast):
    rule = load(tmp_path, most=2)
    raised([event(user__name="ci", process__args=["perl", str(at)]) for at in range(5)])
    assert Alert.objects.count() == 2  # the rule's maximum
    done = tried(rule, cast.ana, [entry("user.name", "ci")])
    assert done.state == Trial.State.DONE, done.error
    found = done.result
    assert (found["examined"], found["taken"], found["never_alerted"]) == (5, 5, 3)
    assert (found["alerts"], found["gone"], found["added"]) == (5, 5, 0)
    assert found["reached"] is None


def test_it_tells_of_alerts_that_the_exception_adds_to_a_sequence(tmp_path, cast):
    rule = load_joined(tmp_path, eql(UNTIL))
    post([named("a", 0), named("c", 5, user__name="ci"), named("b", 10), named("a", 20), named("b", 25)])
    settle(SOON)
    done = tried(rule, cast.ana, [entry("user.name", "ci")], span="7d")
    found = done.result
    assert (found["taken"], found["alerts"], found["gone"], found["added"]) == (1, 1, 0, 1)


def test_counts_are_counted_again_without_what_is_taken_out(tmp_path, cast):
    rule = load_joined(tmp_path, threshold(2, "host.name"))
    post(
        [
            named("a", 0, host__name="h1"),
            named("a", 1, host__name="h1", user__name="ci"),
            named("a", 2, host__name="h2"),
            named("b", 3, host__name="h2"),
        ]
    )
    settle(SOON)
    found = tried(rule, cast.ana, [entry("user.name", "ci")], [entry("process.name", "nothing")]).result
    assert (found["examined"], found["alerts"], found["gone"], found["added"]) == (4, 2, 1, 0)


def test_new_terms_met_first_in_what_is_taken_out_are_new_later(tmp_path, cast):
    rule = load(tmp_path, new_terms=["user.name"])
    raised(
        [
            event(NOW, user__name="eve", host__name="ci"),
            event(NOW + timedelta(seconds=9), user__name="eve", host__name="db"),
        ]
    )
    found = tried(rule, cast.ana, [entry("host.name", "ci")]).result
    assert (found["alerts"], found["gone"], found["added"]) == (1, 0, 0)  # eve alerts either way
    found = tried(rule, cast.ana, [entry("user.name", "eve")]).result
    assert (found["alerts"], found["gone"], found["added"]) == (1, 1, 0)


def test_one_that_is_stopped_or_begun_anew_is_not_worked_off(tmp_path, cast):
    rule = load(tmp_path)
    by = {
        "rule": rule,
        "groups": [[entry("user.name", "ci")]],
        "span": "24h",
        "actor": cast.ana,
        "now": SOON,
        "team_ids": [1],
    }
    first, second = trials.begin(**by), trials.begin(**by)
    assert trials.of_person(first.pk, cast.ana).state == Trial.State.STOPPED
    trials.stop(trial_id=second.pk, actor=cast.ana, now=SOON)
    assert not trials.work(clock=lambda: SOON)


def test_a_killed_workers_trial_is_taken_up_again_and_given_up_after_three_times(tmp_path, cast):
    rule = load(tmp_path)
    asked = trials.begin(
        rule=rule, groups=[[entry("user.name", "ci")]], span="24h", actor=cast.ana, now=SOON, team_ids=[1]
    )
    killed = {"state": Trial.State.RUNNING, "lease_until": SOON - timedelta(seconds=1)}
    Trial.objects.filter(pk=asked.pk).update(attempts=1, **killed)
    assert trials.work(clock=lambda: SOON)
    assert trials.of_person(asked.pk, cast.ana).state == Trial.State.DONE
    Trial.objects.filter(pk=asked.pk).update(attempts=3, **killed)
    assert not trials.work(clock=lambda: SOON)
    assert trials.of_person(asked.pk, cast.ana).state == Trial.State.FAILED


def test_one_under_a_lease_is_left_alone(tmp_path, cast):
    rule = load(tmp_path)
    asked = trials.begin(
        rule=rule, groups=[[entry("user.name", "ci")]], span="24h", actor=cast.ana, now=SOON, team_ids=[1]
    )
    Trial.objects.filter(pk=asked.pk).update(state=Trial.State.RUNNING, lease_until=SOON + timedelta(seconds=9))
    assert not trials.work(clock=lambda: SOON)


def test_a_rule_that_is_off_says_so(tmp_path, cast):
    rule = load(tmp_path, enable=False)
    done = tried(rule, cast.ana, [entry("user.name", "ci")])
    assert (done.state, "not in force" in done.error) == (Trial.State.FAILED, True)


def test_nobody_else_sees_it_and_nonsense_is_refused(tmp_path, cast):
    rule: Rule = load(tmp_path)
    by = {"rule": rule, "actor": cast.ana, "now": SOON, "team_ids": [1]}
    asked = trials.begin(groups=[[entry("user.name", "ci")]], span="24h", **by)
    with pytest.raises(TrialNotFound):
        trials.of_person(asked.pk, cast.rosa)
    for groups, span in (([], "24h"), ([[entry("user.name", "ci")]], "9y")):
        with pytest.raises(TrialRefused):
            trials.begin(groups=groups, span=span, **by)
