

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AlarmPage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('cycle', models.PositiveIntegerField()),
                ('step', models.SmallIntegerField(help_text='Step of the plan, counted from 0; -1: called in by hand.')),
                ('why', models.CharField(max_length=300)),
                ('linked_at', models.DateTimeField()),
                ('hastened', models.BooleanField(default=False, help_text='Its failure has already moved the alarm on.')),
            ],
            options={
                'ordering': ['linked_at'],
            },
        ),
        migrations.CreateModel(
            name='LogEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('cycle', models.PositiveIntegerField()),
                ('at', models.DateTimeField()),
                ('kind', models.CharField(choices=[('fired', 'fired'), ('worse', 'worse'), ('reopened', 'reopened'), ('step', 'step'), ('paged', 'paged'), ('nobody', 'nobody reached'), ('end', 'end of policy'), ('acknowledged', 'acknowledged'), ('joined', 'joined'), ('lapsed', 'acknowledgement lapsed'), ('escalated', 'escalated'), ('reassigned', 'reassigned'), ('called_in', 'called in'), ('note', 'note'), ('stood_down', 'stood down'), ('resolved', 'resolved')], max_length=12)),
                ('text', models.TextField()),
            ],
            options={
                'verbose_name_plural': 'log entries',
                'ordering': ['at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='Alarm',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('source_id', models.UUIDField()),
                ('source', models.CharField(max_length=80)),
                ('key', models.CharField(max_length=200)),
                ('title', models.CharField(max_length=300)),
                ('description', models.TextField(blank=True)),
                ('severity', models.PositiveSmallIntegerField()),
                ('product', models.CharField(blank=True, max_length=120)),
                ('labels', models.JSONField(default=dict)),
                ('link', models.CharField(blank=True, max_length=1000)),
                ('state', models.CharField(choices=[('firing', 'firing'), ('acknowledged', 'acknowledged'), ('resolved', 'resolved')], default='firing', max_length=12)),
                ('cycle', models.PositiveIntegerField(default=1)),
                ('version', models.PositiveIntegerField(default=1)),
                ('count', models.PositiveIntegerField(default=1, help_text='How many signals said so.')),
                ('fired_at', models.DateTimeField()),
                ('last_signal_at', models.DateTimeField()),
                ('acknowledged_at', models.DateTimeField(blank=True, null=True)),
                ('resolved_at', models.DateTimeField(blank=True, null=True)),
                ('plan', models.JSONField()),
                ('step', models.PositiveSmallIntegerField(default=0)),
                ('round', models.PositiveSmallIntegerField(default=0)),
                ('stepped_at', models.DateTimeField(blank=True, null=True)),
                ('next_due', models.DateTimeField(blank=True, null=True)),
                ('acknowledged_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='alarms_held', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-fired_at'],
            },
        ),
    ]
