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
            name='ContactMethod',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('phone', 'Telephone'), ('email', 'E-mail')], max_length=5)),
                ('address', models.CharField(help_text='E.164 for a telephone (+56912345678), else a mail address.', max_length=254)),
                ('label', models.CharField(blank=True, max_length=40)),
                ('confirmed_at', models.DateTimeField(blank=True, null=True)),
                ('disabled_at', models.DateTimeField(blank=True, null=True)),
                ('disabled_reason', models.CharField(blank=True, max_length=200)),
                ('created_at', models.DateTimeField()),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='contact_methods', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['created_at'],
                'indexes': [models.Index(fields=['address'], name='contact_by_address')],
                'constraints': [models.UniqueConstraint(fields=('person', 'kind', 'address'), name='one_contact_each'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'phone'), _negated=True), ('address__regex', '^\\+[1-9][0-9]{6,14}$'), _connector='OR'), name='phone_is_e164'), models.CheckConstraint(condition=models.Q(('disabled_at__isnull', True), models.Q(('disabled_reason', ''), _negated=True), _connector='OR'), name='disabled_contact_says_why')],
            },
        ),
        migrations.CreateModel(
            name='InboundSms',
            fields=[
                ('sid', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('sender', models.CharField(max_length=254)),
                ('body', models.CharField(max_length=1600)),
                ('received_at', models.DateTimeField()),
                ('outcome', models.CharField(blank=True, max_length=300)),
                ('understood', models.BooleanField(default=False)),
            ],
            options={
                'ordering': ['-received_at'],
                'indexes': [models.Index(fields=['sender', '-received_at'], name='inbound_by_sender')],
            },
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('key', models.CharField(max_length=200, unique=True)),
                ('channel', models.CharField(choices=[('sms', 'SMS'), ('voice', 'Call'), ('email', 'E-mail')], max_length=5)),
                ('address', models.CharField(max_length=254)),
                ('text', models.TextField()),
                ('next_due', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField()),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notices', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['created_at'],
                'indexes': [models.Index(condition=models.Q(('next_due__isnull', False)), fields=['next_due'], name='notice_due')],
            },
        ),
        migrations.CreateModel(
            name='NotificationRule',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('urgency', models.CharField(choices=[('high', 'High (SEV-1 and SEV-2)'), ('low', 'Low')], default='high', max_length=4)),
                ('delay_s', models.PositiveIntegerField(help_text='Seconds after the page began; 0 is at once.')),
                ('channel', models.CharField(choices=[('sms', 'SMS'), ('voice', 'Call'), ('email', 'E-mail')], max_length=5)),
                ('contact', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rules', to='paging.contactmethod')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notification_rules', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['urgency', 'delay_s', 'channel'],
                'constraints': [models.UniqueConstraint(fields=('person', 'urgency', 'delay_s', 'channel', 'contact'), name='one_rule_each'), models.CheckConstraint(condition=models.Q(('channel__in', ['sms', 'voice', 'email'])), name='rule_channel_known'), models.CheckConstraint(condition=models.Q(('delay_s__lte', 3600)), name='rule_within_an_hour')],
            },
        ),
        migrations.CreateModel(
            name='Page',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('key', models.CharField(max_length=200, unique=True)),
                ('urgency', models.CharField(choices=[('high', 'High (SEV-1 and SEV-2)'), ('low', 'Low')], max_length=4)),
                ('severity', models.PositiveSmallIntegerField()),
                ('reference', models.CharField(help_text='The code to reply with; never used twice for one person.', max_length=4)),
                ('title', models.CharField(max_length=300)),
                ('text', models.TextField(blank=True)),
                ('url', models.CharField(blank=True, max_length=300)),
                ('answer_path', models.CharField(max_length=100)),
                ('state', models.CharField(choices=[('calling', 'calling'), ('answered', 'answered'), ('unanswered', 'not answered'), ('unreachable', 'not reached by any way'), ('cancelled', 'no longer needed')], default='calling', max_length=12)),
                ('ladder', models.JSONField()),
                ('next_rung', models.PositiveSmallIntegerField(default=0)),
                ('next_due', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('ended_why', models.CharField(blank=True, max_length=300)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='pages', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['created_at'],
                'indexes': [models.Index(condition=models.Q(('state', 'calling')), fields=['next_due'], name='page_due'), models.Index(condition=models.Q(('state', 'calling')), fields=['person', 'created_at'], name='page_calling_by_person')],
                'constraints': [models.UniqueConstraint(fields=('person', 'reference'), name='one_reference_per_person'), models.CheckConstraint(condition=models.Q(('state__in', ['calling', 'answered', 'unanswered', 'unreachable', 'cancelled'])), name='page_state_known'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('next_due__isnull', False), ('state', 'calling')), models.Q(models.Q(('state', 'calling'), _negated=True), ('ended_at__isnull', False), ('next_due__isnull', True)), _connector='OR'), name='page_calling_has_next_due'), models.CheckConstraint(condition=models.Q(('severity__range', (1, 5))), name='page_severity_1_to_5')],
            },
        ),
        migrations.CreateModel(
            name='Attempt',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('n', models.PositiveSmallIntegerField()),
                ('rung', models.PositiveSmallIntegerField(default=0)),
                ('tries', models.PositiveSmallIntegerField(default=1, help_text='Which send of this rung it is.')),
                ('channel', models.CharField(choices=[('sms', 'SMS'), ('voice', 'Call'), ('email', 'E-mail')], max_length=5)),
                ('address', models.CharField(max_length=254)),
                ('body', models.TextField()),
                ('state', models.CharField(choices=[('intent', 'about to be sent'), ('unknown', 'sent, but the answer was lost'), ('accepted', 'with the provider'), ('finished', 'finished'), ('refused', 'refused by the provider'), ('lost', 'never arrived at the provider')], default='intent', max_length=8)),
                ('sid', models.CharField(blank=True, max_length=40)),
                ('status', models.CharField(blank=True, help_text="The provider's own word for where it is.", max_length=20)),
                ('rank', models.SmallIntegerField(default=0)),
                ('sequence', models.SmallIntegerField(default=-1)),
                ('error_code', models.CharField(blank=True, max_length=10)),
                ('error_text', models.CharField(blank=True, max_length=300)),
                ('started_at', models.DateTimeField()),
                ('accepted_at', models.DateTimeField(blank=True, null=True)),
                ('told_at', models.DateTimeField(blank=True, null=True)),
                ('answered_at', models.DateTimeField(blank=True, null=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('look_at', models.DateTimeField(blank=True, null=True)),
                ('lease_token', models.UUIDField(blank=True, null=True)),
                ('contact', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to='paging.contactmethod')),
                ('notice', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='attempts', to='paging.notice')),
                ('page', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='attempts', to='paging.page')),
            ],
            options={
                'ordering': ['started_at', 'n'],
                'indexes': [models.Index(condition=models.Q(('look_at__isnull', False)), fields=['look_at'], name='attempt_to_look_at')],
                'constraints': [models.UniqueConstraint(fields=('page', 'n'), name='one_attempt_n_per_page'), models.UniqueConstraint(fields=('notice', 'n'), name='one_attempt_n_per_notice'), models.UniqueConstraint(condition=models.Q(('sid', ''), _negated=True), fields=('sid',), name='one_attempt_per_sid'), models.CheckConstraint(condition=models.Q(models.Q(('notice__isnull', True), ('page__isnull', False)), models.Q(('notice__isnull', False), ('page__isnull', True)), _connector='OR'), name='attempt_of_page_or_notice'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('look_at__isnull', False), ('state__in', ['intent', 'unknown', 'accepted'])), models.Q(('ended_at__isnull', False), ('look_at__isnull', True), ('state__in', ['finished', 'refused', 'lost'])), _connector='OR'), name='attempt_settled_or_looked_at'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'accepted'), _negated=True), models.Q(models.Q(('sid', ''), _negated=True), ('accepted_at__isnull', False)), _connector='OR'), name='attempt_accepted_has_sid')],
            },
        ),
        migrations.CreateModel(
            name='Callback',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sid', models.CharField(max_length=40)),
                ('status', models.CharField(max_length=20)),
                ('sequence', models.SmallIntegerField(default=-1)),
                ('error_code', models.CharField(blank=True, max_length=10)),
                ('received_at', models.DateTimeField()),
                ('attempt', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='callbacks', to='paging.attempt')),
            ],
            options={
                'ordering': ['received_at'],
                'constraints': [models.UniqueConstraint(fields=('attempt', 'status', 'sid'), name='one_callback_each')],
            },
        ),
    ]
