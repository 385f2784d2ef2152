from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_record_filters'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='alt_shortcuts',
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
