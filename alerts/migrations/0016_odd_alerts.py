"""An index of the few alerts of which columns do not say all, so that a search knows at once whether there are any."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alerts", "0015_folds_anew")]

    operations = [
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(fields=["team", "event_time"], name="alert_odd", condition=models.Q(odd=True)),
        ),
    ]
