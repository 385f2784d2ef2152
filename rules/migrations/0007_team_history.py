"""How far back events go is a team's own, and the same for all of its new-terms rules."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("rules", "0006_imported_exceptions")]

    operations = [
        migrations.DeleteModel("Learning"),
        migrations.CreateModel(
            name="TeamHistory",
            fields=[
                ("team_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("since", models.DateTimeField()),
                ("oldest_at", models.DateTimeField()),
            ],
        ),
    ]
