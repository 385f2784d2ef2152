"""Rules and searches that join lists: they wait for a missing one, hold it while they ask, and see it as it is."""

from typing import Any

import pytest

from accounts.models import Change
from engine import Document
from engine.pipelines import pages_of
from engine.plan import Pipeline
from events.pipelines import prepare
from rules import ruleset
from rules import value_lists as lists
from rules.errors import ListInUse, ListRefused
from rules.models import Rule
from rules.pipelines import asked_of
from tests.rules.conftest import NOW, PERL, Load, rule_text

QUERY = (
    'FROM logs-* | WHERE event.category == "process" | ENRICH owners ON host.name WITH who = owner | WHERE who == "ana"'
)
ROWS = ["host:keyword,owner:keyword", "web-1,ana", "db-1,rosa"]


def table(lines: list[str] = ROWS) -> None:
    lists.create_list(list_id="owners", name="Owners", type="table", lines=lines, actor=None, now=NOW)


@pytest.fixture
def joining(load: Load) -> Rule:
    load(rule_text(type="esql", language="esql", query=QUERY), enable=True)
    return Rule.objects.get(pk=PERL)


def hosts(*names: str) -> list[Any]:
    """The hosts whose events the rule tells."""
    plan = ruleset.current().rules[PERL].plan
    assert isinstance(plan, Pipeline)
    asked = asked_of(plan)
    events = [Document.of({"event": {"category": "process"}, "host": {"name": name}}) for name in names]
    result = asked.query.run(pages_of(events, asked.query.fields), now=NOW, lineage=True)
    return [names[origins[0]] for origins in result.origins]


def test_a_rule_waits_for_its_table_and_is_evaluated_once_it_is_there(joining: Rule) -> None:
    assert (joining.evaluated, "“owners”" in joining.not_evaluated_because) == (False, True)
    assert PERL not in ruleset.current().rules
    table()
    joining.refresh_from_db()
    assert (joining.evaluated, joining.not_evaluated_because) == (True, "")
    assert Change.objects.filter(object_type="rule", verb="evaluate", object_id=PERL).exists()
    Rule.objects.filter(pk=PERL).update(enabled=True)
    ruleset.forget()
    assert hosts("web-1", "db-1", "web-2") == ["web-1"]


def test_a_rule_sees_the_table_as_it_is_now(load: Load) -> None:
    table()
    load(rule_text(type="esql", language="esql", query=QUERY), enable=True)
    assert hosts("web-1", "web-2") == ["web-1"]
    lists.append_values(list_id="owners", lines=[ROWS[0], "web-2,ana"], actor=None, now=NOW)
    assert hosts("web-1", "web-2") == ["web-1", "web-2"]


def test_a_table_that_a_rule_joins_is_not_removed_and_keeps_its_columns(load: Load) -> None:
    table()
    load(rule_text(type="esql", language="esql", query=QUERY), enable=True)
    assert [rule.pk for rule in lists.used_by("owners").rules] == [PERL]
    assert lists.usage()["owners"] == (0, 1)
    with pytest.raises(ListInUse, match="the rule"):
        lists.remove_list(list_id="owners", version=None, actor=None, now=NOW)
    with pytest.raises(ListRefused, match="columns"):
        lists.replace_values(list_id="owners", version=None, lines=["host,mail", "a,b"], actor=None, now=NOW)


def test_a_search_joins_what_is_there(db: None) -> None:
    lists.create_list(list_id="scanners", name="S", type="ip_range", lines=["10.0.0.0/8"], actor=None, now=NOW)
    prepared = prepare("FROM logs-* | LOOKUP JOIN scanners ON source.ip | WHERE in_list | KEEP source.ip", limit=10)
    events = [Document.of({"source": {"ip": ip}}) for ip in ("10.1.2.3", "192.0.2.1")]
    result = prepared.compiled.run(pages_of(events, prepared.compiled.fields), now=NOW)
    assert [str(row[0]) for row in result.rows] == ["10.1.2.3"]
