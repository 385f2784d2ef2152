"""When the newest candidates of a block arrived: joining waits for what arrived before them."""

from django.db import migrations, models
from django.utils import timezone


class Migration(migrations.Migration):
    dependencies = [("rules", "0007_team_history")]

    operations = [
        migrations.AddField(
            "candidateblock", "arrived_at", models.DateTimeField(default=timezone.now), preserve_default=False
        ),
    ]
