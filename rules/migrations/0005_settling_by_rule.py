"""Candidates are a rule's own, rules may wait for quiet, and new-terms rules know until when they learn."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("rules", "0004_stateful_rules")]

    operations = [
        migrations.DeleteModel("CandidateBlock"),
        migrations.CreateModel(
            name="CandidateBlock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rule_id", models.CharField(max_length=64)),
                ("logic_hash", models.BinaryField(max_length=16)),
                ("team_id", models.BigIntegerField()),
                ("part", models.CharField(max_length=9)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("count", models.IntegerField()),
                ("data", models.BinaryField()),
                ("settled", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["rule_id", "logic_hash", "team_id", "last_at"], name="candidate_window"),
                    models.Index(
                        condition=models.Q(("settled", False)), fields=["rule_id", "id"], name="candidate_new"
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            "ALTER TABLE rules_candidateblock ALTER COLUMN data SET STORAGE EXTERNAL", migrations.RunSQL.noop
        ),
        migrations.AddField("settling", "waiting_since", models.DateTimeField(null=True)),
        migrations.CreateModel(
            name="Learning",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "rule_id", "team_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("rule_id", models.CharField(max_length=64)),
                ("team_id", models.BigIntegerField()),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField()),
            ],
        ),
    ]
