import django.db.models.deletion
import oncall.phones.states
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
            name='Loan',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[(oncall.phones.states.State['REQUESTED'], 'Requested'), (oncall.phones.states.State['APPROVED'], 'Approved'), (oncall.phones.states.State['REFUSED'], 'Refused'), (oncall.phones.states.State['WITHDRAWN'], 'Withdrawn'), (oncall.phones.states.State['ISSUED'], 'Issued'), (oncall.phones.states.State['LOST'], 'Lost'), (oncall.phones.states.State['RETURNED'], 'Returned')], default=oncall.phones.states.State['REQUESTED'], max_length=9)),
                ('why', models.CharField(max_length=500)),
                ('special', models.CharField(blank=True, help_text='What it must be able to do; empty: anything.', max_length=500)),
                ('asked_at', models.DateTimeField()),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('device', models.CharField(blank=True, max_length=80)),
                ('number', models.CharField(blank=True, help_text='E.164; empty: not issued yet.', max_length=16)),
                ('issued_at', models.DateTimeField(blank=True, null=True)),
                ('lost_at', models.DateTimeField(blank=True, null=True)),
                ('returned_at', models.DateTimeField(blank=True, null=True)),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('issued_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='phone_loans', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-asked_at'],
                'indexes': [models.Index(fields=['state', '-asked_at'], name='phones_by_state')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['requested', 'approved', 'refused', 'withdrawn', 'issued', 'lost', 'returned'])), name='phone_state_known'), models.CheckConstraint(condition=models.Q(('why', ''), _negated=True), name='phone_asked_for_with_a_reason'), models.UniqueConstraint(condition=models.Q(('state__in', ['approved', 'requested'])), fields=('person',), name='one_phone_request_each'), models.UniqueConstraint(condition=models.Q(('state', 'issued')), fields=('number',), name='a_number_is_with_one_person'), models.CheckConstraint(condition=models.Q(('decided_by__isnull', True), models.Q(('decided_by', models.F('person')), _negated=True), _connector='OR'), name='nobody_decides_on_their_own_phone'), models.CheckConstraint(condition=models.Q(('issued_by__isnull', True), models.Q(('issued_by', models.F('person')), _negated=True), _connector='OR'), name='nobody_issues_their_own_phone'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by__isnull', True), ('state', 'requested')), ('state', 'withdrawn'), models.Q(('decided_at__isnull', False), ('decided_by__isnull', False), ('state__in', ['approved', 'refused', 'issued', 'lost', 'returned'])), _connector='OR'), name='phone_decided_by_somebody'), models.CheckConstraint(condition=models.Q(models.Q(models.Q(('device', ''), _negated=True), models.Q(('number', ''), _negated=True), ('issued_at__isnull', False), ('issued_by__isnull', False), ('state__in', ['issued', 'lost', 'returned'])), models.Q(models.Q(('state__in', ['issued', 'lost', 'returned']), _negated=True), ('device', ''), ('issued_at__isnull', True), ('issued_by__isnull', True), ('number', '')), _connector='OR'), name='phone_issued_with_device_and_number'), models.CheckConstraint(condition=models.Q(('number', ''), ('number__regex', '^\\+[1-9][0-9]{6,14}$'), _connector='OR'), name='phone_number_is_e164'), models.CheckConstraint(condition=models.Q(models.Q(('lost_at__isnull', False), ('state', 'lost')), ('state', 'returned'), models.Q(models.Q(('state__in', ['lost', 'returned']), _negated=True), ('lost_at__isnull', True)), _connector='OR'), name='phone_lost_at_an_instant'), models.CheckConstraint(condition=models.Q(models.Q(('returned_at__isnull', False), ('state', 'returned')), models.Q(models.Q(('state', 'returned'), _negated=True), ('returned_at__isnull', True)), _connector='OR'), name='phone_returned_at_an_instant')],
            },
        ),
        migrations.CreateModel(
            name='Step',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[(oncall.phones.states.State['REQUESTED'], 'Requested'), (oncall.phones.states.State['APPROVED'], 'Approved'), (oncall.phones.states.State['REFUSED'], 'Refused'), (oncall.phones.states.State['WITHDRAWN'], 'Withdrawn'), (oncall.phones.states.State['ISSUED'], 'Issued'), (oncall.phones.states.State['LOST'], 'Lost'), (oncall.phones.states.State['RETURNED'], 'Returned')], max_length=9)),
                ('at', models.DateTimeField()),
                ('words', models.CharField(blank=True, max_length=500)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('loan', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='steps', to='phones.loan')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['requested', 'approved', 'refused', 'withdrawn', 'issued', 'lost', 'returned'])), name='phone_step_state_known'), models.UniqueConstraint(fields=('loan', 'state'), name='a_phone_takes_a_step_once'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'refused'), _negated=True), models.Q(('words', ''), _negated=True), _connector='OR'), name='a_phone_is_refused_in_words')],
            },
        ),
    ]
