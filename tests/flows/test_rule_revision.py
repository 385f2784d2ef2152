"""Loading a changed rule file makes a revision that changes what the pages say and what is raised."""

import re

import pytest

from soc.local.folders import CHECKOUT

PERL = "Interactive Terminal Spawned via Perl"
FILE = CHECKOUT / "rules" / "pack" / "linux_interactive_terminal_perl.toml"

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
    rule = agent.ask("SELECT id FROM rules_rule WHERE name = %s", PERL)[0][0]
    page = re.sub(r"<[^>]*>", " ", visitor.open(f"/rules/{rule}/"))
    return " ".join(page.split()).replace(" ,", ",")


def test_the_pages_say_the_schedule_of_the_current_revision(system, agent, visitor, tmp_path):
    assert "every 5 m, looks back 9 m, at most 100 alerts" in _schedule(agent, visitor)
    _load(system, tmp_path, interval='"10m"', **{"from": '"now-30m"'}, max_signals="2")
    assert "every 10 m, looks back 30 m, at most 2 alerts" in _schedule(agent, visitor)


def test_no_more_than_the_maximum_is_raised_and_the_page_says_so(agent, visitor):
    for seed in range(4):
        agent.tell("perl terminal after a web shell", seed=seed)
    raised = agent.alerts_of(PERL)
    assert len(raised) in (2, 4), "two for each ten minutes"
    over = agent.ask(
        "SELECT sum(c.over) FROM alerts_signalcount c JOIN rules_rule r ON r.id = c.rule_id WHERE r.name = %s", PERL
    )
    assert over == [(4 - len(raised),)]


def test_a_raised_maximum_raises_more(system, agent, tmp_path):
    _load(system, tmp_path, max_signals="100")
    before = len(agent.alerts_of(PERL))
    agent.tell("perl terminal after a web shell", seed=9)
    agent.tell("perl terminal after a web shell", seed=10)
    assert len(agent.alerts_of(PERL)) >= before + 2
