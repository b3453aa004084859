import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('escalation', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('signals', '0002_rejection_is_cut'),
    ]

    operations = [
        migrations.CreateModel(
            name='Heartbeat',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=80, unique=True)),
                ('token_digest', models.CharField(max_length=64, unique=True)),
                ('severity', models.PositiveSmallIntegerField(default=3)),
                ('every_s', models.PositiveIntegerField(help_text='Seconds between two beats, at most.')),
                ('grace_s', models.PositiveIntegerField(help_text='Seconds that a beat may be late.')),
                ('watches_observing', models.BooleanField(default=False)),
                ('at_night_only', models.BooleanField(default=False)),
                ('is_enabled', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField()),
                ('heard_since', models.DateTimeField(blank=True, null=True)),
                ('last_beat_at', models.DateTimeField(blank=True, null=True)),
                ('due_at', models.DateTimeField(blank=True, null=True)),
                ('failing', models.BooleanField(default=False, help_text='Its last beat said that something failed.')),
                ('missing', models.BooleanField(default=False, help_text='It was due, and its alarm was raised.')),
                ('said', models.CharField(blank=True, help_text='What its last beat said.', max_length=300)),
                ('dome_open', models.BooleanField(blank=True, null=True)),
                ('dome_said_at', models.DateTimeField(blank=True, null=True)),
                ('paused_until', models.DateTimeField(blank=True, null=True)),
                ('paused_why', models.CharField(blank=True, max_length=200)),
                ('paused_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('policy', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='escalation.escalationpolicy')),
            ],
            options={
                'ordering': ['name'],
                'indexes': [models.Index(condition=models.Q(('due_at__isnull', False)), fields=['due_at'], name='heartbeat_due')],
                'constraints': [models.CheckConstraint(condition=models.Q(('severity__range', (1, 5))), name='heartbeat_severity_1_to_5'), models.CheckConstraint(condition=models.Q(('every_s__gte', 1)), name='heartbeat_every_second_or_more'), models.CheckConstraint(condition=models.Q(models.Q(('heard_since__isnull', True), ('last_beat_at__isnull', True)), models.Q(('heard_since__isnull', False), ('last_beat_at__gte', models.F('heard_since'))), _connector='OR'), name='heartbeat_heard_since_its_stretch_began'), models.CheckConstraint(condition=models.Q(('due_at__isnull', True), models.Q(('is_enabled', True), ('watches_observing', False)), _connector='OR'), name='heartbeat_is_due_once'), models.CheckConstraint(condition=models.Q(models.Q(('paused_by__isnull', True), ('paused_until__isnull', True), ('paused_why', '')), models.Q(('paused_by__isnull', False), ('paused_until__isnull', False), models.Q(('paused_why', ''), _negated=True)), _connector='OR'), name='heartbeat_pause_says_why'), models.CheckConstraint(condition=models.Q(models.Q(('dome_open__isnull', True), ('dome_said_at__isnull', True)), models.Q(('dome_open__isnull', False), ('dome_said_at__isnull', False)), _connector='OR'), name='heartbeat_dome_said_at_an_instant')],
            },
        ),
        migrations.CreateModel(
            name='HeartbeatSpan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('started_at', models.DateTimeField()),
                ('last_at', models.DateTimeField()),
                ('counts_until', models.DateTimeField()),
                ('heartbeat', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='spans', to='signals.heartbeat')),
            ],
            options={
                'ordering': ['-started_at'],
                'indexes': [models.Index(fields=['heartbeat', '-counts_until'], name='heartbeat_span_by_end')],
                'constraints': [models.CheckConstraint(condition=models.Q(('counts_until__gt', models.F('last_at')), ('last_at__gte', models.F('started_at'))), name='heartbeat_span_goes_on'), models.UniqueConstraint(fields=('heartbeat', 'started_at'), name='one_heartbeat_span_each')],
            },
        ),
    ]
