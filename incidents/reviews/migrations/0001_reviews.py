

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models

from oncall.append_only import append_only
from oncall.words import functions

# What a review is found by is written with its text; its incident's title is part of it. It stands in the row itself
# where it fits a page, as that of incidents does (incidents/command/migrations/0006).
CREATE_WORDS = """
ALTER TABLE reviews_reviewwords ALTER COLUMN words SET STORAGE MAIN;
CREATE FUNCTION reviews_words(about reviews_review) RETURNS tsvector LANGUAGE plpgsql STABLE AS $$
DECLARE
    words tsvector;
    section text;
BEGIN
    SELECT words_called(i.title) || setweight(words_of(i.title), 'A') INTO STRICT words
        FROM command_incident i WHERE i.id = about.incident_id;
    FOR section IN SELECT value FROM jsonb_each_text(about.content) LOOP
        words := words_and(words, section);
    END LOOP;
    RETURN words_and(words, about.published_text);
END $$;
CREATE FUNCTION reviews_write_words(about reviews_review) RETURNS void LANGUAGE sql AS $$
    INSERT INTO reviews_reviewwords (review_id, words) VALUES (about.id, reviews_words(about))
        ON CONFLICT (review_id) DO UPDATE SET words = EXCLUDED.words
$$;
CREATE FUNCTION reviews_keep_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM reviews_write_words(NEW);
    RETURN NULL;
END $$;
CREATE FUNCTION reviews_keep_title() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM reviews_write_words(r) FROM reviews_review r WHERE r.incident_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER keep_words AFTER INSERT ON reviews_review
    FOR EACH ROW EXECUTE FUNCTION reviews_keep_words();
CREATE TRIGGER keep_changed_words AFTER UPDATE OF content, published_text ON reviews_review
    FOR EACH ROW WHEN ((OLD.content, OLD.published_text) IS DISTINCT FROM (NEW.content, NEW.published_text))
    EXECUTE FUNCTION reviews_keep_words();
CREATE TRIGGER keep_words_of_review AFTER UPDATE OF title ON command_incident
    FOR EACH ROW WHEN (OLD.title IS DISTINCT FROM NEW.title) EXECUTE FUNCTION reviews_keep_title();
"""
DROP_WORDS = """
DROP TRIGGER keep_words_of_review ON command_incident;
DROP TRIGGER keep_changed_words ON reviews_review;
DROP TRIGGER keep_words ON reviews_review;
DROP FUNCTION reviews_keep_title();
DROP FUNCTION reviews_keep_words();
DROP FUNCTION reviews_write_words(reviews_review);
DROP FUNCTION reviews_words(reviews_review);
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('command', '0001_initial'),
        ('people', '0009_midnight'),
        ('work', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CatchUp',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('incident', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='catch_up', to='command.incident')),
                ('work', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='work.workitem')),
            ],
            options={
                'ordering': ['at'],
            },
        ),
        migrations.CreateModel(
            name='Review',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(default='draft', max_length=9)),
                ('severity', models.PositiveSmallIntegerField(help_text="By which it is due; the incident's, as last looked at.")),
                ('drafted_at', models.DateTimeField()),
                ('due_at', models.DateTimeField(blank=True, null=True)),
                ('calendar', models.CharField(blank=True, help_text='Whose working days it is due by; empty: days.', max_length=80)),
                ('remind_at', models.DateTimeField(blank=True, null=True)),
                ('ended_at', models.DateTimeField(blank=True, help_text='When its incident was over, as last looked at.', null=True)),
                ('content', models.JSONField(default=dict, help_text='Text by section (drafting.SECTIONS).')),
                ('version', models.PositiveIntegerField(default=1)),
                ('cause', models.CharField(blank=True, choices=[('service', 'service'), ('database', 'database'), ('network', 'network'), ('pipeline', 'pipeline'), ('observatory', 'observatory'), ('other', 'other')], max_length=12)),
                ('impact_starts_at', models.DateTimeField(blank=True, null=True)),
                ('impact_ends_at', models.DateTimeField(blank=True, null=True)),
                ('figures', models.JSONField()),
                ('figures_at', models.DateTimeField()),
                ('recounted', models.JSONField(blank=True, null=True)),
                ('recounted_at', models.DateTimeField(blank=True, null=True)),
                ('count_at', models.DateTimeField(blank=True, help_text='When a rule looks whether it can be counted for good.', null=True)),
                ('reviewed_at', models.DateTimeField(blank=True, null=True)),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('published', models.JSONField(default=dict, help_text='Title, text by section and actions, without names.')),
                ('published_text', models.TextField(blank=True, help_text='All of it, to be searched.')),
                ('published_at', models.DateTimeField(blank=True, null=True)),
                ('closed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('drafted_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('incident', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='review', to='command.incident')),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reviews_owned', to=settings.AUTH_USER_MODEL)),
                ('published_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('reviewed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('reviewers', models.ManyToManyField(blank=True, related_name='reviews_to_look_at', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-drafted_at'],
                'indexes': [models.Index(condition=models.Q(('remind_at__isnull', False)), fields=['remind_at'], name='review_reminds'), models.Index(condition=models.Q(('published_at__isnull', False)), fields=['-published_at'], name='review_published')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ('draft', 'in_review', 'reviewed', 'closed'))), name='review_state_known'), models.CheckConstraint(condition=models.Q(('cause__in', ['', 'service', 'database', 'network', 'pipeline', 'observatory', 'other'])), name='review_cause_known'), models.CheckConstraint(condition=models.Q(models.Q(('reviewed_at__isnull', False), ('reviewed_by__isnull', False), ('state__in', ['reviewed', 'closed']), models.Q(('owner__isnull', True), models.Q(('reviewed_by', models.F('owner')), _negated=True), _connector='OR')), models.Q(('reviewed_at__isnull', True), ('reviewed_by__isnull', True), ('state__in', ['draft', 'in_review'])), _connector='OR'), name='review_by_a_second_person'), models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', False), ('closed_by__isnull', False), ('state', 'closed')), models.Q(models.Q(('state', 'closed'), _negated=True), ('closed_at__isnull', True), ('closed_by__isnull', True)), _connector='OR'), name='review_closed_says_when'), models.CheckConstraint(condition=models.Q(models.Q(('published_at__isnull', False), ('published_by__isnull', False)), models.Q(('published_at__isnull', True), ('published_by__isnull', True), ('published_text', '')), _connector='OR'), name='review_published_by_somebody'), models.CheckConstraint(condition=models.Q(('impact_starts_at__isnull', True), ('impact_ends_at__isnull', True), ('impact_starts_at__lt', models.F('impact_ends_at')), _connector='OR'), name='review_impact_starts_before_it_ends')],
            },
        ),
        migrations.CreateModel(
            name='ReviewWords',
            fields=[
                ('review', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='searched', serialize=False, to='reviews.review')),
                ('words', django.contrib.postgres.search.SearchVectorField()),
            ],
            options={
                'indexes': [django.contrib.postgres.indexes.GinIndex(fields=['words'], name='review_words')],
            },
        ),
        migrations.CreateModel(
            name='ActionItem',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('title', models.CharField(max_length=200)),
                ('kind', models.CharField(choices=[('process', 'process'), ('docs', 'documentation'), ('technical', 'technical')], max_length=9)),
                ('due_on', models.DateField()),
                ('ticket', models.CharField(blank=True, help_text='Address of a ticket elsewhere; empty: none yet.', max_length=1000)),
                ('ticket_name', models.CharField(blank=True, help_text='How it is called there, such as DM-12345.', max_length=80)),
                ('made_at', models.DateTimeField()),
                ('done_at', models.DateTimeField(blank=True, null=True)),
                ('done_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.team')),
                ('work', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='review_action', to='work.workitem')),
                ('review', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='actions', to='reviews.review')),
            ],
            options={
                'ordering': ['due_on', 'made_at'],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['process', 'docs', 'technical'])), name='action_kind_known'), models.CheckConstraint(condition=models.Q(models.Q(('owner__isnull', False), ('team__isnull', True)), models.Q(('owner__isnull', True), ('team__isnull', False)), _connector='OR'), name='action_is_a_persons_or_a_teams'), models.CheckConstraint(condition=models.Q(models.Q(('done_at__isnull', True), ('done_by__isnull', True)), models.Q(('done_at__isnull', False), ('done_by__isnull', False)), _connector='OR'), name='action_done_says_who')],
            },
        ),
        migrations.CreateModel(
            name='TicketRequest',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('tracker', models.CharField(choices=[('jira', 'Jira'), ('github', 'GitHub')], max_length=6)),
                ('state', models.CharField(choices=[('waiting', 'on its way'), ('made', 'made'), ('failed', 'failed'), ('dropped', 'not made')], default='waiting', max_length=7)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('next_due', models.DateTimeField(blank=True, null=True)),
                ('lease_token', models.UUIDField(blank=True, null=True)),
                ('asked_at', models.DateTimeField(blank=True, null=True)),
                ('error_text', models.CharField(blank=True, max_length=300)),
                ('wanted_at', models.DateTimeField()),
                ('action', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='request', to='reviews.actionitem')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['wanted_at'],
                'indexes': [models.Index(condition=models.Q(('next_due__isnull', False)), fields=['next_due'], name='ticket_due')],
                'constraints': [models.CheckConstraint(condition=models.Q(('tracker__in', ['jira', 'github'])), name='ticket_tracker_known'), models.CheckConstraint(condition=models.Q(models.Q(('next_due__isnull', False), ('state', 'waiting')), models.Q(('next_due__isnull', True), ('state__in', ['made', 'failed', 'dropped'])), _connector='OR'), name='ticket_waits_or_ended')],
            },
        ),
        migrations.CreateModel(
            name='Version',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('content', models.JSONField()),
                ('at', models.DateTimeField()),
                ('what', models.CharField(help_text='What was done: drafted, changed, reviewed.', max_length=200)),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('review', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='reviews.review')),
            ],
            options={
                'ordering': ['-number'],
                'constraints': [models.UniqueConstraint(fields=('review', 'number'), name='review_versions_count')],
            },
        ),
        append_only("reviews_version"),
        functions(),
        migrations.RunSQL(CREATE_WORDS, DROP_WORDS),
    ]
