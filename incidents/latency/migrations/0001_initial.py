

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('visit_id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('sent', models.PositiveIntegerField()),
                ('sent_within_limit', models.PositiveIntegerField()),
                ('first_sent_at', models.DateTimeField(blank=True, null=True)),
                ('last_sent_at', models.DateTimeField(blank=True, null=True)),
                ('stage', models.CharField(choices=[('none', 'none'), ('isr', 'ISR'), ('single_frame', 'single frame'), ('ap_pipe', 'AP pipe'), ('sent', 'sent')], max_length=12)),
                ('ended', models.CharField(choices=[('complete', 'complete'), ('failed', 'failed')], max_length=8)),
                ('waived', models.CharField(blank=True, choices=[('', 'no'), ('template_gap', 'template gap'), ('engineering', 'engineering')], max_length=12)),
                ('limit_s', models.PositiveIntegerField(default=60)),
                ('received_at', models.DateTimeField()),
                ('reported_at', models.DateTimeField()),
            ],
            options={
                'verbose_name_plural': 'deliveries',
                'ordering': ['visit_id'],
                'indexes': [models.Index(fields=['-last_sent_at'], name='delivery_last_sent')],
                'constraints': [models.CheckConstraint(condition=models.Q(('sent_within_limit__lte', models.F('sent'))), name='delivery_within_is_part_of_sent'), models.CheckConstraint(condition=models.Q(models.Q(('first_sent_at__isnull', True), ('last_sent_at__isnull', True), ('sent', 0)), models.Q(('first_sent_at__isnull', False), ('last_sent_at__gte', models.F('first_sent_at')), ('sent__gt', 0)), _connector='OR'), name='delivery_sent_has_instants'), models.CheckConstraint(condition=models.Q(('stage__in', ['none', 'isr', 'single_frame', 'ap_pipe', 'sent'])), name='delivery_stage_known'), models.CheckConstraint(condition=models.Q(('ended__in', ['complete', 'failed'])), name='delivery_ended_known')],
            },
        ),
        migrations.CreateModel(
            name='NextVisit',
            fields=[
                ('group_id', models.CharField(max_length=80, primary_key=True, serialize=False)),
                ('instrument', models.CharField(max_length=40)),
                ('survey_block', models.CharField(max_length=60)),
                ('announced_at', models.DateTimeField()),
                ('visit_id', models.BigIntegerField(blank=True, null=True)),
                ('received_at', models.DateTimeField()),
            ],
            options={
                'ordering': ['-announced_at'],
                'indexes': [models.Index(fields=['-announced_at'], name='next_visit_by_time')],
            },
        ),
        migrations.CreateModel(
            name='VerdictChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('visit_id', models.BigIntegerField()),
                ('at', models.DateTimeField()),
                ('was', models.CharField(choices=[('in_time', 'in time'), ('delayed', 'delayed'), ('failed', 'failed'), ('pending', 'pending'), ('unknown', 'unknown'), ('not_eligible', 'not eligible')], max_length=12)),
                ('became', models.CharField(choices=[('in_time', 'in time'), ('delayed', 'delayed'), ('failed', 'failed'), ('pending', 'pending'), ('unknown', 'unknown'), ('not_eligible', 'not eligible')], max_length=12)),
                ('text', models.CharField(max_length=200)),
            ],
            options={
                'ordering': ['at', 'id'],
                'indexes': [models.Index(fields=['visit_id', 'at'], name='verdict_change_of_visit')],
            },
        ),
        migrations.CreateModel(
            name='Visit',
            fields=[
                ('visit_id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('day_obs', models.PositiveIntegerField()),
                ('instrument', models.CharField(max_length=40)),
                ('survey_block', models.CharField(max_length=60)),
                ('band', models.CharField(blank=True, max_length=10)),
                ('end_readout', models.DateTimeField()),
                ('on_sky', models.BooleanField()),
                ('dome_open', models.BooleanField()),
                ('expected_alerts', models.PositiveIntegerField(blank=True, null=True)),
                ('waived', models.CharField(blank=True, choices=[('', 'no'), ('template_gap', 'template gap'), ('engineering', 'engineering')], max_length=12)),
                ('received_at', models.DateTimeField()),
                ('reported_at', models.DateTimeField()),
                ('verdict', models.CharField(choices=[('in_time', 'in time'), ('delayed', 'delayed'), ('failed', 'failed'), ('pending', 'pending'), ('unknown', 'unknown'), ('not_eligible', 'not eligible')], default='pending', max_length=12)),
                ('why', models.CharField(blank=True, max_length=40)),
                ('judged_at', models.DateTimeField()),
                ('judge_due', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['visit_id'],
                'indexes': [models.Index(fields=['day_obs', 'verdict'], name='visit_of_night'), models.Index(fields=['-end_readout'], name='visit_by_time'), models.Index(condition=models.Q(('judge_due__isnull', False)), fields=['judge_due'], name='visit_judge_due')],
                'constraints': [models.CheckConstraint(condition=models.Q(('verdict__in', ['in_time', 'delayed', 'failed', 'pending', 'unknown', 'not_eligible'])), name='visit_verdict_known'), models.CheckConstraint(condition=models.Q(('waived__in', ['', 'template_gap', 'engineering'])), name='visit_waived_known'), models.CheckConstraint(condition=models.Q(('verdict', 'not_eligible'), ('why', ''), _connector='OR'), name='visit_why_when_not_eligible'), models.CheckConstraint(condition=models.Q(models.Q(('verdict', 'pending'), _negated=True), ('judge_due__isnull', False), _connector='OR'), name='visit_pending_is_judged_later'), models.CheckConstraint(condition=models.Q(('day_obs__range', (19000101, 99991231)), ('visit_id__gt', 0)), name='visit_of_a_night')],
            },
        ),
        migrations.CreateModel(
            name='SurveyBlock',
            fields=[
                ('code', models.CharField(max_length=60, primary_key=True, serialize=False)),
                ('alerts_expected', models.BooleanField(blank=True, null=True)),
                ('first_seen_at', models.DateTimeField()),
                ('settled_at', models.DateTimeField(blank=True, null=True)),
                ('settled_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['code'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('alerts_expected__isnull', True), ('settled_at__isnull', True)), models.Q(('alerts_expected__isnull', False), ('settled_at__isnull', False)), _connector='OR'), name='block_settled_says_what')],
            },
        ),
    ]
