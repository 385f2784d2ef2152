"""Where the fault of a false positive lay. Those that were closed before say nothing of it, and no row is rewritten:
the default of all of them stands in the catalogue, so the table is locked for a moment only, however long it is.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alerts", "0021_drafts_of_changes")]

    operations = [
        migrations.AddField(
            model_name="alert",
            name="fault",
            field=models.CharField(
                blank=True,
                choices=[("rule_logic", "Rule logic"), ("data_wrong", "Data wrong")],
                db_default="",
                default="",
                max_length=10,
            ),
        ),
    ]
