"""Checks before observing, the sixteen of docs/domain.md 3.2 as rows; results, waivers, deployments."""

import datetime
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models

from oncall.append_only import append_only

FIRST = datetime.date(2020, 1, 1)
CHECKS = [  # name, title, how, limit
    ("next-visit", "Synthetic nextVisit", "Send a synthetic nextVisit through the fan-out, and see it arrive.", "at most 5 s"),
    ("redis-group", "Redis group", "Ask for the consumer group of the camera.", "exists, lag 0"),
    ("keda-scaling", "KEDA scaling", "Let KEDA scale the pods from none to what a visit needs.", "0 to N in at most 20 s"),
    ("raws-upload", "Test raws upload", "Upload test raws as upload.py does, and wait for the notification.", "notification in at most 10 s"),
    ("presence", "Presence service", "Ask the presence service for a test exposure.", "it answers"),
    ("butler-read", "Butler read replica", "Query the read replica of the Butler, and read its replication lag.", "query at most 2 s, lag under 1 s"),
    ("templates-calibs", "Templates and calibrations", "Read the templates and calibrations of tonight's first field.", "readable"),
    ("apdb", "APDB", "Write to and read from the test keyspace of the APDB.", "reads and writes, all nodes UN"),
    ("pipeline", "ISR to ApPipe", "Run ISR to ApPipe on two detectors, into the test topic.", "an alert in the test topic in at most 60 s"),
    ("sattle", "Sattle", "Ask both hosts of Sattle.", "200 from both"),
    ("broker", "Alert broker topic", "Produce to and consume from the topic, and read the disks of the brokers.", "both work, disk under 85 %"),
    ("butler-writer", "Butler Writer", "Read the lag of the Butler Writer after the test.", "it drains"),
    ("long-haul", "Long-haul network", "Send a round trip over the long-haul network, and look at socat.", "both answer"),
    ("sasquatch", "Sasquatch metric", "Send a test metric.", "it arrives in Sasquatch"),
    ("release", "Deployed release", "Compare the deployed tags with the approved release, and read what changed since the last green night.", "tags are equal, changes are listed"),
    ("test-page", "Test page and summit display", "Send a test page to tonight's triage, and look at the heartbeat of the summit display.", "acknowledged, heartbeat fresh"),
]


