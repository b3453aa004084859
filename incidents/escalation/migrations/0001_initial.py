

import django.db.models.constraints
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('people', '0002_countedtry'),
        ('schedule', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='EscalationPolicy',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=80, unique=True)),
                ('description', models.CharField(blank=True, max_length=200)),
                ('rounds', models.PositiveSmallIntegerField(default=2)),
                ('is_default', models.BooleanField(default=False, help_text='Used where an alarm names no policy.')),
            ],
            options={
                'verbose_name_plural': 'escalation policies',
                'ordering': ['name'],
                'constraints': [models.CheckConstraint(condition=models.Q(('rounds__range', (1, 9))), name='policy_has_1_to_9_rounds'), models.UniqueConstraint(condition=models.Q(('is_default', True)), fields=('is_default',), name='one_default_policy')],
            },
        ),
        migrations.CreateModel(
            name='Step',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('position', models.PositiveSmallIntegerField()),
                ('wait_s', models.PositiveIntegerField(default=300, help_text='Seconds until the next step, if nobody answers.')),
                ('role', models.CharField(choices=[('primary', 'Primary'), ('secondary', 'Secondary')], default='primary', max_length=10)),
                ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ('policy', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='escalation.escalationpolicy')),
                ('schedule', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='schedule.schedule')),
                ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='people.team')),
            ],
            options={
                'ordering': ['policy', 'position'],
                'constraints': [models.UniqueConstraint(deferrable=django.db.models.constraints.Deferrable['DEFERRED'], fields=('policy', 'position'), name='one_step_per_position'), models.CheckConstraint(condition=models.Q(models.Q(('person__isnull', True), ('schedule__isnull', False), ('team__isnull', True)), models.Q(('person__isnull', False), ('schedule__isnull', True), ('team__isnull', True)), models.Q(('person__isnull', True), ('schedule__isnull', True), ('team__isnull', False)), _connector='OR'), name='step_has_one_target'), models.CheckConstraint(condition=models.Q(('wait_s__range', (0, 86400))), name='step_waits_up_to_a_day')],
            },
        ),
    ]
