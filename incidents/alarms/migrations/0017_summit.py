import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('alarms', '0016_silence_log_append_only'),
        ('escalation', '0002_owners'),
        ('people', '0006_system_person'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CallerPin',
            fields=[
                ('person', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='caller_pin', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('pin', models.CharField(help_text='Hashed as passwords are.', max_length=128)),
                ('set_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='SummitLine',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=80, unique=True)),
                ('number', models.CharField(help_text='E.164.', max_length=20, unique=True)),
                ('pin', models.CharField(help_text='Hashed as passwords are.', max_length=128)),
                ('severity', models.PositiveSmallIntegerField(default=2)),
                ('is_enabled', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField()),
                ('kept_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('policy', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='escalation.escalationpolicy')),
            ],
            options={
                'ordering': ['name'],
                'constraints': [models.CheckConstraint(condition=models.Q(('severity__range', (1, 5))), name='summit_line_severity_1_to_5'), models.CheckConstraint(condition=models.Q(('number__regex', '^\\+[1-9][0-9]{6,14}$')), name='summit_line_has_a_number'), models.CheckConstraint(condition=models.Q(('pin', ''), _negated=True), name='summit_line_has_a_pin')],
            },
        ),
        migrations.CreateModel(
            name='SummitCall',
            fields=[
                ('sid', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('began_at', models.DateTimeField()),
                ('said', models.CharField(blank=True, choices=[('no_alerts', 'Images are taken, no alerts go out'), ('other', 'Somebody calls for help')], max_length=10)),
                ('wrong_pins', models.PositiveSmallIntegerField(default=0)),
                ('proved_at', models.DateTimeField(blank=True, null=True)),
                ('alarm', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='alarms.alarm')),
                ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('line', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='calls', to='alarms.summitline')),
            ],
            options={
                'ordering': ['-began_at'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('line__isnull', False), ('person__isnull', True)), models.Q(('line__isnull', True), ('person__isnull', False)), _connector='OR'), name='summit_call_of_a_line_or_a_person'), models.CheckConstraint(condition=models.Q(('alarm__isnull', True), ('proved_at__isnull', False), _connector='OR'), name='summit_call_raises_with_a_pin')],
            },
        ),
    ]
