"""What the benches say of themselves: tables from lines, loads whose values are new, and which process used what."""

import re
import subprocess
import sys

from bench import processes, tables, throughput

LINE = {"run": "2", "what": "memory", "values": 1_000_000, "mib": 91.5, "cpu_microseconds": 20.0, "at": "2026-11-20",
        "cores": 2, "memory_gib": 24, "python": "3.11", "load_1m": 0.1, "commit": "abc", "how": "made"}  # fmt: skip


def test_the_page_has_a_table_of_the_newest_run():
    told = tables.document([LINE | {"run": "1", "mib": 70.0}, LINE], [], [])
    assert "| 1,000,000 | 91.5 | 20.0 |" in told
    assert "70" not in told
    assert "## Speed" not in told


def test_the_page_tells_the_machine_apart_from_what_was_used_of_it():
    used = {"cores_used": {"worker": 0.9, "web": 0.5, "cron": 0}, "acknowledged_per_second": 5_000}
    told = tables.document([], [LINE | used], [LINE | used])
    assert "Cores used: worker 0.9, web 0.5. made. Taken 2026-11-20 on 2 cores" in told


def test_a_load_is_new_each_time_it_is_sent():
    (template,) = throughput.templates(1, 50)
    first, second = throughput.filled(template, 1), throughput.filled(template, 2)
    assert b"~~~~" not in first
    ids = [set(re.findall(rb'"_id":"([^"]+)"', body)) for body in (first, second)]
    assert len(ids[0]) == len(ids[1]) == 50
    assert not ids[0] & ids[1]


def test_processor_time_is_told_by_service():
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as child:
        found = processes.snapshot()
        child.terminate()
    assert found.seconds["client"] > 0
    assert "other" in found.seconds
    later = processes.snapshot().since(found, 1.0)
    assert later["client"] >= 0
