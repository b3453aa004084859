import django.core.validators
import django.db.models.constraints
import django.db.models.deletion
import oncall.people.models
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('people', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Schedule',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=80, unique=True)),
                ('slug', models.SlugField(max_length=60, unique=True)),
                ('description', models.TextField(blank=True, max_length=2000)),
                ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='people.team')),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Rotation',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('role', models.CharField(choices=[('primary', 'Primary'), ('secondary', 'Secondary'), ('shadow', 'Shadow')], default='primary', max_length=10)),
                ('name', models.CharField(max_length=80)),
                ('time_zone', models.CharField(default='UTC', max_length=64, validators=[oncall.people.models.check_time_zone])),
                ('unit', models.CharField(choices=[('day', 'Day'), ('week', 'Week')], default='week', max_length=4)),
                ('every', models.PositiveSmallIntegerField(default=1, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(52)])),
                ('first_on', models.DateField(help_text='The date of the first handoff; it may lie in the future.')),
                ('handoff_time', models.TimeField(help_text='On the wall clock of the time zone.')),
                ('schedule', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rotations', to='schedule.schedule')),
            ],
            options={
                'ordering': ['schedule', 'role'],
                'constraints': [models.UniqueConstraint(fields=('schedule', 'role'), name='one_rotation_per_role', violation_error_message='This schedule has a rotation for that role. Edit that one.'), models.CheckConstraint(condition=models.Q(('role__in', ['primary', 'secondary', 'shadow'])), name='rotation_role_known'), models.CheckConstraint(condition=models.Q(('unit__in', ['day', 'week'])), name='rotation_unit_known'), models.CheckConstraint(condition=models.Q(('every__gte', 1), ('every__lte', 52)), name='rotation_every_in_range'), models.CheckConstraint(condition=models.Q(('first_on__gte', '1990-01-01'), ('first_on__lte', '2100-12-31')), name='rotation_begins_in_our_time', violation_error_message='Write a date between 1990 and 2100.')],
            },
        ),
        migrations.CreateModel(
            name='Participant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField()),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='turns', to=settings.AUTH_USER_MODEL)),
                ('rotation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='participants', to='schedule.rotation')),
            ],
            options={
                'ordering': ['position'],
                'constraints': [models.UniqueConstraint(deferrable=django.db.models.constraints.Deferrable['DEFERRED'], fields=('rotation', 'position'), name='one_person_per_place')],
            },
        ),
    ]
