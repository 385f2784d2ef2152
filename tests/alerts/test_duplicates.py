"""Duplicates and their originals: named, checked, undone with the closing, and judged as the original is."""

from datetime import timedelta
from uuid import uuid4

import pytest

from alerts import bulk, bulk_work
from alerts.duplicates import chain_of, inherited
from alerts.errors import AlertNotFound, DuplicateRefused
from alerts.models import Alert, Reason, Status
from alerts.selectors.earlier import earlier_of
from alerts.selectors.figures import figures_of
from alerts.selectors.prior import prior_verdicts
from alerts.selectors.shapes import QueueFilters
from alerts.triage import set_status
from alerts.undo import undo
from engine import RuleDefinition
from rules.trees import definition_of
from tests.alerts.world import NOW, event, load, other_team, raised

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=3)


@pytest.fixture
def alerts(tmp_path, cast):
    load(tmp_path, most=1_000)
    return raised([event(user__name=f"u{number}") for number in range(5)])


def close(alert, actor, reason=Reason.DUPLICATE, *more, **given):
    ids, teams = [one.pk for one in (alert, *more)], given.pop("team_ids", [alert.team_id])
    return set_status(
        alert_ids=ids, status=Status.CLOSED, reason=reason, actor=actor, now=LATER, team_ids=teams, **given
    )


def again(alert):
    return Alert.objects.select_related("revision", "rule").get(pk=alert.pk)


def figures(alert):
    return figures_of(again(alert), None, [alert.team_id])


class TestClosing:
    def test_the_original_is_kept_named_in_the_note_and_shown_on_both_sides(self, alerts, cast):
        one, two, original, *_ = alerts
        close(one, cast.ana, Reason.DUPLICATE, two, duplicate_of=original.pk, note="Same burst.")
        assert again(one).duplicate_of_id == again(two).duplicate_of_id == original.pk
        assert figures(one).duplicates.original == original.pk
        told = figures(original).duplicates
        assert (told.original, told.shown, told.more) == (None, tuple(sorted([one.pk, two.pk])), False)

    def test_reopening_forgets_it_and_undo_brings_it_back(self, alerts, cast):
        one, original = alerts[:2]
        close(one, cast.ana, duplicate_of=original.pk)
        opened = set_status(alert_ids=[one.pk], status=Status.OPEN, actor=cast.ana, now=LATER, team_ids=[one.team_id])
        assert again(one).duplicate_of_id is None
        assert opened.group is not None
        undo(group=opened.group, actor=cast.ana, now=LATER, team_ids=[one.team_id])
        assert (again(one).reason, again(one).duplicate_of_id) == (Reason.DUPLICATE, original.pk)

    def test_undo_of_the_closing_takes_the_relation_away(self, alerts, cast):
        one, original = alerts[:2]
        done = close(one, cast.ana, duplicate_of=original.pk)
        undo(group=done.group, actor=cast.ana, now=LATER, team_ids=[one.team_id])
        assert (again(one).status, again(one).duplicate_of_id) == (Status.OPEN, None)
        assert figures(original).duplicates.numbers == ()

    def test_an_alert_of_another_team_or_none_is_no_original(self, alerts, cast):
        one, theirs = alerts[:2]
        Alert.objects.filter(pk=theirs.pk).update(team=other_team())
        for number in (theirs.pk, 10**12):
            with pytest.raises(AlertNotFound):
                close(one, cast.ana, duplicate_of=number)
        assert again(one).status == Status.OPEN

    def test_an_alert_is_no_duplicate_of_itself_nor_of_its_own_duplicate(self, alerts, cast):
        one, two, three, *_ = alerts
        with pytest.raises(DuplicateRefused):
            close(one, cast.ana, duplicate_of=one.pk)
        close(two, cast.ana, duplicate_of=one.pk)
        close(three, cast.ana, duplicate_of=two.pk)
        with pytest.raises(DuplicateRefused):
            close(one, cast.ana, duplicate_of=three.pk)
        assert chain_of(three.pk) == [three.pk, two.pk, one.pk]

    def test_among_several_the_original_stays_open_to_be_judged(self, alerts, cast):
        one, original = alerts[:2]
        assert close(one, cast.ana, Reason.DUPLICATE, original, duplicate_of=original.pk).changed == [one.pk]
        assert again(original).status == Status.OPEN

    def test_with_another_reason_an_original_means_nothing(self, alerts, cast):
        one, original = alerts[:2]
        close(one, cast.ana, Reason.FALSE_POSITIVE, duplicate_of=original.pk)
        assert again(one).duplicate_of_id is None

    def test_one_that_was_closed_without_an_original_is_given_one_later(self, alerts, cast):
        one, original = alerts[:2]
        close(one, cast.ana)
        assert close(one, cast.ana, duplicate_of=original.pk).changed == [one.pk]
        assert close(one, cast.ana).changed == []
        assert again(one).duplicate_of_id == original.pk

    def test_a_worker_closes_all_that_match_but_the_original_and_undoes_it(self, alerts, cast):
        original = alerts[2]
        arguments = {"reason": "duplicate", "note": "", "duplicate_of": original.pk}
        asked = {"filters": QueueFilters(), "query": "", "actor": cast.ana}
        act = bulk.start(verb="close", arguments=arguments, now=LATER, **asked)
        self._work()
        assert list(Alert.objects.exclude(duplicate_of=original.pk).values_list("pk", flat=True)) == [original.pk]
        bulk.take_back(act_id=act.pk, actor=cast.ana, now=LATER, team_ids=[original.team_id])
        self._work()
        assert not Alert.objects.exclude(duplicate_of=None).exists()

    def test_a_worker_is_not_asked_for_an_original_that_is_not_there(self, alerts, cast):
        arguments = {"reason": "duplicate", "note": "", "duplicate_of": 10**12}
        with pytest.raises(AlertNotFound):
            bulk.start(verb="close", arguments=arguments, filters=QueueFilters(), query="", actor=cast.ana, now=LATER)

    def _work(self):
        while bulk_work.work_portion(now=LATER + timedelta(seconds=1), worker=uuid4()):
            pass


