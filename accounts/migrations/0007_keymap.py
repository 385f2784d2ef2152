from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_lists_scope'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='keymap',
            field=models.JSONField(db_default={}, default=dict),
        ),
    ]
