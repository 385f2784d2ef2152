"""No alert that was folded before stays so: those folds looked at programs and paths alone and could hide a deed.

Their events are not read again: each waits by itself, which costs rows and hides nothing.
"""

from django.db import migrations

PORTION = 10_000


def unfold(apps, schema_editor):
    """In portions by number, each a transaction of its own; closed ones too, since they can be opened again."""
    Alert = apps.get_model("alerts", "Alert")
    folded, last = Alert.objects.filter(fold__isnull=False), 0
    while True:
        numbers = list(folded.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:PORTION])
        if not numbers:
            return
        last = numbers[-1]
        folded.filter(pk__in=numbers).update(fold=None)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("alerts", "0014_release_due")]

    operations = [migrations.RunPython(unfold, migrations.RunPython.noop)]
