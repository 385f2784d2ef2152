"""Alerts that wait since before there were folds get one, and what was judged is found by rule, host and user.

Their events are not read again, so a line that was cut says too little to fold by: such alerts stay apart.
"""

from django.db import migrations, models

PORTION = 2_000
COUNTED = ("threshold", "group")


def fill(apps, schema_editor):
    """In portions by number, each a transaction of its own."""
    Alert = apps.get_model("alerts", "Alert")
    last = 0
    while True:
        waiting = Alert.objects.filter(pk__gt=last, fold=None).exclude(status="closed").exclude(kind="block")
        portion = list(waiting.order_by("pk")[:PORTION])
        if not portion:
            return
        for alert in portion:
            alert.fold = fold(alert)
        Alert.objects.bulk_update([alert for alert in portion if alert.fold], ["fold"], batch_size=500)
        last = portion[-1].pk


def fold(alert):
    """What the columns alone say; None where a line was cut."""
    from alerts.folds import digest, group_of

    if alert.kind not in COUNTED and "…" in alert.evidence:
        return None
    said = group_of(alert.facts) if alert.kind in COUNTED else [alert.evidence]
    names = (alert.host_name, alert.user_name, alert.process_hash)
    return digest(alert.team_id, alert.rule_id, alert.kind, alert.name, alert.severity, *names, "columns", *said)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("alerts", "0010_snoozing")]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(
                models.F("rule"), models.F("host_name"), models.F("id").desc(), models.F("team"), models.F("reason"),
                name="alert_judged_on_host",
                condition=models.Q(status="closed", closed_by_exception=None) & ~models.Q(kind="block"),
            ),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(
                models.F("rule"), models.F("user_name"), models.F("id").desc(), models.F("team"), models.F("reason"),
                name="alert_judged_by_user",
                condition=models.Q(status="closed", closed_by_exception=None, host_name=None) & ~models.Q(kind="block"),
            ),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(
                models.F("rule"), models.F("id").desc(), models.F("team"), models.F("reason"),
                name="alert_judged_of_rule",
                condition=models.Q(status="closed", closed_by_exception=None) & ~models.Q(kind="block"),
            ),
        ),
    ]
