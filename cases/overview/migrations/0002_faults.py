"""An index of the false positives that say where their fault lay: few among many closings, and none of the indexes that
tell of those has the fault. Without it the overview would walk through the rows of all that was closed in thirty days,
and a rule's page through those of all the rule's false positives.

It is made while alerts are worked on; where making it was broken off, the migration may be run again.
"""

from django.db import migrations

DROP = "DROP INDEX CONCURRENTLY IF EXISTS alert_faults"
CREATE = (
    "CREATE INDEX CONCURRENTLY alert_faults ON alerts_alert (rule_id, closed_at) "
    "INCLUDE (created_at, team_id, id, building_block, kind, fault) WHERE fault <> ''"
)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("overview", "0001_indexes"), ("alerts", "0022_false_positive_fault")]

    operations = [
        migrations.RunSQL(DROP, migrations.RunSQL.noop),
        migrations.RunSQL(CREATE, DROP),
    ]
