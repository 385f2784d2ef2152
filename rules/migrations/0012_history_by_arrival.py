"""How many events of days before its history a team has sent."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("rules", "0011_settling_failures")]

    operations = [
        migrations.AddField(
            model_name="teamhistory", name="early", field=models.JSONField(db_default={}, default=dict)
        ),
    ]
