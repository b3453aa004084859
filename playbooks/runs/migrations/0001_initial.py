import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models

from oncall.append_only import append_only


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('library', '0003_first_playbooks'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Run',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('subject', models.CharField(blank=True, max_length=80)),
                ('about', models.CharField(blank=True, max_length=300)),
                ('url', models.CharField(blank=True, max_length=200)),
                ('restricted', models.BooleanField(default=False, help_text='What is written in it is not for everybody (R43).')),
                ('alarm_key', models.CharField(blank=True, max_length=200)),
                ('alarm_head', models.CharField(blank=True, max_length=120)),
                ('product', models.CharField(blank=True, max_length=120)),
                ('started_at', models.DateTimeField()),
                ('touched_at', models.DateTimeField(help_text='When somebody last did something in it.')),
                ('solved_step', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('end', models.CharField(blank=True, choices=[('solved', 'solved'), ('written', 'ended as it says'), ('failed', 'without success'), ('left', 'left')], max_length=7)),
                ('missing', models.TextField(blank=True, help_text='What the playbook lacked.', max_length=4000)),
                ('ended_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='runs.run')),
                ('playbook', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='library.playbook')),
                ('revision', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='library.revision')),
                ('started_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='runs_started', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-started_at', '-id'],
                'indexes': [models.Index(condition=models.Q(('ended_at__isnull', True)), fields=['touched_at'], name='run_open'), models.Index(fields=['playbook', '-started_at'], name='run_of_playbook'), models.Index(fields=['subject'], name='run_of_subject'), models.Index(fields=['-started_at', '-id'], name='run_newest')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('end', ''), ('ended_at__isnull', True), ('ended_by__isnull', True)), models.Q(('end__in', ['solved', 'written', 'failed', 'left']), ('ended_at__isnull', False)), _connector='OR'), name='run_ended_says_how'), models.CheckConstraint(condition=models.Q(('touched_at__gte', models.F('started_at'))), name='run_ends_after_it_starts'), models.CheckConstraint(condition=models.Q(('missing', ''), ('end__in', ['failed', 'left']), _connector='OR'), name='run_lacks_only_without_success'), models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True), models.Q(('subject', ''), _negated=True)), fields=('playbook', 'subject'), name='one_open_run_of_each')],
            },
        ),
        migrations.CreateModel(
            name='StepOutcome',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('nth', models.PositiveIntegerField()),
                ('step', models.PositiveSmallIntegerField()),
                ('title', models.CharField(help_text='Of the step, by which it is counted across revisions.', max_length=200)),
                ('outcome', models.CharField(choices=[('done', 'done'), ('yes', 'yes'), ('no', 'no'), ('solved', 'solved it'), ('no_help', 'did not help'), ('skipped', 'skipped')], max_length=7)),
                ('minutes', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('at', models.DateTimeField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='outcomes', to='runs.run')),
            ],
            options={
                'ordering': ['nth'],
                'constraints': [models.UniqueConstraint(fields=('run', 'nth'), name='outcomes_count'), models.CheckConstraint(condition=models.Q(('outcome__in', ['done', 'yes', 'no', 'solved', 'no_help', 'skipped'])), name='outcome_known'), models.CheckConstraint(condition=models.Q(('nth__gte', 1), ('step__gte', 1)), name='outcome_of_a_step'), models.CheckConstraint(condition=models.Q(('minutes__isnull', True), ('minutes__lte', 1440), _connector='OR'), name='outcome_within_a_day')],
            },
        ),
        append_only("runs_stepoutcome"),
    ]
