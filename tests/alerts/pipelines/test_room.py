"""How much one settling of a pipeline takes: memory, windows that groups waited for, and blocks of other columns."""

from datetime import timedelta
from typing import Any

import pytest

from alerts.pipelines import kept, settling
from alerts.pipelines.passing import key_of
from engine.languages.esql import parse_esql
from engine.pipelines import EVENTS, compile_query
from rules.models import CandidateBlock, Rule
from rules.packing import pack_rows, rows_of
from tests.alerts.pipelines.world import COUNTED, MINUTE, NOW, alerts, curl, facts, load
from tests.alerts.settling.world import settle, told

pytestmark = pytest.mark.django_db
WORDS = """
FROM logs-*
| WHERE process.name == "curl"
| STATS Esql.words = COUNT_DISTINCT(process.command_line) BY host.name
| WHERE Esql.words >= 3
"""


def long(seconds: float, words: str, **fields: Any) -> dict[str, object]:
    return curl(seconds, process__command_line=words * 5_000, **fields)


class TestMemory:
    @pytest.fixture(autouse=True)
    def little(self, monkeypatch):
        monkeypatch.setattr(kept, "MOST_WEIGHT", 100_000)

    def test_a_rule_whose_window_holds_too_long_texts_is_set_aside_alone(self, tmp_path):
        load(tmp_path, WORDS)
        load(tmp_path, COUNTED, rule_id="other")
        told(*[long(number, f"{number:04}") for number in range(10)])
        settle(now=NOW + MINUTE)
        assert [alert.rule_id for alert in alerts()] == ["other"]
        reason = "Its query was stopped: what it asks of the events within its look-back takes over 0 megabytes."
        assert Rule.objects.get(pk="rows").quarantine_reason == reason

    def test_texts_that_say_the_same_count_once(self, tmp_path):
        load(tmp_path, WORDS)
        told(*[long(number, f"{number % 3:04}") for number in range(20)])
        settle(now=NOW + MINUTE)
        assert [facts(alert).count for alert in alerts()] == [20]

    def test_a_backlog_of_long_texts_is_looked_at_in_parts(self, tmp_path):
        rule = load(tmp_path, WORDS, since="now-5m")
        told(*[long(number * 100, f"{number:04}") for number in range(30)], now=NOW + 60 * MINUTE)
        for step in range(8):
            settle(now=NOW + (61 + step) * MINUTE)
        rule.refresh_from_db()
        assert rule.quarantined_at is None
        assert not CandidateBlock.objects.filter(settled=False).exists()
        assert len(alerts()) > 5

    def test_columns_are_held_without_the_texts_that_they_came_in(self, tmp_path, monkeypatch):
        seen = []
        before = kept.Kept.run

        def watched(self, numbers, *, now):
            seen.append(self)
            return before(self, numbers, now=now)

        monkeypatch.setattr(kept.Kept, "run", watched)
        load(tmp_path, WORDS)
        told(long(1, "once"))
        settle(now=NOW + MINUTE)
        assert {one.value for some in seen for one in some.candidates} == {()}


def test_windows_that_groups_waited_for_are_run_within_the_room(tmp_path, monkeypatch):
    load(tmp_path, 'FROM logs-* | WHERE process.name == "curl" | STATS n = COUNT(*) BY host.name', most=10_000)
    told(*[curl(n * 60 + h, host=f"h{h}") for n in range(60) for h in range(3)], now=NOW + 62 * MINUTE)
    settle(now=NOW + 63 * MINUTE)
    usual, ran = settling._Room, []
    once = settling._Windows.answer
    monkeypatch.setattr(settling, "_Room", lambda: usual(windows=5))

    def counted(self):
        ran.append(once(self))
        return ran[-1]

    monkeypatch.setattr(settling._Windows, "answer", counted)
    told(*[curl(3700 + n * 60 + h, host=f"h{h}") for n in range(120) for h in range(3)], now=NOW + 182 * MINUTE)
    for step in range(40):
        settle(now=NOW + 183 * MINUTE + step * timedelta(seconds=5))
    assert max(answer.windows for answer in ran) <= 8
    assert not CandidateBlock.objects.filter(settled=False).exists()
    assert sum(facts(alert).count for alert in alerts()) >= 180 * 3 - 3 * 5  # of the last minutes some wait


def test_what_was_kept_for_other_columns_is_not_read(tmp_path):
    load(tmp_path, COUNTED)
    told(*[curl(number) for number in range(3)])
    other = key_of(compile_query(parse_esql("FROM logs-* | STATS n = COUNT(user.id) BY host.ip"), EVENTS))
    for block in CandidateBlock.objects.all():
        rows = [(*row[:5], other, *row[6:]) for row in rows_of(bytes(block.data))]
        CandidateBlock.objects.filter(pk=block.pk).update(data=pack_rows(rows))
    settle(now=NOW + MINUTE)
    assert not alerts()
    assert not CandidateBlock.objects.filter(settled=False).exists()
    assert Rule.objects.get(pk="rows").quarantined_at is None
