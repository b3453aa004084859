import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('alarms', '0020_held_further'),
        ('command', '0003_calls'),
        ('runs', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Tie',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('alarm', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='run_ties', to='alarms.alarm')),
                ('incident', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='run_ties', to='command.incident')),
                ('run', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='tie', to='runs.run')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('alarm__isnull', False), ('incident__isnull', True)), models.Q(('alarm__isnull', True), ('incident__isnull', False)), _connector='OR'), name='tie_to_one')],
            },
        ),
        migrations.CreateModel(
            name='SkillCall',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('step', models.PositiveSmallIntegerField()),
                ('skill', models.CharField(max_length=200)),
                ('cycle', models.PositiveIntegerField()),
                ('pages', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), blank=True, default=list, size=None)),
                ('at', models.DateTimeField()),
                ('alarm', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='alarms.alarm')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='calls', to='runs.run')),
            ],
            options={
                'ordering': ['at', 'id'],
            },
        ),
    ]
