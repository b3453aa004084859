"""The words of an incident and of every line of its timeline are one row, kept by triggers: it is found by one index."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models

from oncall.words import functions

# An incident is locked by who writes a line; the row of its words is locked as well, for who does not. Words stand in
# the row itself where they fit a page: PostgreSQL does not count what it costs to fetch them from elsewhere, and would
# rather read them all than ask the index.
CREATE = """
ALTER TABLE command_incidentwords ALTER COLUMN words SET STORAGE MAIN;
CREATE FUNCTION command_words(about command_incident) RETURNS tsvector LANGUAGE plpgsql STABLE AS $$
DECLARE
    words tsvector := words_called(about.title) || setweight(words_of(about.title), 'A');
    line text;
BEGIN
    words := words_and(words, about.summary, 'B');
    FOR line IN SELECT e.text FROM command_entry e WHERE e.incident_id = about.id ORDER BY e.nth LOOP
        words := words_and(words, line);
    END LOOP;
    RETURN words;
END $$;
CREATE FUNCTION command_keep_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM command_incidentwords WHERE incident_id = NEW.id FOR UPDATE;
    INSERT INTO command_incidentwords (incident_id, words) VALUES (NEW.id, command_words(NEW))
        ON CONFLICT (incident_id) DO UPDATE SET words = EXCLUDED.words;
    RETURN NULL;
END $$;
CREATE FUNCTION command_add_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE command_incidentwords SET words = words_and(words, NEW.text) WHERE incident_id = NEW.incident_id;
    RETURN NULL;
END $$;
INSERT INTO command_incidentwords (incident_id, words) SELECT i.id, command_words(i) FROM command_incident i;
CREATE TRIGGER keep_words AFTER INSERT ON command_incident
    FOR EACH ROW EXECUTE FUNCTION command_keep_words();
CREATE TRIGGER keep_changed_words AFTER UPDATE OF title, summary ON command_incident
    FOR EACH ROW WHEN ((OLD.title, OLD.summary) IS DISTINCT FROM (NEW.title, NEW.summary))
    EXECUTE FUNCTION command_keep_words();
CREATE TRIGGER add_words AFTER INSERT ON command_entry
    FOR EACH ROW EXECUTE FUNCTION command_add_words();
"""
DROP = """
DROP TRIGGER add_words ON command_entry;
DROP TRIGGER keep_changed_words ON command_incident;
DROP TRIGGER keep_words ON command_incident;
DROP FUNCTION command_add_words();
DROP FUNCTION command_keep_words();
DROP FUNCTION command_words(command_incident);
"""


class Migration(migrations.Migration):
    dependencies = [("command", "0005_changed")]

    operations = [
        migrations.RemoveIndex(model_name="incident", name="incident_by_words"),
        migrations.CreateModel(
            name="IncidentWords",
            fields=[
                (
                    "incident",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="searched",
                        serialize=False,
                        to="command.incident",
                    ),
                ),
                ("words", django.contrib.postgres.search.SearchVectorField()),
            ],
            options={
                "indexes": [django.contrib.postgres.indexes.GinIndex(fields=["words"], name="incident_words")],
            },
        ),
        functions(),
        migrations.RunSQL(CREATE, DROP),
    ]
