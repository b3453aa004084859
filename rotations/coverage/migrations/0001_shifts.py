import django.contrib.postgres.constraints
import django.db.models.deletion
import oncall.people.models
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('people', '0005_cerro_pachon'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('schedule', '0002_layers'),
    ]

    operations = [
        migrations.CreateModel(
            name='Reminder',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('moment', models.CharField(choices=[('before', 'before a shift'), ('start', 'when I am on call'), ('end', 'when I am off call')], default='before', max_length=6)),
                ('lead_minutes', models.PositiveSmallIntegerField(default=0)),
                ('way', models.CharField(choices=[('sms', 'Text message'), ('email', 'Mail')], max_length=5)),
                ('created_at', models.DateTimeField()),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reminders', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['moment', '-lead_minutes'],
                'constraints': [models.UniqueConstraint(fields=('person', 'moment', 'lead_minutes', 'way'), name='a_reminder_once'), models.CheckConstraint(condition=models.Q(models.Q(('lead_minutes__gte', 5), ('lead_minutes__lte', 20160), ('moment', 'before')), models.Q(('lead_minutes', 0), ('moment__in', ['start', 'end'])), _connector='OR'), name='reminder_lead_in_range', violation_error_message='Write a lead from 5 minutes to 14 days (20160 minutes).')],
            },
        ),
        migrations.CreateModel(
            name='ReminderSent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('shift_key', models.UUIDField()),
                ('shift_at', models.DateTimeField()),
                ('sent_at', models.DateTimeField()),
                ('reminder', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sent', to='coverage.reminder')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('reminder', 'shift_key', 'shift_at'), name='reminded_once')],
            },
        ),
        migrations.CreateModel(
            name='Shift',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField()),
                ('role', models.CharField(choices=[('primary', 'Primary'), ('secondary', 'Secondary'), ('shadow', 'Shadow')], max_length=10)),
                ('origin', models.CharField(max_length=200)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('why', models.CharField(max_length=400)),
                ('known_from', models.DateTimeField()),
                ('known_until', models.DateTimeField(blank=True, null=True)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='shifts', to=settings.AUTH_USER_MODEL)),
                ('rotation', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='shifts', to='schedule.rotation')),
                ('schedule', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='shifts', to='schedule.schedule')),
            ],
            options={
                'ordering': ['starts_at'],
                'indexes': [models.Index(condition=models.Q(('known_until__isnull', True)), fields=['schedule', 'role', 'ends_at'], name='shifts_now'), models.Index(fields=['person', 'ends_at'], name='shifts_of_person'), models.Index(condition=models.Q(('known_until__isnull', True)), fields=['ends_at'], name='shifts_ending'), models.Index(fields=['key'], name='shifts_by_key'), models.Index(fields=['schedule', 'known_until'], name='shifts_history')],
                'constraints': [models.CheckConstraint(condition=models.Q(('role__in', ['primary', 'secondary', 'shadow'])), name='shift_role_known'), models.CheckConstraint(condition=models.Q(('starts_at__lt', models.F('ends_at'))), name='shift_has_a_length'), models.CheckConstraint(condition=models.Q(('known_until__isnull', True), ('known_from__lte', models.F('known_until')), _connector='OR'), name='shift_known_for_a_while'), django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('known_until__isnull', True)), expressions=[('schedule', '='), ('role', '='), ('person', '='), (oncall.people.models.TimeSpan('starts_at', 'ends_at'), '&&')], name='nobody_twice_at_once')],
            },
        ),
        migrations.CreateModel(
            name='SignedGap',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('reason', models.CharField(max_length=300)),
                ('at', models.DateTimeField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('schedule', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='signed_gaps', to='schedule.schedule')),
            ],
            options={
                'ordering': ['starts_at'],
                'constraints': [models.CheckConstraint(condition=models.Q(('starts_at__lt', models.F('ends_at'))), name='signed_gap_has_a_length'), models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='signed_gap_has_a_reason')],
            },
        ),
        migrations.CreateModel(
            name='FeedToken',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('personal', 'My shifts'), ('schedule', 'A schedule'), ('team', 'A team')], max_length=10)),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('hint', models.CharField(help_text='Its first letters, to tell addresses apart.', max_length=12)),
                ('alarm_minutes', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('created_at', models.DateTimeField()),
                ('last_used_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='feed_tokens', to=settings.AUTH_USER_MODEL)),
                ('schedule', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='schedule.schedule')),
                ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='people.team')),
            ],
            options={
                'ordering': ['-created_at'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('kind', 'personal'), ('schedule__isnull', True), ('team__isnull', True)), models.Q(('kind', 'schedule'), ('schedule__isnull', False), ('team__isnull', True)), models.Q(('kind', 'team'), ('schedule__isnull', True), ('team__isnull', False)), _connector='OR'), name='feed_of_one_thing')],
            },
        ),
        migrations.CreateModel(
            name='Handoff',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('role', models.CharField(choices=[('primary', 'Primary'), ('secondary', 'Secondary'), ('shadow', 'Shadow')], max_length=10)),
                ('at', models.DateTimeField()),
                ('shift_key', models.UUIDField()),
                ('created_at', models.DateTimeField()),
                ('lines', models.JSONField(default=list)),
                ('words', models.TextField(blank=True, max_length=4000)),
                ('accepted_at', models.DateTimeField(blank=True, null=True)),
                ('lead_told_at', models.DateTimeField(blank=True, null=True)),
                ('accepted_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('incoming', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='handoffs_in', to=settings.AUTH_USER_MODEL)),
                ('outgoing', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='handoffs_out', to=settings.AUTH_USER_MODEL)),
                ('schedule', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='handoffs', to='schedule.schedule')),
            ],
            options={
                'ordering': ['-at'],
                'indexes': [models.Index(condition=models.Q(('accepted_at__isnull', True)), fields=['at'], name='handoffs_waiting')],
                'constraints': [models.UniqueConstraint(fields=('schedule', 'role', 'at', 'incoming'), name='one_handoff_each'), models.CheckConstraint(condition=models.Q(models.Q(('accepted_at__isnull', True), ('accepted_by__isnull', True)), models.Q(('accepted_at__isnull', False), ('accepted_by__isnull', False)), _connector='OR'), name='handoff_accepted_by_somebody')],
            },
        ),
    ]