class TestVerdicts:
    def prior(self, alert):
        return prior_verdicts([again(alert)], [alert.team_id])[alert.pk].verdicts

    def test_a_duplicate_says_what_its_original_says_now(self, alerts, cast):
        one, original, asks, *_ = alerts
        close(one, cast.ana, duplicate_of=original.pk)
        assert (self.prior(asks).duplicate, self.prior(asks).judged) == (1, 0)
        Alert.objects.filter(pk=original.pk).update(host_name="elsewhere")
        done = close(original, cast.ana, Reason.FALSE_POSITIVE)
        assert (self.prior(asks).duplicate, self.prior(asks).false_positive) == (0, 1)
        undo(group=done.group, actor=cast.ana, now=LATER, team_ids=[one.team_id])
        close(original, cast.ana, Reason.TRUE_POSITIVE)
        assert (self.prior(asks).false_positive, self.prior(asks).true_positive) == (0, 1)
        assert again(one).reason == Reason.DUPLICATE
        assert again(one).version == 2

    def test_one_judgement_counts_once_however_many_alerts_it_was_for(self, alerts, cast):
        *several, original, asks = alerts
        set_status(
            alert_ids=[one.pk for one in several], status="closed", reason="duplicate", duplicate_of=original.pk,
            actor=cast.ana, now=LATER, team_ids=[asks.team_id],
        )  # fmt: skip
        close(original, cast.ana, Reason.TRUE_POSITIVE)
        here = (self.prior(asks).true_positive, self.prior(asks).duplicate)
        Alert.objects.filter(pk=original.pk).update(host_name="elsewhere")
        elsewhere = (self.prior(asks).true_positive, self.prior(asks).duplicate)
        assert (here, elsewhere) == ((1, len(several)), (1, len(several) - 1))

    def test_beside_an_alert_it_is_said_too_and_the_rules_figures_count_it_once(self, alerts, cast):
        one, original, asks, *_ = alerts
        Alert.objects.filter(pk=original.pk).update(host_name="elsewhere")
        close(one, cast.ana, duplicate_of=original.pk)
        close(original, cast.ana, Reason.BENIGN_POSITIVE)
        definition: RuleDefinition = definition_of(again(asks).revision)
        told = earlier_of(again(asks), None, definition, [asks.team_id])
        assert told is not None
        assert (told.verdicts.benign_positive, told.verdicts.duplicate) == (1, 0)
        assert (figures(asks).verdicts.benign_positive, figures(asks).verdicts.duplicate) == (1, 1)

    def test_along_a_chain_the_last_original_is_asked(self, alerts, cast):
        one, two, three, *_ = alerts
        close(one, cast.ana, duplicate_of=two.pk)
        close(two, cast.ana, duplicate_of=three.pk)
        assert inherited([one.pk, two.pk], [one.team_id]) == {}
        close(three, cast.ana, Reason.TRUE_POSITIVE)
        assert inherited([one.pk, two.pk], [one.team_id]).keys() == {one.pk, two.pk}
        assert {found.reason for found in inherited([one.pk, two.pk], [one.team_id]).values()} == {"true_positive"}

    def test_a_ring_that_is_there_all_the_same_ends(self, alerts, cast):
        one, two, asks, *_ = alerts
        close(one, cast.ana, duplicate_of=two.pk)
        close(two, cast.ana)
        Alert.objects.filter(pk=two.pk).update(duplicate_of=one.pk)
        assert (self.prior(asks).duplicate, self.prior(asks).judged) == (2, 0)
        assert set(chain_of(one.pk)) == {one.pk, two.pk}

    def test_what_another_team_found_is_not_told(self, alerts, cast):
        one, original, asks, *_ = alerts
        close(one, cast.ana, duplicate_of=original.pk)
        close(original, cast.ana, Reason.TRUE_POSITIVE)
        Alert.objects.filter(pk=original.pk).update(team=other_team())
        assert (self.prior(asks).duplicate, self.prior(asks).true_positive) == (1, 0)
        assert figures(one).duplicates.original is None

    def test_old_duplicates_without_a_relation_stay_as_they_are(self, alerts, cast):
        one, original, asks, *_ = alerts
        close(one, cast.ana, note=f"Duplicate of AL-{original.pk}.")
        close(original, cast.ana, Reason.TRUE_POSITIVE)
        assert (self.prior(asks).duplicate, self.prior(asks).true_positive) == (1, 1)
