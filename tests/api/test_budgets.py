"""How many queries each list and page of the API may cost, the same with more rows: an N+1 shows as a changed number.

Measure anew: QUERY_BUDGETS=write pytest tests/api/test_budgets.py
"""

import os
import tomllib
from pathlib import Path

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.api.operations import operations
from tests.api.requests import query_of
from tests.api.test_access import OF_ALL_TEAMS
from tests.api.world import Site

FILE = Path(__file__).with_name("query_budgets.toml")
HEAD = """# How many queries each reading operation of the API may cost; a changed number shows in review.
# Measure anew: QUERY_BUDGETS=write pytest tests/api/test_budgets.py
"""


def _costs(site: Site) -> dict[str, int]:
    costs = {}
    for operation in operations():
        if operation.method == "GET":
            path = operation.address(site.named) + query_of(operation.name, site)
            who = "mona" if operation.name in OF_ALL_TEAMS else "adam"
            site.call(who, "GET", path)  # what a process remembers is remembered
            with CaptureQueriesContext(
                connection,
            ) as captured:
                assert site.call(who, "GET", path).status_code in (200, 404), operation.name
            costs[operation.name] = len(captured)
    return costs


def test_reading_costs_what_it_may(site):
    costs = _costs(site)
    if os.environ.get("QUERY_BUDGETS") == "write":
        FILE.write_text(HEAD + "".join(f"{name} = {cost}\n" for name, cost in costs.items()), encoding="utf-8")
    allowed = tomllib.loads(FILE.read_text(encoding="utf-8"))
    assert set(costs) == set(allowed), "an operation without a budget, or a budget without one"
    dearer = {name: (cost, allowed[name]) for name, cost in costs.items() if cost > allowed[name]}
    assert not dearer


def test_lists_cost_no_more_with_more_rows(site):
    before = _costs(site)
    world = site.world
    world.send([world.perl(number) for number in range(10, 30)])
    for number in range(8):
        site.call("rosa", "POST", "keys", {"name": f"k{number}", "team": site.team.pk, "scopes": ["events:write"]})
        site.call("rosa", "POST", "cases", {"team": site.team.pk, "title": f"Case {number}", "owner": None})
        site.call("rosa", "POST", f"cases/{site.named['case_id']}/tasks", {"text": f"Task {number}"})
        site.call("ana", "POST", f"cases/{site.named['case_id']}/entries", {"text": f"Entry {number}"})
        entries = [{"field": "host.name", "type": "match", "operator": "included", "value": f"h{number}"}]
        body = {"entries": entries, "reason": "Safe.", "expires_at": None}
        site.call("rosa", "POST", f"alerts/{site.named['alert_id']}/exceptions", body)
    after = _costs(site)
    lists = [operation.name for operation in operations() if operation.method == "GET" and not operation.names_object]
    more = {name: (before[name], after[name]) for name in [*lists, "case_get"] if after[name] > before[name] + 1}
    assert not more
