"""What letters of before have kept, and for how many events a line stands."""

from django.db import migrations

KEPT = "UPDATE events_deadletter SET kept_bytes = octet_length(body) WHERE octet_length(body) > 0"
COUNTED = r"""
UPDATE events_deadletter SET events = replace(substring(detail FROM '^([0-9,]{1,9}) more events'), ',', '')::integer
WHERE body_bytes = 0 AND detail ~ '^[0-9,]{1,9} more events'
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0003_arrivals_and_replay")]

    operations = [migrations.RunSQL([KEPT, COUNTED], migrations.RunSQL.noop)]
