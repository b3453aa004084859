"""What is known of the pager's own health: audits, drills, and which engines may work."""

from django.db import migrations, models


def seed(apps, schema_editor):
    apps.get_model("troubles", "Epoch").objects.get_or_create(pk=1)
    modules = apps.get_model("troubles", "EngineModule").objects
    for name in ("auditor", "engine", "sender"):
        modules.get_or_create(name=name, defaults={"version": 1})


class Migration(migrations.Migration):

    dependencies = [
        ('troubles', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='EngineModule',
            fields=[
                ('name', models.CharField(max_length=20, primary_key=True, serialize=False)),
                ('version', models.PositiveIntegerField(default=1)),
            ],
        ),
        migrations.CreateModel(
            name='Audit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('duration_ms', models.PositiveIntegerField()),
                ('asked', models.PositiveSmallIntegerField(help_text='How many invariants were asked about.')),
                ('broken', models.JSONField(default=list)),
            ],
            options={
                'ordering': ['-at', '-id'],
                'indexes': [models.Index(fields=['-at'], name='audit_newest')],
            },
        ),
        migrations.CreateModel(
            name='Drill',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('modem', 'telephone that answers by itself'), ('people', 'with people')], max_length=6)),
                ('started_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField()),
                ('text_s', models.FloatField(blank=True, null=True)),
                ('call_s', models.FloatField(blank=True, null=True)),
                ('passed', models.BooleanField()),
                ('words', models.CharField(blank=True, max_length=300)),
            ],
            options={
                'ordering': ['-started_at'],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['modem', 'people'])), name='drill_kind_known'), models.CheckConstraint(condition=models.Q(('ended_at__gte', models.F('started_at'))), name='drill_ends_after_start')],
            },
        ),
        migrations.CreateModel(
            name='Epoch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(default=1)),
                ('site', models.CharField(blank=True, max_length=40)),
                ('promoted_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='one_epoch')],
            },
        ),
        migrations.RunPython(seed, migrations.RunPython.noop),
    ]
