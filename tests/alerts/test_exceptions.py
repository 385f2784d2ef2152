"""An exception from an alert: suggested, previewed exactly, guarded, saved with what it closes, and taken back."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.errors import NotAllowed, NotYourTeam
from accounts.models import Change
from alerts.errors import AlertNotFound, AlreadyExcepted, GuardRefused, NothingToUndo, UndoNotWhole
from alerts.exceptions import add, disable, edit, enable, preview, suggest, take_back
from alerts.exceptions.suggesting import Suggestion, suggestion
from alerts.models import Alert, Reason, Status
from alerts.triage import set_status
from alerts.undo import undo
from engine import ExceptionEntryError, matches, parse_entries
from rules.errors import ExceptionRefused, StaleException
from rules.models import HeldBack, Rule, RuleRun
from tests.alerts.world import NOW, event, load, other_team, raised

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=1)
AFTER = NOW + timedelta(minutes=2)


def entry(field, value, kind="match", operator="included", **more):
    return {"field": field, "type": kind, "operator": operator, "value": value, **more}


ON_CI = [entry("user.name", "svc-ci")]


@pytest.fixture
def rule(tmp_path, cast):
    return load(tmp_path)


@pytest.fixture
def alerts(rule):
    """Four by the CI account on two hosts, one by Ivan."""
    hosts = ["ci-1", "ci-1", "ci-2", "ci-2"]
    return raised([*(event(host__name=host) for host in hosts), event(user__name="ivan", host__name="db-1")])


def judge(alert, actor, reason):
    set_status(
        alert_ids=[alert.pk],
        status=Status.CLOSED,
        reason=reason,
        actor=actor,
        now=LATER,
        team_ids=[alert.team_id],
    )


def look(rule, entries, alert=None, team_ids=None):
    team_ids = team_ids or list(Alert.objects.values_list("team_id", flat=True).distinct())
    return preview(rule=rule, entries=entries, team_ids=team_ids, now=LATER, alert=alert)


def save(alert, actor, entries=ON_CI, **given):
    given = {"reason": "TTY smoke test", "close_matching": None, "now": LATER, "team_ids": [alert.team_id]} | given
    return add(alert=alert, entries=entries, actor=actor, **given)


class TestPreview:
    def test_it_says_how_many_alerts_it_would_have_silenced_by_verdict(self, rule, alerts, cast):
        judge(alerts[0], cast.ana, Reason.BENIGN_POSITIVE)
        judge(alerts[1], cast.ana, Reason.FALSE_POSITIVE)
        shown = look(rule, ON_CI)
        assert (shown.total, shown.silenced, shown.open_matching) == (5, 4, 2)
        assert shown.by_verdict == {
            "true_positive": 0,
            "benign_positive": 1,
            "false_positive": 1,
            "duplicate": 0,
            "other": 0,
            "open": 2,
        }
        assert not shown.hides_true_positive

    def test_true_positives_are_named(self, rule, alerts, cast):
        judge(alerts[2], cast.ana, Reason.TRUE_POSITIVE)
        shown = look(rule, ON_CI)
        assert [brief.id for brief in shown.true_positives] == [alerts[2].pk]
        assert shown.hides_true_positive

    def test_each_condition_shows_how_many_are_left(self, rule, alerts):
        entries = [*ON_CI, entry("host.name", "ci-1"), entry("host.name", "nowhere")]
        assert look(rule, entries).per_entry == [4, 2, 0]

    def test_each_part_of_a_nested_condition_shows_how_many_are_left(self, rule, cast):
        libraries = lambda *pairs: [{"name": name, "hash": hashed} for name, hashed in pairs]  # noqa: E731
        raised(
            [
                event(process__libraries=libraries(("a", "1"), ("b", "2"))),
                event(process__libraries=libraries(("a", "2"), ("b", "1"))),
                event(process__libraries=libraries(("c", "1"))),
            ]
        )
        parts = [entry("name", "a"), entry("hash", "1")]
        nested = {"field": "process.libraries", "type": "nested", "entries": parts}
        shown = look(rule, [*ON_CI, nested, entry("host.name", "web-1")])
        (group,) = shown.groups
        assert (group.per_entry, group.inside, shown.silenced) == ([3, 1, 1], [[], [2, 1], []], 1)
        alone = look(rule, [nested | {"entries": parts[:1]}]).groups[0]
        assert (alone.per_entry, alone.inside) == ([2], [[]])

    def test_hosts_and_users_are_counted(self, rule, alerts):
        shown = look(rule, ON_CI)
        assert sorted(shown.hosts) == [("ci-1", 2), ("ci-2", 2)]
        assert shown.users == [("svc-ci", 4)]

    def test_it_says_which_condition_the_alert_at_hand_fails_and_with_which_value(self, rule, alerts):
        shown = look(rule, [entry("user.name", "CI"), entry("host.name", "ci-1")], alerts[0])
        assert shown.matches_source is False
        (miss,) = shown.misses
        assert (miss.index, miss.field, miss.asked, miss.found) == (0, "user.name", "is CI", ("svc-ci",))
        assert look(rule, ON_CI, alerts[0]).matches_source is True

    def test_every_operator_is_judged_as_the_rule_will(self, rule, alerts):
        for conditions, silenced in (
            ([entry("user.name", ["ivan", "eve"], "match_any")], 1),
            ([entry("host.name", "ci-*", "wildcard")], 4),
            ([{"field": "user.name", "type": "exists", "operator": "included"}], 5),
            ([entry("user.name", "svc-ci", operator="excluded")], 1),
            ([entry("user.name", ["ivan"], "match_any", "excluded")], 4),
            ([entry("host.name", "ci-*", "wildcard", "excluded")], 1),
            ([{"field": "file.path", "type": "exists", "operator": "excluded"}], 5),
            ([entry("user.name", "SVC-CI", case_sensitive=False)], 4),
        ):
            assert look(rule, conditions).silenced == silenced, conditions

    def test_alerts_of_other_teams_are_not_shown_but_their_true_positives_are_counted(self, rule, alerts, cast):
        (theirs,) = raised([event()], team=other_team(), now=LATER)
        judge(theirs, cast.otto, Reason.TRUE_POSITIVE)
        shown = look(rule, ON_CI, team_ids=[alerts[0].team_id])
        assert (shown.total, shown.true_positives, shown.true_positives_elsewhere) == (5, [], 1)
        assert shown.hides_true_positive

    def test_an_entry_that_cannot_be_read_says_which(self, rule, alerts):
        with pytest.raises(ExceptionEntryError) as refused:
            look(rule, [*ON_CI, {"field": "x", "type": "regex", "operator": "included"}])
        assert refused.value.index == 1


class TestLints:
    def codes(self, rule, entries):
        return {lint.code for lint in look(rule, entries).lints}

    def test_what_is_probably_not_meant(self, rule, alerts):
        for conditions, code in (
            ([entry("user.name", "root", operator="excluded")], "negative_only"),
            ([entry("process.name", "perl")], "name_only"),
            ([entry("event.action", "exec")], "wide_fields"),
            ([entry("user.name", "root")], "root_alone"),
            ([entry("host.os.type", "linux")], "too_broad"),
            ([entry("file.path", "/etc/x")], "never_carried"),
            ([entry("user.name", "SVC-CI")], "case"),
            ([entry("process.executable", "/tmp/perl")], "writable"),
            ([entry("process.executable", "*/perl", "wildcard")], "leading_wildcard"),
        ):
            assert code in self.codes(rule, conditions), conditions

    def test_a_sound_exception_has_none(self, rule, alerts):
        entries = [entry("process.executable", "/usr/bin/perl"), entry("host.name", "ci-1")]
        assert self.codes(rule, entries) == set()


class TestSuggestion:
    def test_it_is_true_of_the_alert_and_of_stable_fields_only(self, alerts):
        entries = suggest(alerts[0])
        assert [one["field"] for one in entries] == ["process.executable", "process.parent.executable", "user.name"]
        assert matches(parse_entries(entries), Document_of(alerts[0]))

    def test_it_takes_what_benign_closes_share(self, rule, cast):
        parents = ["/usr/bin/a", "/usr/bin/b", "/usr/bin/c"]
        benign = raised([event(process__parent__executable=parent) for parent in parents])
        for alert in benign:
            judge(alert, cast.ana, Reason.BENIGN_POSITIVE)
        (alert,) = raised([event(process__parent__executable="/usr/bin/d")], now=LATER)
        fields = [one["field"] for one in suggest(alert)]
        assert "process.parent.executable" not in fields
        assert fields[:2] == ["process.executable", "user.name"]

    def test_it_leaves_out_what_is_the_same_in_every_alert_of_the_rule(self, rule, cast):
        same: dict[str, Any] = {"process__executable": None, "process__parent__executable": None, "process__args": None}
        fields: dict[str, Any] = {"host__name": "a", **same}
        raised([event(**{**fields, "host__name": f"h{number}"}) for number in range(4)])
        (alert,) = raised([event(**fields)], now=LATER)
        assert "event.action" not in [one["field"] for one in suggest(alert)]

    def test_it_leaves_out_what_the_rule_asks_for_anyway(self, rule, cast):
        (alert,) = raised([event(process__executable=None, process__parent__executable=None)])
        entries = suggest(alert)
        assert [one["field"] for one in entries] == ["process.parent.name", "user.name", "process.args"]
        assert matches(parse_entries(entries), Document_of(alert))

    def test_with_nothing_else_to_say_it_still_says_something_that_is_true(self, rule, cast):
        nothing: dict[str, Any] = {
            "process__executable": None,
            "process__parent": None,
            "user": None,
            "host__name": None,
        }
        (alert,) = raised([event(**nothing)])
        entries = suggest(alert)
        assert entries
        assert matches(parse_entries(entries), Document_of(alert))

    def test_it_covers_no_true_positive(self, rule, cast):
        bad, *benign = raised([event(host__name="db-1"), event(), event()])
        judge(bad, cast.ana, Reason.TRUE_POSITIVE)
        for alert in benign:
            judge(alert, cast.ana, Reason.BENIGN_POSITIVE)
        (alert,) = raised([event()], now=LATER)
        entries = suggest(alert)
        assert "host.name" in [one["field"] for one in entries]
        assert not look(rule, entries).hides_true_positive

    def test_what_alone_sets_it_apart_from_a_true_positive_is_added(self, rule, cast):
        (bad,) = raised([event(process__command_line="perl -e 'evil'")])
        judge(bad, cast.ana, Reason.TRUE_POSITIVE)
        (alert,) = raised([event(process__command_line="perl -e 'menu'")], now=LATER)
        entries = suggest(alert)
        assert "process.command_line" in [one["field"] for one in entries]
        assert not look(rule, entries).hides_true_positive

    def test_where_nothing_sets_it_apart_from_a_true_positive_nothing_is_suggested(self, rule, cast):
        bad, alert = raised([event(), event()])
        judge(bad, cast.ana, Reason.TRUE_POSITIVE)
        assert suggestion(alert) == Suggestion([], withheld=True)
        bad.refresh_from_db()
        assert suggestion(bad) == Suggestion([], withheld=True)


def Document_of(alert):  # noqa: N802
    from alerts.kept import source_of

    kept = source_of(alert)
    assert kept is not None
    return kept.document()


class TestSaving:
    def test_from_the_next_claim_on_the_rule_is_silent_for_what_it_covers_and_fires_for_the_rest(self, alerts, cast):
        item = save(alerts[0], cast.ana).item
        (alert,) = raised([event(), event(user__name="ivan")], now=AFTER)
        assert alert.user_name == "ivan"
        held = HeldBack.objects.get()
        assert (held.item, held.rule_id) == (item, "perl")
        assert RuleRun.objects.latest("pk").excepted == 1

    def test_it_closes_the_open_alerts_that_it_matches_with_a_reason(self, alerts, cast):
        judge(alerts[0], cast.rosa, Reason.DUPLICATE)
        added = save(alerts[1], cast.ana, close_matching=Reason.BENIGN_POSITIVE)
        assert added.closed == [alert.pk for alert in alerts[1:4]]
        closed = Alert.objects.get(pk=alerts[1].pk)
        assert (closed.status, closed.reason, closed.closed_by_exception) == ("closed", "benign_positive", added.item)
        assert Alert.objects.get(pk=alerts[0].pk).reason == Reason.DUPLICATE
        assert Alert.objects.get(pk=alerts[4].pk).status == Status.OPEN

    def test_all_of_it_is_one_group_in_the_record(self, alerts, cast):
        added = save(alerts[0], cast.ana, close_matching=Reason.BENIGN_POSITIVE)
        verbs = sorted(Change.objects.filter(group=added.group).values_list("verb", flat=True))
        assert verbs == ["added an exception", "closed", "closed", "closed", "closed", "create"]

    def test_only_the_persons_own_teams_alerts_are_closed(self, alerts, cast):
        (theirs,) = raised([event()], team=other_team(), now=LATER)
        save(alerts[0], cast.ana, close_matching=Reason.BENIGN_POSITIVE)
        assert Alert.objects.get(pk=theirs.pk).status == Status.OPEN

    def test_a_name_is_made_of_the_conditions(self, alerts, cast):
        assert save(alerts[0], cast.ana).item.name == "user.name is svc-ci"

    def test_the_same_conditions_twice_are_refused(self, alerts, cast):
        save(alerts[0], cast.ana)
        with pytest.raises(AlreadyExcepted):
            save(alerts[0], cast.rosa)

    def test_a_reason_is_needed(self, alerts, cast):
        with pytest.raises(ExceptionRefused):
            save(alerts[0], cast.ana, reason=" ")

    def test_a_manager_may_not(self, alerts, cast):
        with pytest.raises(NotAllowed):
            save(alerts[0], cast.mona)


class TestGuard:
    @pytest.fixture(autouse=True)
    def true_positive(self, alerts, cast):
        judge(alerts[2], cast.ana, Reason.TRUE_POSITIVE)

    def test_an_exception_that_would_have_hidden_a_true_positive_is_refused(self, alerts, cast):
        with pytest.raises(GuardRefused) as refused:
            save(alerts[0], cast.ana, override_guard_reason="I know")
        assert refused.value.alert_ids == (alerts[2].pk,)
        assert not Rule.objects.get().exceptions.exists()

    def test_an_engineer_may_override_it_with_a_reason(self, alerts, cast):
        with pytest.raises(GuardRefused):
            save(alerts[0], cast.rosa)
        save(alerts[0], cast.rosa, override_guard_reason="fixed at the source")
        note = Change.objects.get(verb="added an exception").note
        assert "fixed at the source" in note

    def test_editing_passes_it_too(self, alerts, cast):
        narrow = [entry("host.name", "ci-1")]
        item = save(alerts[0], cast.ana, narrow).item
        with pytest.raises(GuardRefused):
            change(item, cast.ana, ON_CI)

    def test_the_reason_given_for_an_edit_or_for_enabling_it_is_recorded(self, alerts, cast):
        teams = [alerts[0].team_id]
        item = save(alerts[0], cast.rosa, [entry("host.name", "ci-1")]).item
        item = change(item, cast.rosa, ON_CI, override_guard_reason="fixed at the source").item
        disable(item=item, actor=cast.rosa, now=AFTER)
        enable(item=item, actor=cast.rosa, now=AFTER, team_ids=teams, override_guard_reason="it is still fixed")
        notes = dict(Change.objects.filter(object_type="exception").values_list("verb", "note"))
        assert "fixed at the source" in notes["edit"]
        assert "it is still fixed" in notes["enable"]

    def test_enabling_passes_it_too(self, alerts, cast):
        item = save(alerts[0], cast.rosa, override_guard_reason="x").item
        disable(item=item, actor=cast.rosa, now=AFTER)
        with pytest.raises(GuardRefused):
            enable(item=item, actor=cast.ana, now=AFTER, team_ids=[alerts[0].team_id])


def change(item, actor, entries, version=None, now=AFTER, **given):
    given = {
        "reason": item.reason,
        "name": item.name,
        "team_ids": [alert.team_id for alert in Alert.objects.all()],
    } | given
    return edit(item=item, version=version or item.version, entries=entries, actor=actor, now=now, **given)


class TestTakingBack:
    @pytest.fixture
    def item(self, alerts, cast):
        """An exception that closed four alerts and has held back two events."""
        item = save(alerts[0], cast.ana, close_matching=Reason.BENIGN_POSITIVE).item
        assert raised([event(host__name="ci-1"), event(host__name="ci-3")], now=AFTER) == []
        return item

    def test_disabling_raises_what_was_held_back(self, item, cast):
        taken = disable(item=item, actor=cast.ana, now=AFTER)
        assert (taken.released, taken.gone) == (2, 0)
        assert Alert.objects.count() == 7
        assert RuleRun.objects.latest("pk").kind == RuleRun.Kind.RELEASE
        assert not HeldBack.objects.exists()
        assert Alert.objects.filter(status=Status.CLOSED).count() == 4

    def test_switching_it_on_again_silences_again(self, item, cast):
        disable(item=item, actor=cast.ana, now=AFTER)
        enable(item=item, actor=cast.ana, now=AFTER, team_ids=[Alert.objects.earliest("pk").team_id])
        assert raised([event()], now=AFTER + timedelta(seconds=1)) == []

    def test_events_that_left_storage_are_counted(self, item, cast):
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM event")
        taken = disable(item=item, actor=cast.ana, now=AFTER)
        assert (taken.released, taken.gone) == (0, 2)

    def test_what_another_exception_covers_stays_held_back(self, item, alerts, cast):
        other = save(alerts[0], cast.ana, [entry("host.name", "ci-3")]).item
        assert disable(item=item, actor=cast.ana, now=AFTER).released == 1
        assert HeldBack.objects.get().item == other

    def test_a_narrower_edit_raises_what_it_lets_go(self, item, cast):
        edited = change(item, cast.ana, [*ON_CI, entry("host.name", "ci-1")])
        assert edited.released == 1
        assert Alert.objects.latest("pk").host_name == "ci-3"
        assert HeldBack.objects.get().item == item

    def test_an_edit_of_an_older_version_is_refused(self, item, cast):
        change(item, cast.rosa, ON_CI, reason="better said")
        with pytest.raises(StaleException):
            change(item, cast.ana, ON_CI, version=1)

    def test_taking_it_back_within_ten_minutes_opens_again_what_it_closed(self, item, alerts, cast):
        taken = take_back(item=item, actor=cast.ana, now=AFTER, team_ids=[alerts[0].team_id])
        assert taken.reopened == [alert.pk for alert in alerts[:4]]
        assert taken.released == 2
        assert not Alert.objects.exclude(status=Status.OPEN).exists()

    def test_an_alert_that_somebody_worked_on_since_stays_as_it_is(self, item, alerts, cast):
        judge(alerts[1], cast.rosa, Reason.DUPLICATE)
        taken = take_back(item=item, actor=cast.ana, now=AFTER, team_ids=[alerts[0].team_id])
        assert alerts[1].pk not in taken.reopened
        assert Alert.objects.get(pk=alerts[1].pk).reason == Reason.DUPLICATE

    def test_later_it_only_raises_what_was_held_back(self, item, alerts, cast):
        much_later = LATER + timedelta(minutes=11)
        taken = take_back(item=item, actor=cast.ana, now=much_later, team_ids=[alerts[0].team_id])
        assert (taken.reopened, taken.released) == ([], 2)

    def test_who_is_not_in_every_team_whose_alerts_it_closed_cannot_undo_it(self, alerts, cast):
        (theirs,) = raised([event()], team=other_team(), now=LATER)
        both = [alerts[0].team_id, theirs.team_id]
        cast.rosa.teams.add(other_team())
        added = save(alerts[0], cast.rosa, close_matching=Reason.BENIGN_POSITIVE, team_ids=both)
        with pytest.raises(UndoNotWhole):
            undo(group=added.group, actor=cast.ana, now=AFTER, team_ids=both[:1])
        assert Alert.objects.get(pk=theirs.pk).status == Status.CLOSED
        assert theirs.pk in undo(group=added.group, actor=cast.rosa, now=AFTER, team_ids=both).alerts

    def test_undo_of_the_act_takes_all_of_it_back(self, item, alerts, cast):
        group = Change.objects.get(verb="added an exception").group
        assert group is not None
        undone = undo(group=group, actor=cast.ana, now=AFTER, team_ids=[alerts[0].team_id])
        assert (len(undone.alerts), undone.released) == (4, 2)
        item.refresh_from_db()
        assert item.removed_at == AFTER
        with pytest.raises(NothingToUndo):
            undo(group=group, actor=cast.ana, now=AFTER, team_ids=[alerts[0].team_id])


class TestTeams:
    def test_an_alert_of_another_team_is_no_place_to_write_one(self, alerts, cast):
        with pytest.raises(AlertNotFound):
            save(alerts[0], cast.otto, team_ids=[other_team().pk])

    def test_the_exceptions_of_another_teams_rule_are_left_alone(self, alerts, cast):
        item = save(alerts[0], cast.ana).item
        Rule.objects.update(team=alerts[0].team)
        item.refresh_from_db()
        with pytest.raises(NotYourTeam):
            disable(item=item, actor=cast.otto, now=AFTER)
