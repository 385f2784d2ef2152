"""ES|QL over stored events gives what the pipeline gives over the same documents: of these teams, in this window."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import Team
from engine import Document, LanguageError
from engine.indices import index_matches
from engine.languages.esql import parse_esql
from engine.pipelines import EVENTS, compile_query, pages_of
from events.errors import TooDear
from events.pipelines import Rows, prepare, run
from events.resident import resident_bytes
from events.searching import Window
from events.store import StoredEvent, put_batch, read_batch
from tests.events.conftest import Put, batch_of, normalised
from tests.events.test_search import documents

pytestmark = pytest.mark.django_db

WHERES = [
    'host.name == "sh"', 'host.name != "sh"', 'NOT host.name == "sh"', 'host.name IN ("sh", "perl", "x")',
    'event.category == "sh"', 'TO_LOWER(user.name) == "sh"', 'host.name LIKE "S*" OR user.name LIKE "per?"',
    "host.name IS NULL", "source.ip IS NOT NULL AND CIDR_MATCH(source.ip, \"10.0.0.0/8\")",
    'KQL("host.name: sh or user.name: perl*")', 'KQL("""not event.action: perl""") AND message == "sh"',
    'event.dataset == "sh" AND data_stream.dataset == "perl"', 'COALESCE(host.name, user.name) == "sh"',
    'message : "sh"', "LENGTH(host.name) > 3", "MV_COUNT(event.category) > 1", "event.category IS NULL",
    '@timestamp > NOW() - 1 day', "true", "false", "null",
]  # fmt: skip
REST = "KEEP @timestamp, host.name, user.name, event.category, event.action, source.ip, message"
PIPELINES = [f"FROM logs-* METADATA _id, _index | WHERE {where} | KEEP _id, _index, host.name" for where in WHERES]
PIPELINES += [f"FROM *,-logs-a-* | WHERE {where} | {REST}" for where in WHERES]
PIPELINES += [
    "FROM logs-* | STATS n = COUNT(*), names = VALUES(user.name), last = MAX(@timestamp) BY host.name",
    'FROM metrics-*,logs-a-default | EVAL low = TO_LOWER(host.name) | WHERE low == "sh" | STATS n = COUNT(*) BY low',
    'FROM * | MV_EXPAND event.action | WHERE event.action == "perl" | STATS n = COUNT(*) BY event.action, host.name',
    "FROM logs-* | SORT @timestamp DESC, message | LIMIT 7 | KEEP @timestamp, message",
    'FROM logs-* METADATA _source | WHERE host.name == "perl" | KEEP _source',
    "FROM logs-* | INLINE STATS n = COUNT(*) BY host.name | WHERE n > 3 | KEEP n, host.name",
    'FROM logs-* | WHERE host.name == "sh"',
    "FROM nothing-* | STATS n = COUNT(*)",
    "ROW a = 1, b = [1, 2] | EVAL c = a + 1",
]


@pytest.fixture
def stored(put: Put, now: datetime) -> list[StoredEvent]:
    found: list[StoredEvent] = []
    for part, size in enumerate((300, 120, 1)):
        report = put(*documents(size, part, now), at=now + timedelta(seconds=part))
        found += read_batch(batch_of(report))
    return found


@pytest.fixture
def window(now: datetime) -> Window:
    return Window(now - timedelta(days=5), now + timedelta(days=1))


Ask = Callable[..., Rows]


@pytest.fixture
def ask(team: Team, window: Window, now: datetime) -> Ask:
    def rows(
        text: str, *, limit: int = 1_000, team_ids: Sequence[int] = (), window: Window = window, **more: Any
    ) -> Rows:
        prepared = prepare(text, limit=limit)
        return run(prepared, window=window, team_ids=team_ids or [team.pk], now=now, **more)

    return rows


def expected(text: str, events: Sequence[StoredEvent], now: datetime) -> list[tuple[Any, ...]]:
    """What the pipeline makes of all documents, read in full."""
    compiled = compile_query(parse_esql(text), EVENTS)
    patterns = getattr(parse_esql(text).commands[0], "patterns", ())
    chosen = [event for event in events if index_matches(patterns, event.index)]
    told = [{"_id": event.uid.hex(), "_index": event.index, "_source": event.raw.decode()} for event in chosen]
    pages = pages_of(
        [Document.of(event.raw) for event in chosen], compiled.fields, metadata=lambda number: told[number], size=50
    )
    return compiled.run(pages, now=now).rows


def in_any_order(rows: Sequence[tuple[Any, ...]]) -> list[str]:
    return sorted(repr(_settled(row)) for row in rows)


def test_the_rows_are_those_of_the_pipeline_over_all_documents(
    ask: Ask, stored: list[StoredEvent], now: datetime
) -> None:
    found = {text: ask(text) for text in PIPELINES}
    wrong = [text for text in PIPELINES if in_any_order(found[text].rows) != in_any_order(expected(text, stored, now))]
    assert wrong == []
    assert not any(rows.stopped for rows in found.values())
    assert sum(bool(rows.rows) for rows in found.values()) > len(PIPELINES) * 0.7


def _settled(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """VALUES comes in no promised order."""
    return tuple(sorted(value) if isinstance(value, tuple) else value for value in row)


def test_rows_of_events_come_newest_first_and_name_their_events(ask: Ask, stored: list[StoredEvent]) -> None:
    found = ask('FROM logs-* | WHERE message == "sh" | KEEP message', limit=5)
    matching = [event for event in stored if event.index.startswith("logs-") and b'"message":"sh"' in event.raw]
    newest = sorted(matching, key=lambda event: event.time, reverse=True)
    assert len(matching) > 5
    assert [event.uid for event in found.events] == [event.uid for event in newest[:5]]
    assert [event.day for event in found.events] == [event.day for event in newest[:5]]
    assert found.more


def test_sorted_rows_keep_their_order_and_their_events(ask: Ask, stored: list[StoredEvent]) -> None:
    found = ask("FROM * METADATA _id | SORT @timestamp | KEEP _id | LIMIT 9")
    assert [row[0] for row in found.rows] == [event.uid.hex() for event in found.events]
    assert [event.time for event in found.events] == sorted(event.time for event in stored)[:9]
    assert not found.more


def test_groups_name_no_events(ask: Ask, stored: list[StoredEvent]) -> None:
    found = ask("FROM * | STATS n = COUNT(*)")
    assert found.rows == [(len(stored),)]
    assert found.events == []
    assert found.examined == len(stored)


def test_other_teams_and_other_times_are_left_out(
    ask: Ask, put: Put, stored: list[StoredEvent], team: Team, other_team: Team, now: datetime
) -> None:
    put({"host.name": "theirs", "@timestamp": now.isoformat()}, team=other_team, at=now)
    count = "FROM * | STATS n = COUNT(*)"
    assert ask(count).rows == [(len(stored),)]
    assert ask(count, team_ids=[other_team.pk]).rows == [(1,)]
    assert ask(count, team_ids=[team.pk, other_team.pk]).rows == [(len(stored) + 1,)]
    part = Window(now - timedelta(days=2), now - timedelta(days=1))
    inside = [event for event in stored if part.start <= event.time < part.end]
    assert ask(count, window=part).rows == [(len(inside),)]
    assert 0 < len(inside) < len(stored)


def test_indices_that_begin_with_a_dot_are_read_when_they_are_named(
    ask: Ask, put: Put, team: Team, now: datetime
) -> None:
    put({"host.name": "a"}, at=now)
    alert = replace(normalised({"host.name": "b"}, team.pk, now), index=".alerts-security.alerts-default")
    put_batch(team_id=team.pk, events=[alert], ingested_at=now)
    assert ask("FROM * | KEEP host.name").rows == [("a",)]
    for named in (
        ".alerts-security.*", ".alerts-security.alerts-*", ".alerts-security.alerts-default",
        ".internal.alerts-security.alerts-default-*", ".internal.alerts-security.alerts-default-000001",
    ):  # fmt: skip
        assert ask(f"FROM {named} | KEEP host.name").rows == [("b",)], named
    assert (
        ask("FROM .alerts-security.alerts-other, .internal.alerts-security.alerts-other-* | KEEP host.name").rows == []
    )


def test_stored_columns_narrow_down_what_is_read(ask: Ask, stored: list[StoredEvent]) -> None:
    found = ask('FROM logs-* | WHERE host.name == "Émile" AND LENGTH(message) > 0 | STATS n = COUNT(*)')
    assert found.examined < len(stored) * 0.7  # those with several values in a column are always read


def test_a_limit_reads_no_more_than_it_needs(
    ask: Ask, put: Put, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("events.pipelines._FIRST", 10)
    for part in range(20):
        put(*({"host.name": f"{part}-{one}"} for one in range(10)), at=now - timedelta(minutes=part))
    found = ask("FROM * | LIMIT 3")
    assert len(found.rows) == 3
    assert found.examined <= 30


def test_memory_has_a_bound(ask: Ask, stored: list[StoredEvent]) -> None:
    with pytest.raises(TooDear, match="values at once"):
        ask("FROM * | SORT message", limit=1_000, cells=100)
    with pytest.raises(TooDear):
        ask("FROM * | STATS v = VALUES(message) BY @timestamp", cells=100)


def test_a_process_grows_only_so_much(ask: Ask, stored: list[StoredEvent], monkeypatch: pytest.MonkeyPatch) -> None:
    assert resident_bytes() > 1_000_000
    monkeypatch.setattr("events.pipelines.BYTES", -(1 << 40))
    with pytest.raises(TooDear, match="megabytes at once"):
        ask("FROM * | SORT @timestamp")


def test_texts_that_grow_a_thousandfold_are_held_a_few_at_a_time(
    ask: Ask, stored: list[StoredEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    grown = ", ".join(f'{name} = REPEAT(CONCAT("{name}", message), 100000)' for name in "abcdefgh")
    before = resident_bytes()
    monkeypatch.setattr("events.pipelines.BYTES", 40 * 1024 * 1024)
    with suppress(TooDear):  # whether there are so many megabytes is up to the system
        ask(f"FROM * | EVAL {grown} | STATS n = SUM(LENGTH(a) + LENGTH(b) + LENGTH(c) + LENGTH(h))")
    assert resident_bytes() - before < 120 * 1024 * 1024


def test_time_has_a_bound(ask: Ask, stored: list[StoredEvent]) -> None:
    with pytest.raises(TooDear, match="longer than"):
        ask("FROM * | STATS n = COUNT(*)", budget_seconds=0)


def test_a_query_that_streams_gives_what_it_found_in_time(ask: Ask, stored: list[StoredEvent]) -> None:
    found = ask("FROM * | KEEP message", budget_seconds=0)
    assert (found.rows, found.stopped) == ([], True)


@pytest.mark.parametrize(
    "text", ["FROM", "FROM a | WHERE nothing(1) == 1", "FROM a | WHER x", "FROM a | COMPLETION p WITH {}"]
)
def test_what_cannot_be_read_or_run_says_where(text: str) -> None:
    with pytest.raises(LanguageError):
        prepare(text, limit=10)


def test_the_window_says_what_now_means(ask: Ask, put: Put, now: datetime) -> None:
    put({"@timestamp": (now - timedelta(minutes=5)).isoformat()}, at=now)
    found = ask('FROM * | EVAL age = DATE_DIFF("minutes", @timestamp, NOW()) | KEEP age')
    assert found.rows == [(5,)]


def test_dates_are_in_utc(ask: Ask, put: Put, now: datetime) -> None:
    put({"@timestamp": "2026-11-20T11:00:00+02:00"}, at=now)
    assert ask("FROM * | KEEP @timestamp").rows == [(datetime(2026, 11, 20, 9, tzinfo=UTC),)]
