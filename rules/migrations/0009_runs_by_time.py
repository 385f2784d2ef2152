"""An index by which retention finds old runs: they are appended in time, so a few blocks of it cover each day."""

import django.contrib.postgres.indexes
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("rules", "0008_candidates_arrived")]

    operations = [
        migrations.AddIndex(
            model_name="rulerun",
            index=django.contrib.postgres.indexes.BrinIndex(fields=["at"], name="run_oldest"),
        ),
    ]
