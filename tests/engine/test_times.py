from datetime import UTC, datetime, timedelta

import pytest

from engine.times import TimeExpressionError, format_duration, lookback_of, parse_date_math, parse_duration

NOW = datetime(2026, 11, 20, 13, 45, 30, 250_000, UTC)  # a Friday


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("5m", 5), ("1h", 60), ("60m", 60), ("30s", 0.5), ("7d", 10_080), ("2w", 20_160), (" 8 m ", 8)],
)
def test_a_duration_is_a_number_with_a_unit(text, minutes):
    assert parse_duration(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["", "5", "m", "5M", "-5m", "0m", "1.5h", "5m5s", "999999999d", "5m" * 100, "٥m"])
def test_anything_else_is_no_duration(text):
    with pytest.raises(TimeExpressionError):
        parse_duration(text)


@pytest.mark.parametrize(
    ("minutes", "said"), [(5, "5 m"), (60, "1 h"), (119, "1 h 59 m"), (7_205, "5 d 5 m"), (20_160, "14 d"), (0, "0 s")]
)
def test_pages_say_durations_in_the_largest_units(minutes, said):
    assert format_duration(timedelta(minutes=minutes)) == said


@pytest.mark.parametrize(
    ("text", "minutes"), [("now-9m", 9), ("now-14d", 20_160), ("now-1h-30m", 90), ("now", 0), ("now-7205m", 7_205)]
)
def test_a_look_back_is_the_distance_from_now(text, minutes):
    assert lookback_of(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "text", ["9m", "now+9m", "now-1M", "now-1y", "now-30d/d", "2026-11-20", "now-9m ago", "now-99999d"]
)
def test_a_look_back_must_be_fixed_and_in_the_past(text):
    with pytest.raises(TimeExpressionError):
        lookback_of(text)


@pytest.mark.parametrize(
    ("text", "down", "up"),
    [
        ("now", "2026-11-20T13:45:30.250", "2026-11-20T13:45:30.250"),
        ("now-9m", "2026-11-20T13:36:30.250", "2026-11-20T13:36:30.250"),
        ("now-1h+1m", "2026-11-20T12:46:30.250", "2026-11-20T12:46:30.250"),
        ("now-30d/d", "2026-10-21T00:00:00", "2026-10-21T23:59:59.999999"),
        ("now/H", "2026-11-20T13:00:00", "2026-11-20T13:59:59.999999"),
        ("now/m", "2026-11-20T13:45:00", "2026-11-20T13:45:59.999999"),
        ("now/w", "2026-11-16T00:00:00", "2026-11-22T23:59:59.999999"),
        ("now-1M/M", "2026-10-01T00:00:00", "2026-10-31T23:59:59.999999"),
        ("now/y", "2026-01-01T00:00:00", "2026-12-31T23:59:59.999999"),
        ("now-9M", "2026-02-20T13:45:30.250", "2026-02-20T13:45:30.250"),
        ("2026-03-31||-1M", "2026-02-28T00:00:00", "2026-02-28T00:00:00"),
        ("2026-11-20||/M", "2026-11-01T00:00:00", "2026-11-30T23:59:59.999999"),
        ("2024", "2024-01-01T00:00:00", "2024-12-31T23:59:59.999999"),
        ("2024-02", "2024-02-01T00:00:00", "2024-02-29T23:59:59.999999"),
        ("2024-02-03", "2024-02-03T00:00:00", "2024-02-03T23:59:59.999999"),
        ("2024-02-03T10:11", "2024-02-03T10:11:00", "2024-02-03T10:11:59.999999"),
        ("2024-02-03T10:11:12Z", "2024-02-03T10:11:12", "2024-02-03T10:11:12.999999"),
        ("2024-02-03T10:11:12.345678901Z", "2024-02-03T10:11:12.345678", "2024-02-03T10:11:12.345678"),
        ("2024-02-03T10:11:12.500+02:00", "2024-02-03T08:11:12.500", "2024-02-03T08:11:12.500"),
        ("1700000000123", "2023-11-14T22:13:20.123", "2023-11-14T22:13:20.123"),
    ],
)
def test_date_math_means_what_elasticsearch_documents(text, down, up):
    assert parse_date_math(text, NOW) == datetime.fromisoformat(down).replace(tzinfo=UTC)
    assert parse_date_math(text, NOW, round_up=True) == datetime.fromisoformat(up).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "now-", "now-9", "now-9x", "nowish", "now/", "2026-13-01", "2026-02-30", "2026-11-20 || /d",
     "now-999999999y", "now+999999999d", "9999||+1y", "2026-11-20T10:00:00+99:00", "99999999999999999",
     "now" + "-1d" * 90],
)  # fmt: skip
def test_what_is_no_date_is_refused_in_words(text):
    with pytest.raises(TimeExpressionError) as refused:
        parse_date_math(text, NOW)
    assert str(refused.value).startswith('"')
