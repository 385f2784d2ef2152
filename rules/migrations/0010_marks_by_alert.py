"""What an alert of a group has counted, a row each and by the rule's logic. Old marks go: they knew only an end."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("rules", "0009_runs_by_time")]

    operations = [
        migrations.DeleteModel(name="GroupMark"),
        migrations.CreateModel(
            name="GroupMark",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "rule_id",
                        "logic_hash",
                        "team_id",
                        "group_hash",
                        "first_at",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("rule_id", models.CharField(max_length=64)),
                ("logic_hash", models.BinaryField(max_length=16)),
                ("team_id", models.BigIntegerField()),
                ("group_hash", models.BinaryField(max_length=16)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("alerted_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["rule_id", "alerted_at"], name="mark_rested"),
                    models.Index(fields=["alerted_at"], name="mark_oldest"),
                ]
            },
        ),
    ]
