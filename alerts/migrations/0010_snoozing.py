from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('alerts', '0009_exception_checks'),
    ]

    operations = [
        migrations.AddField(
            model_name='alert',
            name='snooze_recurs',
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='alert',
            name='snoozed_after',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddIndex(
            model_name='alert',
            index=models.Index(condition=models.Q(('snooze_recurs__isnull', False)), fields=['snoozed_until'], name='alert_until_recurs'),
        ),
    ]
