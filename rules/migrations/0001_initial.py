import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='RuleRevision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('definition', models.JSONField()),
                ('source_text', models.TextField()),
                ('tree', models.JSONField(null=True)),
                ('compiler_version', models.PositiveIntegerField()),
                ('logic_hash', models.BinaryField(max_length=16)),
                ('note', models.CharField(blank=True, max_length=255)),
                ('created_at', models.DateTimeField()),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Epoch',
            fields=[
                ('id', models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('number', models.BigIntegerField(default=1)),
            ],
        ),
        migrations.CreateModel(
            name='Rule',
            fields=[
                ('id', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=255)),
                ('type', models.CharField(max_length=24)),
                ('severity', models.CharField(max_length=8)),
                ('risk_score', models.PositiveSmallIntegerField()),
                ('tags', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None)),
                ('techniques', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None)),
                ('enabled', models.BooleanField(default=False)),
                ('enabled_at', models.DateTimeField(null=True)),
                ('evaluated', models.BooleanField(default=True)),
                ('not_evaluated_because', models.CharField(blank=True, max_length=255)),
                ('quarantined_at', models.DateTimeField(null=True)),
                ('quarantine_reason', models.TextField(blank=True)),
                ('source', models.CharField(max_length=255)),
                ('created_at', models.DateTimeField()),
                ('updated_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='SeenTerm',
            fields=[
                ('pk', models.CompositePrimaryKey('logic_hash', 'team_id', 'terms_hash', 'day', blank=True, editable=False, primary_key=True, serialize=False)),
                ('logic_hash', models.BinaryField(max_length=16)),
                ('team_id', models.BigIntegerField()),
                ('terms_hash', models.BinaryField(max_length=16)),
                ('day', models.DateField()),
                ('first_at', models.DateTimeField()),
                ('last_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'seen_term',
            },
        ),
        migrations.CreateModel(
            name='CompiledTree',
            fields=[
                ('revision', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='compiled', serialize=False, to='rules.rulerevision')),
                ('compiler_version', models.PositiveIntegerField()),
                ('tree', models.JSONField()),
            ],
        ),
        migrations.CreateModel(
            name='ExceptionItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=255)),
                ('entries', models.JSONField()),
                ('reason', models.TextField()),
                ('from_alert', models.BigIntegerField(null=True)),
                ('enabled', models.BooleanField(default=True)),
                ('expires_at', models.DateTimeField(null=True)),
                ('expired', models.BooleanField(default=False)),
                ('review_at', models.DateTimeField(null=True)),
                ('removed_at', models.DateTimeField(null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('created_at', models.DateTimeField()),
                ('updated_at', models.DateTimeField()),
                ('owner', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddField(
            model_name='rulerevision',
            name='rule',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='revisions', to='rules.rule'),
        ),
        migrations.AddField(
            model_name='rule',
            name='revision',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='rules.rulerevision'),
        ),
        migrations.AddField(
            model_name='rule',
            name='team',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.team'),
        ),
        migrations.CreateModel(
            name='Lookback',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('start', models.DateTimeField()),
                ('end', models.DateTimeField()),
                ('after_epoch', models.BigIntegerField()),
                ('lease_by', models.UUIDField(null=True)),
                ('lease_until', models.DateTimeField(null=True)),
                ('attempts', models.SmallIntegerField(default=0)),
                ('created_at', models.DateTimeField()),
                ('done_at', models.DateTimeField(null=True)),
                ('error', models.TextField(blank=True)),
                ('revision', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='rules.rulerevision')),
                ('rule', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lookbacks', to='rules.rule')),
            ],
        ),
        migrations.CreateModel(
            name='HeldBack',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('team_id', models.BigIntegerField()),
                ('day', models.DateField()),
                ('index', models.TextField()),
                ('uid', models.BinaryField(max_length=16)),
                ('time', models.DateTimeField()),
                ('at', models.DateTimeField()),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='held_back', to='rules.exceptionitem')),
                ('rule', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='rules.rule')),
            ],
        ),
        migrations.AddField(
            model_name='exceptionitem',
            name='rule',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='exceptions', to='rules.rule'),
        ),
        migrations.CreateModel(
            name='RuleRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('batch', 'new events'), ('lookback', 'look-back'), ('release', 'exception taken back')], max_length=8)),
                ('at', models.DateTimeField()),
                ('start', models.DateTimeField()),
                ('end', models.DateTimeField()),
                ('events', models.IntegerField()),
                ('hits', models.IntegerField()),
                ('alerts', models.IntegerField()),
                ('excepted', models.IntegerField(default=0)),
                ('over_cap', models.IntegerField(default=0)),
                ('milliseconds', models.IntegerField(default=0)),
                ('revision', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='rules.rulerevision')),
                ('rule', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='runs', to='rules.rule')),
            ],
        ),
        migrations.AddConstraint(
            model_name='rulerevision',
            constraint=models.UniqueConstraint(fields=('rule', 'number'), name='revision_number_once'),
        ),
        migrations.AddIndex(
            model_name='rule',
            index=models.Index(fields=['name'], name='rule_by_name'),
        ),
        migrations.AddIndex(
            model_name='lookback',
            index=models.Index(condition=models.Q(('done_at__isnull', True)), fields=['id'], name='lookback_pending'),
        ),
        migrations.AddConstraint(
            model_name='heldback',
            constraint=models.UniqueConstraint(fields=('item', 'team_id', 'day', 'index', 'uid'), name='held_back_once'),
        ),
        migrations.AddIndex(
            model_name='exceptionitem',
            index=models.Index(fields=['rule', '-id'], name='exception_of_rule'),
        ),
        migrations.AddIndex(
            model_name='exceptionitem',
            index=models.Index(condition=models.Q(('expired', False), ('expires_at__isnull', False), ('removed_at__isnull', True)), fields=['expires_at'], name='exception_due'),
        ),
        migrations.AddIndex(
            model_name='rulerun',
            index=models.Index(fields=['rule', '-at'], name='run_newest'),
        ),
    ]