def add(apps, schema_editor):
    check = apps.get_model("readiness", "Check")
    check.objects.bulk_create(
        check(number=number, name=name, title=title, how=how, limit=limit, used_from=FIRST)
        for number, (name, title, how, limit) in enumerate(CHECKS, start=1)
    )


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('people', '0009_midnight'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Check',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveSmallIntegerField(unique=True)),
                ('name', models.SlugField(max_length=40, unique=True)),
                ('title', models.CharField(max_length=120)),
                ('how', models.TextField(blank=True, max_length=2000)),
                ('limit', models.CharField(blank=True, max_length=200)),
                ('used_from', models.DateField()),
                ('used_until', models.DateField(blank=True, null=True)),
                ('owner_team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='readiness_checks', to='people.team')),
            ],
            options={
                'ordering': ['number'],
                'constraints': [models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='check_counts_from_1'), models.CheckConstraint(condition=models.Q(('title', ''), _negated=True), name='check_has_a_title'), models.CheckConstraint(condition=models.Q(('used_until__isnull', True), ('used_from__lte', models.F('used_until')), _connector='OR'), name='check_used_from_before_until')],
            },
        ),
        migrations.CreateModel(
            name='CheckChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('text', models.TextField(max_length=8000)),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('of', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='readiness.check')),
            ],
            options={
                'ordering': ['-at', '-id'],
                'indexes': [models.Index(fields=['at'], name='check_change_by_time')],
            },
        ),
        migrations.CreateModel(
            name='Deployment',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('service', models.CharField(max_length=120)),
                ('version', models.CharField(max_length=120)),
                ('at', models.DateTimeField()),
                ('who', models.CharField(max_length=120)),
                ('link', models.CharField(blank=True, max_length=1000)),
                ('received_at', models.DateTimeField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-at', '-received_at', 'service'],
                'indexes': [models.Index(fields=['-at'], name='deployment_by_time'), models.Index(fields=['service', '-at'], name='deployment_of_service')],
                'constraints': [models.UniqueConstraint(fields=('service', 'version', 'at'), name='one_deployment_each'), models.CheckConstraint(condition=models.Q(models.Q(('service', ''), _negated=True), models.Q(('version', ''), _negated=True), ('at__gte', datetime.datetime(1990, 1, 1, 0, 0, tzinfo=datetime.timezone.utc))), name='deployment_names_both')],
            },
        ),
        migrations.CreateModel(
            name='Night',
            fields=[
                ('day_obs', models.DateField(primary_key=True, serialize=False)),
                ('morning_due', models.DateTimeField()),
                ('rerun_from', models.DateTimeField()),
                ('evening_due', models.DateTimeField()),
                ('urgent_at', models.DateTimeField()),
                ('sunset', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('close_of_work', models.DateTimeField()),
                ('terms', models.CharField(max_length=200)),
                ('verdict', models.CharField(default='unknown', max_length=7)),
                ('called', models.JSONField(default=list)),
                ('looked_at', models.DateTimeField(blank=True, null=True)),
                ('next_due', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['-day_obs'],
                'indexes': [models.Index(condition=models.Q(('next_due__isnull', False)), fields=['next_due'], name='night_to_look_at')],
                'constraints': [models.CheckConstraint(condition=models.Q(('verdict__in', ['fail', 'pass', 'pending', 'unknown', 'waived'])), name='readiness_verdict_known'), models.CheckConstraint(condition=models.Q(('morning_due__lte', models.F('rerun_from')), ('rerun_from__lte', models.F('evening_due')), ('sunset__lt', models.F('ends_at'))), name='readiness_runs_in_order')],
            },
        ),
        migrations.CreateModel(
            name='Result',
            fields=[
                ('nth', models.BigAutoField(primary_key=True, serialize=False)),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('day_obs', models.DateField()),
                ('result', models.CharField(choices=[('pass', 'pass'), ('fail', 'fail')], max_length=4)),
                ('version', models.CharField(blank=True, max_length=120)),
                ('link', models.CharField(blank=True, max_length=1000)),
                ('detail', models.TextField(blank=True, max_length=4000)),
                ('at', models.DateTimeField()),
                ('by_hand', models.BooleanField(default=False)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('of', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='results', to='readiness.check')),
            ],
            options={
                'ordering': ['-nth'],
                'indexes': [models.Index(fields=['day_obs', 'of', '-nth'], name='result_of_night')],
                'constraints': [models.CheckConstraint(condition=models.Q(('result__in', ['pass', 'fail'])), name='result_known')],
            },
        ),
        migrations.CreateModel(
            name='Waiver',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('why', models.CharField(max_length=500)),
                ('starts_at', models.DateTimeField()),
                ('until', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('ended_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('of', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='waivers', to='readiness.check')),
            ],
            options={
                'ordering': ['until', 'id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('why', ''), _negated=True), name='readiness_waiver_says_why'), models.CheckConstraint(condition=models.Q(('until__gt', models.F('starts_at')), ('until__lt', datetime.datetime(2100, 1, 1, 0, 0, tzinfo=datetime.timezone.utc))), name='readiness_waiver_ends'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('ended_by__isnull', True)), models.Q(('ended_at__isnull', False), ('ended_by__isnull', False)), _connector='OR'), name='readiness_waiver_taken_back_by')],
            },
        ),
        append_only("readiness_result", "readiness_checkchange", "readiness_deployment"),
        migrations.RunPython(add, migrations.RunPython.noop),
    ]
