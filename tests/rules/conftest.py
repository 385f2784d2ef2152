"""People, and rule files of our own making."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from accounts.models import Team, User
from accounts.roles import Role
from accounts.selectors import default_team
from rules import ruleset
from rules.loading import LoadReport, load_rules
from rules.models import Rule

NOW = datetime(2026, 11, 20, 14, 6, tzinfo=UTC)
PERL = "11111111-0000-4000-8000-000000000001"

RULE = """
[metadata]
creation_date = "2026/11/01"

[rule]
rule_id = "{rule_id}"
name = "{name}"
description = "Fires when Perl opens a shell."
type = "{type}"
language = "{language}"
index = ["logs-endpoint.events.*"]
query = '''
{query}
'''
severity = "{severity}"
risk_score = 73
interval = "{interval}"
from = "{from_}"
max_signals = {max_signals}
author = ["Watchbill"]
license = "Apache-2.0"
references = ["https://example.org/perl"]
tags = ["Domain: Endpoint", "OS: Linux"]
{extra}
note = '''
{note}
'''

[[rule.threat]]
framework = "MITRE ATT&CK"
[rule.threat.tactic]
id = "TA0002"
name = "Execution"
reference = "https://attack.mitre.org/tactics/TA0002/"
[[rule.threat.technique]]
id = "T1059"
name = "Command and Scripting Interpreter"
reference = "https://attack.mitre.org/techniques/T1059/"
{tail}
"""
NOTE = """## Triage and analysis

### Investigating Perl

Somebody has a shell.

#### Possible investigation steps

- Read the command line.
- See who the parent is.

### False positive analysis

- A build script.

### Response and remediation

- Isolate the host.
"""


def rule_text(**values: object) -> str:
    """A rule file; what is not given is as in the schedule of most rules."""
    usual = {
        "rule_id": PERL,
        "name": "Interactive Terminal Spawned via Perl",
        "type": "query",
        "language": "kuery",
        "query": "process.name:perl and process.args:*sh*",
        "severity": "high",
        "interval": "5m",
        "from_": "now-9m",
        "max_signals": 100,
        "extra": "",
        "note": NOTE,
        "tail": "",
    }
    return RULE.format(**(usual | values))


Load = Callable[..., LoadReport]


@pytest.fixture(autouse=True)
def _no_rule_set_of_another_test() -> Iterator[None]:
    ruleset.forget()
    yield
    ruleset.forget()


@pytest.fixture
def load(db: None, tmp_path: Path) -> Load:
    """Write rule files and load them."""

    def load_texts(*texts: str, source: str = "test", enable: bool = True, now: datetime = NOW) -> LoadReport:
        for number, text in enumerate(texts):
            (tmp_path / f"rule{number}.toml").write_text(text, encoding="utf-8")
        return load_rules(paths=[tmp_path], source=source, actor=None, now=now, enable=enable)

    return load_texts


@pytest.fixture
def rule(load: Load) -> Rule:
    """The Perl rule, loaded and on."""
    load(rule_text())
    return Rule.objects.select_related("revision").get(pk=PERL)


def person(name: str, role: Role, *teams: Team) -> User:
    """Somebody with a role in teams."""
    user = User.objects.create_user(username=name.lower(), first_name=name, role=role)
    user.teams.set(teams)
    return user


@pytest.fixture
def ana(db: None) -> User:
    """An analyst."""
    return person("Ana", Role.ANALYST, default_team())


@pytest.fixture
def rosa(db: None) -> User:
    """A detection engineer."""
    return person("Rosa", Role.ENGINEER, default_team())


@pytest.fixture
def otto(db: None) -> User:
    """An analyst of another team."""
    return person("Otto", Role.ANALYST, Team.objects.create(name="Other", slug="other"))
