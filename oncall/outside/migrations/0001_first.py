import django.contrib.postgres.fields
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
            name='Posting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=200, unique=True)),
                ('channel', models.CharField(max_length=80)),
                ('text', models.TextField()),
                ('blocks', models.JSONField(default=list)),
                ('reference', models.CharField(blank=True, help_text='Of the message outside, once there is one.', max_length=80)),
                ('edition', models.PositiveIntegerField(default=1)),
                ('shown_edition', models.PositiveIntegerField(default=0)),
                ('tries', models.PositiveSmallIntegerField(default=0, help_text='To say the present edition.')),
                ('next_due', models.DateTimeField(blank=True, null=True)),
                ('lease_token', models.UUIDField(blank=True, null=True)),
                ('error_text', models.CharField(blank=True, max_length=300)),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'ordering': ['created_at'],
                'indexes': [models.Index(condition=models.Q(('next_due__isnull', False)), fields=['next_due'], name='posting_due')],
                'constraints': [models.CheckConstraint(condition=models.Q(('shown_edition__lte', models.F('edition'))), name='posting_shown_was_wanted')],
            },
        ),
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=80, unique=True)),
                ('url', models.CharField(max_length=500)),
                ('events', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('alarm.fired', 'an alarm fires, also anew'), ('alarm.acknowledged', 'somebody takes it'), ('alarm.escalated', 'it goes to the next step'), ('alarm.resolved', 'it is over'), ('test', 'a test')], max_length=20), size=None)),
                ('secret', models.CharField(max_length=80)),
                ('old_secret', models.CharField(blank=True, max_length=80)),
                ('old_until', models.DateTimeField(blank=True, null=True)),
                ('enabled', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField()),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='webhooks', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['name'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('old_secret', ''), ('old_until__isnull', True)), models.Q(models.Q(('old_secret', ''), _negated=True), ('old_until__isnull', False)), _connector='OR'), name='webhook_old_secret_ends')],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('event', models.CharField(choices=[('alarm.fired', 'an alarm fires, also anew'), ('alarm.acknowledged', 'somebody takes it'), ('alarm.escalated', 'it goes to the next step'), ('alarm.resolved', 'it is over'), ('test', 'a test')], max_length=20)),
                ('payload', models.JSONField()),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('delivered', 'delivered'), ('given_up', 'given up')], default='waiting', max_length=10)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('next_due', models.DateTimeField(blank=True, null=True)),
                ('lease_token', models.UUIDField(blank=True, null=True)),
                ('status_code', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('error_text', models.CharField(blank=True, max_length=300)),
                ('created_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('webhook', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='outside.webhook')),
            ],
            options={
                'verbose_name_plural': 'deliveries',
                'ordering': ['-created_at'],
                'indexes': [models.Index(condition=models.Q(('next_due__isnull', False)), fields=['next_due'], name='delivery_due'), models.Index(fields=['webhook', '-created_at'], name='delivery_by_webhook')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('next_due__isnull', False), ('state', 'waiting')), models.Q(('ended_at__isnull', False), ('next_due__isnull', True), ('state__in', ['delivered', 'given_up'])), _connector='OR'), name='delivery_waits_or_ended')],
            },
        ),
    ]
