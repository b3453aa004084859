import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('command', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Stranger',
            fields=[
                ('user', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=120)),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Mirror',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('wanted', 'not made yet'), ('open', 'open'), ('archived', 'archived'), ('stopped', 'stopped')], default='wanted', max_length=8)),
                ('asked_at', models.DateTimeField()),
                ('name', models.CharField(blank=True, help_text='Of the channel, once we have asked for it.', max_length=80)),
                ('nth_name', models.PositiveSmallIntegerField(default=1, help_text="Names tried; those before were others'.")),
                ('channel', models.CharField(blank=True, help_text="Slack's id of it; empty: not made yet.", max_length=40)),
                ('private', models.BooleanField(default=False)),
                ('marked', models.BooleanField(default=False, help_text='Its purpose says what it is: it is known to be ours.')),
                ('crowd_changed', models.BooleanField(default=False, help_text='Somebody came in: whether they may is to be looked at.')),
                ('topic', models.CharField(blank=True, help_text='As it was set last.', max_length=250)),
                ('cursor', models.CharField(blank=True, help_text='How far the timeline was read; empty: not yet.', max_length=60)),
                ('heard_until', models.CharField(blank=True, help_text="Slack's name of the newest message read there.", max_length=40)),
                ('looked_at', models.DateTimeField(blank=True, null=True)),
                ('next_due', models.DateTimeField(blank=True, null=True)),
                ('lease_token', models.UUIDField(blank=True, null=True)),
                ('tries', models.PositiveIntegerField(default=0, help_text='That failed, one after the other.')),
                ('error_text', models.CharField(blank=True, max_length=300)),
                ('failing_since', models.DateTimeField(blank=True, null=True)),
                ('asked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('incident', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='mirror', to='command.incident')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('next_due__isnull', False)), fields=['next_due'], name='mirrors_due')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('channel', ''), _negated=True), fields=('channel',), name='one_mirror_per_channel'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'open'), _negated=True), models.Q(('channel', ''), _negated=True), _connector='OR'), name='mirror_open_has_channel'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['wanted', 'open']), _negated=True), ('next_due__isnull', False), _connector='OR'), name='mirror_at_work_is_due')],
            },
        ),
        migrations.CreateModel(
            name='Line',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(help_text='Of the line, as the timeline calls it.', max_length=80)),
                ('text', models.TextField(help_text="In Slack's markup.")),
                ('answers', models.CharField(blank=True, help_text='Key of the line that it corrects.', max_length=80)),
                ('edition', models.PositiveIntegerField(default=1)),
                ('shown_edition', models.PositiveIntegerField(default=0)),
                ('ts', models.CharField(blank=True, help_text="Slack's name of the message; empty: not known to it.", max_length=40)),
                ('tries', models.PositiveSmallIntegerField(default=0, help_text='Of this edition, that may have been taken.')),
                ('refused', models.PositiveSmallIntegerField(default=0, help_text='How often Slack would not have it.')),
                ('left_out', models.BooleanField(default=False, help_text='Older than the channel, or nothing that Slack takes.')),
                ('error_text', models.CharField(blank=True, max_length=300)),
                ('mirror', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='mirror.mirror')),
            ],
            options={
                'ordering': ['pk'],
                'indexes': [models.Index(condition=models.Q(('left_out', False), ('shown_edition__lt', models.F('edition'))), fields=['mirror', 'id'], name='lines_waiting')],
                'constraints': [models.UniqueConstraint(fields=('mirror', 'key'), name='one_message_per_line'), models.UniqueConstraint(condition=models.Q(('ts', ''), _negated=True), fields=('mirror', 'ts'), name='one_line_per_message')],
            },
        ),
        migrations.CreateModel(
            name='Heard',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ts', models.CharField(max_length=40)),
                ('change', models.CharField(blank=True, help_text='When it was changed, or “gone”; empty: as said.', max_length=40)),
                ('thread', models.CharField(blank=True, help_text='The message that it answers.', max_length=40)),
                ('user', models.CharField(max_length=40)),
                ('text', models.TextField(blank=True, help_text="In Slack's markup; links of files below it.")),
                ('at', models.DateTimeField(help_text='When it was said, by our clock.')),
                ('heard_at', models.DateTimeField()),
                ('tries', models.PositiveSmallIntegerField(default=0, help_text='To learn what people in it are called.')),
                ('done_at', models.DateTimeField(blank=True, null=True)),
                ('nth', models.PositiveIntegerField(blank=True, null=True)),
                ('mirror', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='heard', to='mirror.mirror')),
            ],
            options={
                'ordering': ['pk'],
                'indexes': [models.Index(condition=models.Q(('done_at__isnull', True)), fields=['mirror', 'id'], name='heard_waiting')],
                'constraints': [models.UniqueConstraint(fields=('mirror', 'ts', 'change'), name='heard_once')],
            },
        ),
        migrations.CreateModel(
            name='Guest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('user', models.CharField(max_length=40)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('done_at', models.DateTimeField(blank=True, null=True)),
                ('error_text', models.CharField(blank=True, help_text='Why Slack would not; empty: they are in.', max_length=300)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('mirror', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='guests', to='mirror.mirror')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('done_at__isnull', True)), fields=['mirror'], name='guests_waiting')],
                'constraints': [models.UniqueConstraint(fields=('mirror', 'user'), name='each_account_invited_once')],
            },
        ),
    ]
