"""Loading a changed rule file makes a revision that changes what the pages say and what is raised."""

import re
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from soc.local.folders import CHECKOUT

PERL = "Interactive Terminal Spawned via Perl"
FILE = CHECKOUT / "rules" / "pack" / "linux_interactive_terminal_perl.toml"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LOOKED_BACK = "NOT EXISTS (SELECT FROM rules_lookback WHERE done_at IS NULL)"

pytestmark = pytest.mark.flow


def _load(system, folder, **changes: str) -> None:
    lines = FILE.read_text().splitlines()
    for key, value in changes.items():
        lines = [line for line in lines if not line.startswith(f"{key} =")]
        lines.insert(lines.index("[rule]") + 1, f"{key} = {value}")
    changed = folder / FILE.name
    changed.write_text("\n".join(lines) + "\n")
    system.manage("load_rules", str(changed))


def _schedule(agent, visitor):
    page = re.sub(r"<[^>]*>", " ", visitor.open(f"/rules/{_rule_id(agent)}/"))
    return " ".join(page.split()).replace(" ,", ",")


def _rule_id(agent) -> str:
    return str(agent.ask("SELECT id FROM rules_rule WHERE name = %s", PERL)[0][0])


def _fire(agent, seed: int, **told) -> datetime:
    """Post a story that the rule matches once, and wait until it was judged; returns when it arrived."""
    agent.tell("perl terminal after a web shell", seed=seed, **told)
    [(arrived,)] = agent.ask("SELECT ingested_at FROM events_batch ORDER BY id DESC LIMIT 1")
    assert isinstance(arrived, datetime)
    return arrived


def _expected(fired: list[datetime], *, length: timedelta, maximum: int) -> dict[datetime, tuple[int, int]]:
    """By start of an interval, counted from 1970: what may be raised of the events that arrived in it, and the rest."""
    arrived = Counter(at - (at - EPOCH) % length for at in fired)
    return {start: (min(count, maximum), max(count - maximum, 0)) for start, count in arrived.items()}


def _counted(agent) -> dict[datetime, tuple[int, int]]:
    """What the system raised and held back, by interval."""
    rows = agent.ask("SELECT bucket, raised, over FROM alerts_signalcount WHERE rule_id = %s", _rule_id(agent))
    return {bucket: (raised, over) for bucket, raised, over in rows}


def _wait(agent, until: str) -> None:
    """Wait until the database's clock says so."""
    give_up = time.monotonic() + 60
    while agent.ask(f"SELECT {until}") != [(True,)]:
        assert time.monotonic() < give_up, until
        time.sleep(0.1)


def _switch(agent, visitor, *, on: bool) -> None:
    """Press the switch on the rule's page, and wait until the look-back that this begins is judged."""
    page = visitor.open(f"/rules/{_rule_id(agent)}/")
    form = visitor.form(page, f"/rules/{_rule_id(agent)}/switch/")
    assert dict(form.values)["enabled"] == str(int(on)), "the page offers the other state"
    assert visitor.send(form).status_code == 200
    _wait(agent, LOOKED_BACK)


def test_the_pages_say_the_schedule_of_the_current_revision(system, agent, visitor, tmp_path):
    assert "every 5 m, looks back 9 m, at most 100 alerts" in _schedule(agent, visitor)
    _load(system, tmp_path, interval='"10m"', **{"from": '"now-30m"'}, max_signals="2")
    assert "every 10 m, looks back 30 m, at most 2 alerts" in _schedule(agent, visitor)


def test_no_more_than_the_maximum_is_raised_in_each_interval(agent):
    fired = [_fire(agent, seed) for seed in range(4)]
    assert _counted(agent) == _expected(fired, length=timedelta(minutes=10), maximum=2)
    assert len(agent.alerts_of(PERL)) == sum(raised for raised, _ in _counted(agent).values())


def test_a_raised_maximum_raises_more(system, agent, tmp_path):
    _load(system, tmp_path, max_signals="100")
    _wait(agent, LOOKED_BACK)
    before = agent.alerts_of(PERL)
    _fire(agent, 9)
    _fire(agent, 10)
    assert len(agent.alerts_of(PERL)) == len(before) + 2


def test_a_rule_switched_on_judges_what_arrived_within_its_look_back_only(system, agent, visitor, tmp_path):
    _load(system, tmp_path, **{"from": '"now-30m"'})
    _switch(agent, visitor, on=False)
    _switch(agent, visitor, on=True)  # raises what the maximum held back above, so that only the event below is left
    before = agent.alerts_of(PERL)
    _switch(agent, visitor, on=False)
    arrived = _fire(agent, 30, ago=timedelta(hours=2))  # its own time is older than either look-back; arrival counts
    assert agent.alerts_of(PERL) == before, "a rule that is off raises nothing"

    _load(system, tmp_path, **{"from": '"now-2s"'})
    _wait(agent, f"now() > '{arrived.isoformat()}'::timestamptz + interval '3 seconds'")
    _switch(agent, visitor, on=True)
    assert agent.alerts_of(PERL) == before, "it arrived before the look-back of two seconds"

    _load(system, tmp_path, **{"from": '"now-30m"'})
    _switch(agent, visitor, on=False)
    _switch(agent, visitor, on=True)
    [raised] = agent.alerts_of(PERL)[len(before) :]
    assert "looks back 30 m" in _schedule(agent, visitor)
    assert PERL in visitor.open(f"/alerts/{raised}/")
