"""The indexes that the overview alone reads, so that a figure over a quarter is one pass over a narrow index.

They stand here and not in the models of alerts and accounts because nobody else reads them: without the overview they
would only cost. The predicate of change_unusual is repeated word for word in cases/overview/states.py (UNUSUAL).
"""

from django.db import migrations

# Columns of a fixed width that are never empty come first: the others cost a walk through the row.
ALERTS = {
    "overview_waiting": "(created_at) INCLUDE (team_id, id, severity, assignee_id) "
    "WHERE closed_at IS NULL AND NOT building_block",
    "overview_created": "(created_at) INCLUDE (team_id, id, event_time, rule_id) WHERE NOT building_block",
    "overview_acted": "(acknowledged_at) INCLUDE (created_at, team_id, id) WHERE acknowledged_at IS NOT NULL "
    "AND (closed_by_exception_id IS NULL OR acknowledged_at <> closed_at) AND NOT building_block",
    "overview_closed": "(closed_at) INCLUDE (created_at, team_id, id, severity, reason, rule_id, closed_by_exception_id) "
    "WHERE closed_at IS NOT NULL AND NOT building_block",
}
UNUSUAL = (
    "object_type = 'alert' AND (verb = 'undid' OR before ->> 'status' = 'closed' "
    "OR before ->> 'team_id' IS DISTINCT FROM after ->> 'team_id')"
)


def _index(name, table, rest):
    return migrations.RunSQL(f"CREATE INDEX {name} ON {table} {rest}", f"DROP INDEX {name}")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_policies_notices_scopes"), ("alerts", "0003_first_targets")]

    operations = [
        *(_index(name, "alerts_alert", rest) for name, rest in ALERTS.items()),
        _index("change_unusual", "accounts_change", f"(at) INCLUDE (object_id) WHERE {UNUSUAL}"),
    ]
