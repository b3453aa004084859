import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('escalation', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Source',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=80, unique=True)),
                ('kind', models.CharField(choices=[('alertmanager', 'Prometheus Alertmanager'), ('json', 'JSON')], max_length=14)),
                ('token_digest', models.CharField(max_length=64, unique=True)),
                ('severity', models.PositiveSmallIntegerField(default=3, help_text='For signals that name none.')),
                ('is_enabled', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField()),
                ('last_seen_at', models.DateTimeField(blank=True, null=True)),
                ('policy', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='escalation.escalationpolicy')),
            ],
            options={
                'ordering': ['name'],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['alertmanager', 'json'])), name='source_kind_known'), models.CheckConstraint(condition=models.Q(('severity__range', (1, 5))), name='source_severity_1_to_5')],
            },
        ),
        migrations.CreateModel(
            name='Signal',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('received_at', models.DateTimeField()),
                ('body', models.TextField(help_text='As it came, cut to 64 KiB where nothing could be read.')),
                ('accepted', models.PositiveIntegerField(default=0)),
                ('rejected', models.PositiveIntegerField(default=0)),
                ('replay_of', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to='signals.signal')),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='signals', to='signals.source')),
            ],
            options={
                'ordering': ['-received_at'],
                'indexes': [models.Index(fields=['source', '-received_at'], name='signal_by_source'), models.Index(condition=models.Q(('rejected__gt', 0)), fields=['-received_at'], name='signal_rejected')],
            },
        ),
        migrations.CreateModel(
            name='Rejection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('index', models.IntegerField(help_text='Place in the payload, from 0; -1: all of it.')),
                ('errors', models.JSONField()),
                ('raw', models.TextField()),
                ('settled_at', models.DateTimeField(blank=True, null=True)),
                ('settled_how', models.CharField(blank=True, max_length=120)),
                ('signal', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rejections', to='signals.signal')),
            ],
            options={
                'ordering': ['signal', 'index'],
                'constraints': [models.UniqueConstraint(fields=('signal', 'index'), name='one_rejection_per_item')],
            },
        ),
    ]
