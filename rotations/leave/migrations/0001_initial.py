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
            name='CallOut',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField(blank=True, null=True)),
                ('forgotten', models.BooleanField(default=False, help_text='Nobody stood down; the end is a cap.')),
                ('lapses_at', models.DateTimeField(blank=True, db_index=True, null=True)),
                ('subjects', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=120), default=list, size=None)),
                ('rule', models.JSONField(help_text='Calendar, zone, holidays and multiplier in force when it was found.')),
                ('merged_into', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='merged', to='leave.callout')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='call_outs', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-starts_at'],
                'indexes': [models.Index(fields=['person', '-starts_at'], name='call_outs_of_a_person')],
                'constraints': [models.CheckConstraint(condition=models.Q(('ends_at__isnull', True), ('starts_at__lte', models.F('ends_at')), _connector='OR'), name='call_out_ends_after_start'), models.UniqueConstraint(condition=models.Q(('ends_at__isnull', True), ('merged_into__isnull', True)), fields=('person',), name='one_open_call_out_each')],
            },
        ),
        migrations.CreateModel(
            name='Correction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('was_starts_at', models.DateTimeField()),
                ('was_ends_at', models.DateTimeField()),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('reason', models.CharField(max_length=300)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('call_out', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='corrections', to='leave.callout')),
            ],
            options={
                'ordering': ['at', 'id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('starts_at__lt', models.F('ends_at'))), name='correction_starts_before_it_ends'), models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='correction_says_why')],
            },
        ),
        migrations.CreateModel(
            name='Evidence',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('kind', models.CharField(choices=[('page', 'Page accepted'), ('acknowledge', 'Acknowledged'), ('note', 'Note'), ('resolve', 'Resolved'), ('hand_over', 'Handed over'), ('stand_down', 'Stood down'), ('over', 'Over without them')], max_length=12)),
                ('subject', models.CharField(help_text='One cycle of one alarm: alarm:<id>:<cycle>.', max_length=120)),
                ('text', models.TextField(blank=True)),
                ('url', models.CharField(blank=True, max_length=300)),
                ('created_at', models.DateTimeField()),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='evidence', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'evidence',
                'ordering': ['at', 'created_at'],
                'indexes': [models.Index(fields=['person', 'at'], name='evidence_of_a_person')],
                'constraints': [models.UniqueConstraint(fields=('person', 'subject', 'kind', 'at'), name='evidence_once'), models.CheckConstraint(condition=models.Q(('kind__in', ['page', 'acknowledge', 'note', 'resolve', 'hand_over', 'stand_down', 'over'])), name='evidence_kind_known')],
            },
        ),
        migrations.CreateModel(
            name='LedgerEntry',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('earn', 'Earned'), ('adjust', 'Adjusted')], max_length=8)),
                ('out_of_hours_s', models.IntegerField(help_text='Seconds worked outside the calendar; negative takes back.')),
                ('credit_s', models.IntegerField(help_text='Seconds of leave; negative takes back.')),
                ('slices', models.JSONField(help_text='The pieces of the whole call-out as computed for this entry.')),
                ('rule', models.TextField(help_text='The rule in words: multiplier, calendar, zone, holidays, version.')),
                ('at', models.DateTimeField(help_text='When it was posted.')),
                ('reason', models.CharField(blank=True, max_length=300)),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('call_out', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='leave.callout')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ledger', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'ledger entries',
                'ordering': ['-at', '-id'],
                'indexes': [models.Index(fields=['person', '-at'], name='entries_of_a_person')],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['earn', 'adjust'])), name='entry_kind_known'), models.CheckConstraint(condition=models.Q(('credit_s', 0), ('out_of_hours_s', 0), _negated=True), name='entry_is_not_nothing'), models.UniqueConstraint(condition=models.Q(('kind', 'earn')), fields=('call_out',), name='earned_once')],
            },
        ),
    ]
