from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("rules", "0002_immutable")]

    operations = [migrations.AddField("lookback", "learnt_until", models.DateTimeField(null=True))]
