import django.contrib.postgres.constraints
import django.db.models.deletion
import oncall.people.models
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('alarms', '0020_held_further'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Incident',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField(unique=True)),
                ('title', models.CharField(max_length=200)),
                ('summary', models.TextField(blank=True, max_length=4000)),
                ('severity', models.PositiveSmallIntegerField()),
                ('state', models.CharField(default='investigating', max_length=13)),
                ('product', models.CharField(blank=True, help_text='Path of the product, as alarms have it.', max_length=120)),
                ('declared_at', models.DateTimeField()),
                ('impact_starts_at', models.DateTimeField(blank=True, null=True)),
                ('resolved_at', models.DateTimeField(blank=True, null=True)),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('restricted', models.BooleanField(default=False, help_text='A security incident: only for whom it names (R43).')),
                ('room', models.CharField(blank=True, help_text='Where people talk: an address; empty: here.', max_length=1000)),
                ('reopened', models.PositiveSmallIntegerField(default=0, help_text='How often.')),
                ('version', models.PositiveIntegerField(default=1)),
                ('declared_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='incidents_declared', to=settings.AUTH_USER_MODEL)),
                ('merged_into', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='merged', to='command.incident')),
            ],
            options={
                'ordering': ['-number'],
                'indexes': [models.Index(condition=models.Q(('state__in', ['investigating', 'identified', 'mitigated'])), fields=['-number'], name='incident_live')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['closed', 'false_alarm', 'identified', 'investigating', 'merged', 'mitigated', 'resolved'])), name='incident_state_known'), models.CheckConstraint(condition=models.Q(('severity__range', (1, 5))), name='incident_severity_1_to_5'), models.CheckConstraint(condition=models.Q(models.Q(('merged_into__isnull', False), ('state', 'merged'), models.Q(('merged_into', models.F('id')), _negated=True)), models.Q(models.Q(('state', 'merged'), _negated=True), ('merged_into__isnull', True)), _connector='OR'), name='incident_merged_into_another'), models.CheckConstraint(condition=models.Q(models.Q(('resolved_at__isnull', False), ('state__in', ['resolved', 'closed'])), models.Q(('resolved_at__isnull', True), ('state__in', ['investigating', 'identified', 'mitigated'])), ('state__in', ['merged', 'false_alarm']), _connector='OR'), name='incident_resolved_has_its_instant'), models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', False), ('state', 'closed')), models.Q(models.Q(('state', 'closed'), _negated=True), ('closed_at__isnull', True)), _connector='OR'), name='incident_closed_has_its_instant')],
            },
        ),
        migrations.CreateModel(
            name='CommandOffer',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('why', models.CharField(blank=True, max_length=200)),
                ('brief', models.TextField(blank=True, max_length=4000)),
                ('asked_at', models.DateTimeField()),
                ('answered_at', models.DateTimeField(blank=True, null=True)),
                ('accepted', models.BooleanField(blank=True, null=True)),
                ('giver', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('to', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='command_offers', to=settings.AUTH_USER_MODEL)),
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='command_offers', to='command.incident')),
            ],
            options={
                'ordering': ['-asked_at'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('answered_at__isnull', True)), fields=('incident',), name='one_command_offer_at_a_time'), models.CheckConstraint(condition=models.Q(('giver__isnull', True), models.Q(('giver', models.F('to')), _negated=True), _connector='OR'), name='command_offered_to_another')],
            },
        ),
        migrations.CreateModel(
            name='IncidentAlarm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('linked_at', models.DateTimeField()),
                ('unlinked_at', models.DateTimeField(blank=True, null=True)),
                ('alarm', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='incident_links', to='alarms.alarm')),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='alarm_links', to='command.incident')),
            ],
            options={
                'ordering': ['linked_at'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('unlinked_at__isnull', True)), fields=('alarm',), name='one_incident_per_alarm')],
            },
        ),
        migrations.CreateModel(
            name='Member',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='members', to='command.incident')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('incident', 'person'), name='one_member_each')],
            },
        ),
        migrations.CreateModel(
            name='Picture',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('content', models.BinaryField()),
                ('media_type', models.CharField(max_length=20)),
                ('width', models.PositiveIntegerField()),
                ('height', models.PositiveIntegerField()),
                ('digest', models.CharField(max_length=64)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pictures', to='command.incident')),
            ],
            options={
                'ordering': ['at'],
            },
        ),
        migrations.CreateModel(
            name='Entry',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('nth', models.PositiveIntegerField()),
                ('kind', models.CharField(choices=[('impact', 'impact began'), ('detected', 'detected'), ('declared', 'declared'), ('state', 'state'), ('severity', 'severity'), ('role', 'role'), ('note', 'note'), ('finding', 'finding'), ('action', 'action'), ('step', 'playbook step'), ('alarm', 'alarm'), ('update', 'message sent'), ('deployment', 'deployment'), ('fixed', 'fixed'), ('correction', 'correction'), ('link', 'link')], max_length=12)),
                ('at', models.DateTimeField(help_text='When it happened.')),
                ('written_at', models.DateTimeField(help_text='When it was written down.')),
                ('text', models.TextField(max_length=20000)),
                ('url', models.CharField(blank=True, max_length=1000)),
                ('key', models.CharField(blank=True, help_text='Whatever is written once; empty: nothing like that.', max_length=200)),
                ('said', models.JSONField(default=dict, help_text='Of changes: what it was and what it is.')),
                ('corrects', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='corrections', to='command.entry')),
                ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='command.incident')),
                ('picture', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='command.picture')),
            ],
            options={
                'verbose_name_plural': 'entries',
                'ordering': ['nth'],
                'indexes': [models.Index(fields=['incident', 'at'], name='entries_in_order')],
                'constraints': [models.UniqueConstraint(fields=('incident', 'nth'), name='entries_count'), models.UniqueConstraint(condition=models.Q(('key', ''), _negated=True), fields=('incident', 'key'), name='entry_once_by_key'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'correction'), _negated=True), ('corrects__isnull', False), _connector='OR'), name='correction_points_at_a_line')],
            },
        ),
        migrations.CreateModel(
            name='RoleAssignment',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('role', models.CharField(max_length=16)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField(blank=True, null=True)),
                ('why', models.CharField(blank=True, help_text='Such as: on call as incident commander.', max_length=200)),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='assignments', to='command.incident')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='incident_roles', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['starts_at'],
                'constraints': [models.CheckConstraint(condition=models.Q(('role__in', ['commander', 'deputy', 'expert', 'external_liaison', 'internal_liaison', 'scribe'])), name='incident_role_known'), models.CheckConstraint(condition=models.Q(('ends_at__isnull', True), ('starts_at__lte', models.F('ends_at')), _connector='OR'), name='assignment_starts_before_it_ends'), django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('role', 'expert'), _negated=True), expressions=[('incident', '='), ('role', '='), (oncall.people.models.TimeSpan('starts_at', 'ends_at'), '&&')], name='one_of_each_role_but_experts'), django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('incident', '='), ('person', '='), ('role', '='), (oncall.people.models.TimeSpan('starts_at', 'ends_at'), '&&')], name='an_expert_is_one_once')],
            },
        ),
    ]
