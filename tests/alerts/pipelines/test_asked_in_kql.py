"""KQL over alerts of rows: their columns are fields of the event, and say nothing of the alert itself."""

import pytest

from alerts.selectors import QueueFilters, queue
from tests.alerts.pipelines.world import NOW, curl, load
from tests.alerts.world import post, work

pytestmark = pytest.mark.django_db
PRETENDING = """
FROM logs-endpoint.events.* METADATA _id
| WHERE process.name == "curl"
| EVAL kibana.alert.severity = "critical", Esql.who = TO_UPPER(user.name)
| KEEP _id, host.name, user.name, kibana.alert.severity, Esql.who
"""


def test_a_row_that_pretends_to_a_severity_is_not_found_by_it(tmp_path, cast):
    load(tmp_path, PRETENDING)
    post([curl(0)], now=NOW)
    work(NOW)

    def number(kql):
        return queue(user=cast.ana, filters=QueueFilters(kql=kql), now=NOW).total.number

    for more in ("", " and Esql.who: IVAN"):  # by columns, and by documents
        assert number(f"kibana.alert.severity: high{more}") == 1
        assert number(f"kibana.alert.severity: critical{more}") == 0
