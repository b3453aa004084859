import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('people', '0009_midnight'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Playbook',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('slug', models.SlugField(help_text='The short name, as in p6; it never changes.', max_length=40, unique=True)),
                ('title', models.CharField(max_length=200)),
                ('products', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), blank=True, default=list, size=None)),
                ('alarms', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), blank=True, default=list, size=None)),
                ('steps', models.PositiveSmallIntegerField(default=0, help_text='How many it has.')),
                ('revision', models.PositiveIntegerField(help_text='The newest.')),
                ('reviewed_at', models.DateTimeField()),
                ('retired_at', models.DateTimeField(blank=True, null=True)),
                ('owner_team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='playbooks', to='people.team')),
                ('reviewed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['title', 'slug'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('title', ''), _negated=True), ('steps__gte', 1)), name='playbook_has_a_title_and_steps'), models.CheckConstraint(condition=models.Q(('revision__gte', 1)), name='playbook_has_a_revision'), models.CheckConstraint(condition=models.Q(('slug__regex', '^[a-z][a-z0-9-]{0,39}$')), name='playbook_slug_is_plain')],
            },
        ),
        migrations.CreateModel(
            name='Revision',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('n', models.PositiveIntegerField()),
                ('source', models.TextField(max_length=100000)),
                ('at', models.DateTimeField()),
                ('message', models.CharField(blank=True, help_text='What is new in it.', max_length=200)),
                ('is_from_file', models.BooleanField(default=False)),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('playbook', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='revisions', to='library.playbook')),
            ],
            options={
                'ordering': ['playbook', '-n'],
                'indexes': [django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.search.SearchVector('source', config='english'), name='revision_by_words')],
                'constraints': [models.UniqueConstraint(fields=('playbook', 'n'), name='one_revision_of_a_number'), models.CheckConstraint(condition=models.Q(('n__gte', 1)), name='revision_counts_from_1'), models.CheckConstraint(condition=models.Q(('source', ''), _negated=True), name='revision_says_something')],
            },
        ),
    ]
