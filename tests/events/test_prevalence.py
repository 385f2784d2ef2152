"""How common a value is: as a naive count over all events says, whatever comes late, is killed or runs twice."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection

from accounts.models import Team
from engine.folding import fold
from events import prevalence_notes
from events.models import Batch, SeenValue, ValuesLearnt
from events.prevalence import FIELDS, common, hash_of, noted_until, rare_ones
from events.store import put_batch
from tests.events.conftest import Put, normalised

pytestmark = pytest.mark.django_db
LATER = timedelta(minutes=5)


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    prevalence_notes.forget_written()
    yield
    prevalence_notes.forget_written()


def event(host: str | None, at: datetime, **process: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"@timestamp": at.isoformat(), "process": process, "event": {"action": "exec"}}
    return told if host is None else told | {"host": {"name": host}}


def judged() -> None:
    Batch.objects.update(state=Batch.State.DONE)


def noted(now: datetime) -> int:
    judged()
    total = 0
    while read := prevalence_notes.note(now=now + LATER):
        total += read
    return total


def test_it_is_what_a_naive_count_says(put: Put, team: Team, now: datetime) -> None:
    random = Random(7)
    naive: dict[tuple[str, str], dict[str, set[date]]] = defaultdict(lambda: defaultdict(set))
    for _ in range(12):
        batch = []
        for _ in range(40):
            at = now - timedelta(days=random.randrange(6), minutes=random.randrange(600))
            host = random.choice([None, "db-1", "DB-1", "db-2", "web-3", "web-4"])
            name, arg = random.choice(["sh", "Sh", "perl", "make"]), random.choice(["-c", "x y", "é"])
            batch.append(event(host, at, name=name, args=[name, arg], executable=7))
            for field, value in (("process.name", name), ("process.args", name), ("process.args", arg)):
                naive[field, fold(value)][fold(host or "")].add(at.date())
        put(*batch)
        if random.random() < 0.5:
            noted(now)
    noted(now)
    found = common([team.pk], [*naive, ("process.executable", "7")])
    assert {one.of_hosts for one in found.values()} == {4}
    for key, by_host in naive.items():
        days = set().union(*by_host.values())
        told = found[key]
        assert (told.hosts, told.first_day, told.last_day) == (len(by_host.keys() - {""}), min(days), max(days))
        assert told.days <= max(map(len, by_host.values()))
    assert found["process.executable", "7"].hosts == 4


def test_case_is_no_difference_and_other_teams_are_others(
    put: Put, team: Team, other_team: Team, now: datetime
) -> None:
    put(event("db-1", now, name="CMD.exe"))
    put(event("db-1", now, name="powershell.exe"), team=other_team)
    noted(now)
    found = common([team.pk], [("process.name", "cmd.EXE"), ("process.name", "powershell.exe"), ("no.field", "x")])
    assert list(found) == [("process.name", "cmd.EXE")]
    both = common([team.pk, other_team.pk], [("process.name", "cmd.exe")])
    assert both["process.name", "cmd.exe"].of_hosts == 1  # the same host, whichever team sees it


def test_a_host_of_two_teams_is_one(
    put: Put, team: Team, other_team: Team, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(event("db-1", now, name="perl"), event("db-2", now, name="perl"), event(None, now, name="perl"))
    put(event("DB-1", now, name="perl"), event("db-3", now, name="perl"), team=other_team)
    noted(now)
    asked = [("process.name", "perl")]
    found = common([team.pk, other_team.pk], asked)[asked[0]]
    assert (found.hosts, found.of_hosts, found.more) == (3, 3, False)
    assert common([team.pk], asked)[asked[0]].hosts == 2
    monkeypatch.setattr("events.prevalence.MOST_HOSTS", 4)  # of five rows four are read
    assert common([team.pk, other_team.pk], asked)[asked[0]].more


def test_up_to_when_values_were_noted_is_known(put: Put, team: Team, now: datetime) -> None:
    assert noted_until() is None
    put(event("db-1", now, name="perl"))
    noted(now)
    until = noted_until()
    assert until is not None
    assert now < until < now + LATER


def test_a_late_event_moves_the_first_day(put: Put, team: Team, now: datetime) -> None:
    put(event("db-1", now, name="perl"))
    noted(now)
    put(event("db-1", now - timedelta(days=3), name="perl"), event("db-1", now - timedelta(days=1), name="perl"))
    noted(now)
    told = common([team.pk], [("process.name", "perl")], host="DB-1")["process.name", "perl"]
    assert told.first_day == told.here_since == (now - timedelta(days=3)).date()
    assert told.last_day == now.date()


def test_it_says_since_when_a_host_has_the_value(put: Put, team: Team, now: datetime) -> None:
    put(event("db-1", now - timedelta(days=2), name="perl"), event("db-2", now, name="perl"))
    noted(now)
    asked = [("process.name", "perl")]
    assert common([team.pk], asked, host="db-2")[asked[0]].here_since == now.date()
    assert common([team.pk], asked, host="db-3")[asked[0]].here_since is None


def test_a_run_that_dies_leaves_nothing_and_the_next_does_it_all(
    put: Put, team: Team, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(event("db-1", now, name="perl"))
    judged()
    ValuesLearnt.objects.create(pk=1)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ValuesLearnt, "save", die)
        with pytest.raises(KeyboardInterrupt):
            prevalence_notes.note(now=now + LATER)
    assert not SeenValue.objects.exists()
    assert noted(now) == 1
    assert common([team.pk], [("process.name", "perl")])["process.name", "perl"].days == 1


def test_each_event_is_read_once_and_each_row_written_once_a_day(put: Put, now: datetime) -> None:
    put(*(event("db-1", now, name="perl", pid=number) for number in range(5)))
    assert noted(now) == 5
    put(event("db-1", now, name="perl", pid=9))
    assert noted(now) == 1
    assert noted(now) == 0
    row = SeenValue.objects.get(field=FIELDS["process.name"])
    assert row.days == 1


def test_it_waits_for_judging_but_not_for_ever(put: Put, now: datetime) -> None:
    ValuesLearnt.objects.create(pk=1, at=now)
    put(event("db-1", now, name="perl"))
    assert prevalence_notes.note(now=now + timedelta(minutes=2)) == 0
    assert prevalence_notes.note(now=now + timedelta(minutes=4)) == 1


def test_batches_that_have_just_come_are_left_for_later(put: Put, now: datetime) -> None:
    put(event("db-1", now, name="perl"))
    judged()
    assert prevalence_notes.note(now=now + timedelta(seconds=10)) == 0
    assert prevalence_notes.note(now=now + timedelta(seconds=40)) == 1


def test_a_batch_whose_clock_was_read_later_is_not_passed_over(put: Put, team: Team, now: datetime) -> None:
    later = put(event("db-1", now, name="first number, later clock"))
    put(event("db-2", now, name="second number, earlier clock"))
    judged()
    Batch.objects.filter(pk=later.batch_id or 0).update(ingested_at=now + timedelta(seconds=5))
    between = now + prevalence_notes.UNDERWAY + timedelta(seconds=2)
    assert prevalence_notes.note(now=between) == 0
    assert noted(now) == 2


def test_what_has_just_come_to_be_judged_holds_nothing_up(put: Put, now: datetime) -> None:
    put(event("db-1", now, name="sh"))
    judged()
    fresh = put(event("db-1", now, name="perl"))
    Batch.objects.filter(pk=fresh.batch_id or 0).update(ingested_at=now + LATER)
    assert prevalence_notes.note(now=now + LATER) == 1


def test_alerts_written_back_and_odd_documents(put: Put, team: Team, now: datetime) -> None:
    put(event("db-2", now, name=["sh", None, 5.5, True]))
    ours = normalised(event("db-1", now, name="perl"), team.pk, now)
    put_batch(team_id=team.pk, events=[replace(ours, index=".alerts-security.alerts-default")], ingested_at=now)
    noted(now)
    asked = [("process.name", name) for name in ("perl", "sh", "5.5", "true")]
    assert {value for _, value in common([team.pk], asked)} == {"sh", "5.5", "true"}


def test_what_was_not_seen_for_thirty_days_goes(put: Put, team: Team, now: datetime) -> None:
    put(event("db-1", now - timedelta(days=20), name="perl"), event("db-1", now, name="sh"))
    noted(now)
    prevalence_notes.forget_old(now + timedelta(days=11))
    assert set(common([team.pk], [("process.name", "perl"), ("process.name", "sh")])) == {("process.name", "sh")}


def test_many_hosts_are_counted_to_a_bound(put: Put, team: Team, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO events_seenvalue (team_id, field, value, host, first_day, last_day, days) "
            "SELECT %s, f, v, decode(lpad(to_hex(n), 16, '0'), 'hex'), %s, %s, 1 FROM generate_series(1, 3000) n, "
            "(VALUES (0, %s::bytea), (17, %s::bytea)) told (f, v)",
            [team.pk, now.date(), now.date(), bytes(16), hash_of("4624")],
        )
    told = common([team.pk], [("event.code", "4624")])["event.code", "4624"]
    assert told.more
    assert told.hosts == 2_000


def test_the_horizon_is_a_moment_before_now(now: datetime) -> None:
    assert prevalence_notes._horizon(datetime.now(UTC)) < datetime.now(UTC)


def test_rare_is_what_one_host_in_a_hundred_has_and_a_host_of_two_teams_is_one(
    put: Put, team: Team, other_team: Team, now: datetime
) -> None:
    put(*(event(f"h{number}", now, name="common") for number in range(200)))
    put(*(event(f"h{number}", now, name="on two") for number in range(2)))
    put(*(event(f"h{number}", now, name="on three") for number in range(3)), event(None, now, name="on two"))
    put(event("h0", now, name="on two"), team=other_team)
    noted(now)
    asked = ["common", "on two", "on three", "never noted"]
    found = rare_ones([team.pk, other_team.pk], "process.name", asked, seconds=20)
    assert found == ([("never noted", 0), ("on two", 2)], 200)
    assert rare_ones([other_team.pk], "process.name", ["on two"], seconds=20) == ([("on two", 1)], 1)
