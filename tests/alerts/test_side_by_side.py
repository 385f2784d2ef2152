"""Several workers and people at once, on connections of their own: nothing is lost, doubled, or slips past."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, connections, transaction

from accounts.models import User
from accounts.roles import Role
from accounts.selectors import default_team
from alerts import evaluation, judging, triage
from alerts.errors import ChangeWaits, StaleAlert, StaleDraft
from alerts.evaluation import evaluate_pending
from alerts.exceptions import add, approve, draft_change, edit, withdraw
from alerts.models import Alert, ExceptionDraft, Reason, SignalCount, Status
from alerts.triage import set_status
from alerts.undo import undo
from events.models import Batch
from rules.errors import StaleException
from rules.models import HeldBack, SeenTerm
from tests.alerts.world import NOW, event, load, people, post, raised, work

pytestmark = pytest.mark.django_db(transaction=True)
ON_CI = [{"field": "user.name", "type": "match", "operator": "included", "value": "svc-ci"}]
PATIENCE = 30


@pytest.fixture(autouse=True)
def _no_events_left() -> Iterator[None]:
    yield
    with connection.cursor() as cursor:  # Django empties only the tables that it manages
        cursor.execute("TRUNCATE event, event_block, seen_term")


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as executor:
        yield executor


def start(pool: ThreadPoolExecutor, act: Callable[[], Any]) -> Future[Any]:
    """Run an act on a connection of its own."""

    def apart() -> object:
        try:
            return act()
        finally:
            connections.close_all()

    return pool.submit(apart)


def both(pool: ThreadPoolExecutor, *acts: Callable[[], Any]) -> list[Any]:
    """Run acts at the same time; errors are answers too."""
    gate = threading.Barrier(len(acts))

    def gated(act):
        def run():
            gate.wait(PATIENCE)
            try:
                return act()
            except Exception as error:
                return error

        return run

    return [future.result(PATIENCE) for future in [start(pool, gated(act)) for act in acts]]


def drain() -> int:
    worker, alerts = uuid4(), 0
    while (report := evaluate_pending(now=NOW, worker=worker)).batches:
        assert not report.failed
        alerts += report.alerts
    return alerts


def test_two_workers_judge_every_batch_once(tmp_path, pool, monkeypatch):
    load(tmp_path, most=1_000)
    monkeypatch.setattr("events.queue._MOST_BATCHES", 3)
    for number in range(30):
        post([event(), event()], now=NOW + timedelta(seconds=number))

    alerts = both(pool, drain, drain)
    assert sum(alerts) == Alert.objects.count() == 60
    assert not Batch.objects.exclude(state=Batch.State.DONE).exists()


def test_two_workers_share_one_allowance(tmp_path, pool, monkeypatch):
    load(tmp_path, most=10)
    monkeypatch.setattr("events.queue._MOST_BATCHES", 2)
    for number in range(8):
        post([event() for _ in range(4)], now=NOW + timedelta(seconds=number))

    both(pool, drain, drain)
    count = SignalCount.objects.get()
    assert (Alert.objects.count(), count.raised, count.over) == (10, 10, 22)


def test_two_workers_agree_on_what_is_new(tmp_path, pool, monkeypatch):
    load(tmp_path, most=1_000, new_terms=["process.parent.name"], by_ingest=True)
    monkeypatch.setattr("events.queue._MOST_BATCHES", 2)
    parents = [f"parent-{number}" for number in range(10)]
    for _ in range(6):
        post([event(process__parent__name=name) for name in parents], now=NOW)

    both(pool, drain, drain)
    assert SeenTerm.objects.count() == 10
    assert {tuple(terms["values"]) for terms in Alert.objects.values_list("new_terms", flat=True) if terms} == {
        (name,) for name in parents
    }


class _Pause:
    """Holds the worker at one place until the test lets it go on."""

    def __init__(self) -> None:
        self.reached, self.go = threading.Event(), threading.Event()

    def wait(self) -> None:
        self.reached.set()
        assert self.go.wait(PATIENCE)


def save_exception(person, alert):
    return add(
        alert=alert,
        entries=ON_CI,
        reason="known",
        close_matching=Reason.BENIGN_POSITIVE,
        actor=person,
        now=NOW,
        team_ids=[default_team().pk],
    )


def first_alert():
    post([event(user__name="ivan")])
    work()
    return Alert.objects.get()


def test_an_exception_saved_between_matching_and_raising_holds_the_hits_back(tmp_path, pool, monkeypatch):
    load(tmp_path)
    ana, alert, pause = people().ana, first_alert(), _Pause()
    honest = evaluation.hold_epoch

    def slow(*given):
        pause.wait()
        return honest(*given)

    monkeypatch.setattr(evaluation, "hold_epoch", slow)
    post([event(), event(user__name="ivan")], now=NOW + timedelta(seconds=1))
    worker = start(pool, drain)
    assert pause.reached.wait(PATIENCE)
    save_exception(ana, alert)
    pause.go.set()

    assert worker.result(PATIENCE) == 1
    assert not Alert.objects.filter(user_name="svc-ci").exists()
    assert HeldBack.objects.count() == 1


def test_a_rule_that_changed_between_matching_and_raising_judges_by_its_new_logic(tmp_path, pool, monkeypatch):
    load(tmp_path)
    pause, honest = _Pause(), evaluation.hold_epoch

    def slow(*given):
        pause.wait()
        return honest(*given)

    monkeypatch.setattr(evaluation, "hold_epoch", slow)
    post([event(user__name="old"), event(user__name="new", process__name="curl")])
    worker = start(pool, drain)
    assert pause.reached.wait(PATIENCE)
    load(tmp_path, query="process.name:curl", learnt=False)
    pause.go.set()

    assert worker.result(PATIENCE) == 1
    assert Alert.objects.get().user_name == "new"


def test_an_exception_waits_for_the_alerts_being_raised_and_closes_them(tmp_path, pool, monkeypatch):
    load(tmp_path)
    ana, alert, pause = people().ana, first_alert(), _Pause()
    honest = judging.judge

    def slow(*given, **more):
        pause.wait()
        return honest(*given, **more)

    monkeypatch.setattr(evaluation, "judge", slow)
    post([event()], now=NOW + timedelta(seconds=1))
    worker = start(pool, drain)
    assert pause.reached.wait(PATIENCE)
    saving = start(pool, lambda: save_exception(ana, alert))
    assert not saving.done()
    pause.go.set()

    assert worker.result(PATIENCE) == 1
    (closed,) = saving.result(PATIENCE).closed
    assert Alert.objects.get(pk=closed).user_name == "svc-ci"
    assert Alert.objects.get(pk=closed).status == Status.CLOSED


def test_of_two_people_one_is_told_that_the_other_was_faster(tmp_path, pool):
    load(tmp_path)
    cast, alert = people(), first_alert()

    def close_as(person, reason):
        return lambda: set_status(
            alert_ids=[alert.pk],
            status=Status.CLOSED,
            reason=reason,
            versions={alert.pk: 1},
            actor=person,
            now=NOW,
            team_ids=[alert.team_id],
        )

    answers = both(pool, close_as(cast.ana, Reason.TRUE_POSITIVE), close_as(cast.rosa, Reason.DUPLICATE))
    (refused,) = [answer for answer in answers if isinstance(answer, StaleAlert)]
    assert refused.who in ("Ana", "Rosa")
    assert Alert.objects.get().version == 2


def test_bulk_acts_over_the_same_alerts_do_not_lock_each_other_out(tmp_path, pool):
    load(tmp_path)
    cast = people()
    post([event() for _ in range(30)])
    work()
    ids = list(Alert.objects.values_list("pk", flat=True))

    def acknowledge(person, numbers):
        return lambda: (
            set_status(
                alert_ids=numbers, status=Status.ACKNOWLEDGED, actor=person, now=NOW, team_ids=[default_team().pk]
            ).changed
        )

    one, other = both(pool, acknowledge(cast.ana, ids), acknowledge(cast.rosa, ids[::-1]))
    assert sorted(one + other) == sorted(ids)


def test_a_worker_that_dies_before_its_commit_leaves_nothing_and_its_batch_is_judged_later(tmp_path, pool, monkeypatch):
    load(tmp_path)
    post([event()])

    class Killed(BaseException):
        """Nothing catches a kill."""

    def dying(*_):
        raise Killed

    with monkeypatch.context() as broken:
        broken.setattr("alerts.evaluation.queue.finish", dying)
        with pytest.raises(Killed):
            start(pool, drain).result(PATIENCE)
    assert not Alert.objects.exists()
    assert not SignalCount.objects.exists()
    assert work(NOW + timedelta(seconds=30)).alerts == 0
    assert work(NOW + timedelta(seconds=61)).alerts == 1


def _closed_as_duplicate(actor: Any, one: Alert, original: Alert) -> Any:
    return set_status(
        alert_ids=[one.pk], status=Status.CLOSED, reason=Reason.DUPLICATE, duplicate_of=original.pk, actor=actor,
        now=NOW, team_ids=[one.team_id],
    )  # fmt: skip


def test_who_name_originals_at_once_make_no_ring(tmp_path, pool):
    load(tmp_path)
    cast = people()
    a, b, c, d = raised([event(user__name=name) for name in "abcd"])
    _closed_as_duplicate(cast.ana, a, b)
    _closed_as_duplicate(cast.ana, c, d)
    acts = [partial(_closed_as_duplicate, cast.ana, *pair) for pair in ((b, c), (d, a))]
    told = both(pool, *acts)
    assert sorted(type(one).__name__ for one in told) == ["DuplicateRefused", "Outcome"]
    assert Alert.objects.filter(duplicate_of=None).count() == 1


def test_who_names_an_original_and_who_acts_on_it_do_not_lock_each_other_out(tmp_path, pool, monkeypatch):
    load(tmp_path)
    cast, written = people(), threading.Event()
    first, second = sorted(raised([event(user__name=name) for name in "ab"]), key=lambda one: one.pk)
    write = vars(triage)["write_all"]

    def slowly(moves, **by):
        found = write(moves, **by)
        if by["verb"] == "closed":
            written.set()
            time.sleep(0.5)  # the other act takes what it can meanwhile
        return found

    def acknowledged():
        written.wait(PATIENCE)
        asked: dict[str, Any] = {"actor": cast.rosa, "now": NOW, "team_ids": [first.team_id]}
        return set_status(alert_ids=[first.pk, second.pk], status=Status.ACKNOWLEDGED, **asked)

    monkeypatch.setattr(triage, "write_all", slowly)
    told = both(pool, lambda: _closed_as_duplicate(cast.ana, second, first), acknowledged)
    assert [type(one).__name__ for one in told] == ["Outcome", "Outcome"]


def test_a_change_that_is_sent_while_another_comes_back_is_the_only_one_that_waits(tmp_path, pool):
    load(tmp_path)
    rosa, alert, pause, leaving = people().rosa, first_alert(), _Pause(), uuid4()
    by: dict[str, Any] = {"actor": rosa, "now": NOW, "team_ids": [default_team().pk]}
    item = save_exception(rosa, alert).item

    def send(name):
        said = {"version": 1, "entries": ON_CI, "reason": "known", "name": name}
        return draft_change(item=item, **said, **by)

    def send_slowly():
        with transaction.atomic():
            send("Another")
            pause.wait()

    withdraw(draft_id=send("One").pk, version=1, group=leaving, **by)
    sending = start(pool, send_slowly)
    assert pause.reached.wait(PATIENCE)
    coming_back = start(pool, lambda: undo(group=leaving, **by))
    time.sleep(0.3)
    pause.go.set()
    sending.result(PATIENCE)
    with pytest.raises(ChangeWaits, match="by Rosa waits for review already"):
        coming_back.result(PATIENCE)
    assert ExceptionDraft.objects.get(state="waiting").name == "Another"


def test_who_saves_an_exception_while_his_change_of_it_is_approved_waits_for_nobody_in_vain(
    tmp_path, pool, monkeypatch
):
    cast, team_ids = people(), [default_team().pk]
    reviewer = User.objects.create(username="eva", role=Role.ENGINEER)
    reviewer.teams.add(default_team())
    load(tmp_path)
    [alert] = raised([event(user__name="svc-ci")])
    said: dict[str, Any] = {"reason": "The pipeline.", "name": "Pipeline", "now": NOW, "team_ids": team_ids}
    item = add(alert=alert, entries=ON_CI, actor=cast.rosa, **said).item
    other = [ON_CI[0] | {"value": "other"}]
    sent = draft_change(item=item, version=item.version, entries=other, actor=cast.rosa, **said)
    saved = [ON_CI[0] | {"value": "saved"}]
    monkeypatch.setattr("alerts.retrying.MAX_TRIES", 1)  # nothing is begun anew
    answers = both(
        pool,
        partial(edit, item=item, version=item.version, entries=saved, actor=cast.rosa, **said),
        partial(approve, draft_id=sent.pk, version=1, actor=reviewer, now=NOW, team_ids=team_ids),
    )
    refused = [type(one) for one in answers if isinstance(one, Exception)]
    assert refused in ([StaleDraft], [StaleException])
