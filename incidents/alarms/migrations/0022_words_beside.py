"""The words of an alarm, its description and the notes on it are a row beside it, kept by triggers: the alarm's own row
changes with each step, and each time its words were indexed anew.
"""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models

from oncall.words import functions

# Of a description its first 500 letters: programs paste whole logs, and a storm of those is to be taken as it comes.
CREATE = """
CREATE FUNCTION alarms_words(about alarms_alarm) RETURNS tsvector LANGUAGE sql IMMUTABLE AS $$
    SELECT words_called(about.title) || words_called(about.key)
        || setweight(words_of(about.title), 'A') || '/:20'::tsvector
        || setweight(words_of(about.key || ' / ' || about.product), 'B') || '/:20'::tsvector
        || words_of(left(about.description, 500))
$$;
CREATE FUNCTION alarms_keep_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO alarms_alarmwords (alarm_id, words) VALUES (NEW.id, alarms_words(NEW));
    RETURN NULL;
END $$;
CREATE FUNCTION alarms_change_words() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    all_of_it tsvector := alarms_words(NEW);
    note text;
BEGIN
    PERFORM 1 FROM alarms_alarmwords WHERE alarm_id = NEW.id FOR UPDATE;
    FOR note IN SELECT l.text FROM alarms_logentry l WHERE l.alarm_id = NEW.id AND l.kind = 'note' ORDER BY l.id LOOP
        all_of_it := words_and(all_of_it, note);
    END LOOP;
    UPDATE alarms_alarmwords SET words = all_of_it WHERE alarm_id = NEW.id;
    RETURN NULL;
END $$;
CREATE FUNCTION alarms_add_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE alarms_alarmwords SET words = words_and(words, NEW.text) WHERE alarm_id = NEW.alarm_id;
    RETURN NULL;
END $$;
INSERT INTO alarms_alarmwords (alarm_id, words)
    SELECT a.id, alarms_words(a) FROM alarms_alarm a ORDER BY a.fired_at, a.id;
UPDATE alarms_alarmwords SET words = words_and(words, said.text)
    FROM (
        SELECT alarm_id, string_agg(text, E'\\n' ORDER BY id) AS text
          FROM alarms_logentry WHERE kind = 'note' GROUP BY alarm_id
    ) AS said
    WHERE said.alarm_id = alarms_alarmwords.alarm_id;
CREATE TRIGGER keep_words AFTER INSERT ON alarms_alarm
    FOR EACH ROW EXECUTE FUNCTION alarms_keep_words();
CREATE TRIGGER keep_changed_words AFTER UPDATE OF title, key, product, description ON alarms_alarm
    FOR EACH ROW WHEN (
        (OLD.title, OLD.key, OLD.product, OLD.description)
        IS DISTINCT FROM (NEW.title, NEW.key, NEW.product, NEW.description)
    )
    EXECUTE FUNCTION alarms_change_words();
CREATE TRIGGER add_words AFTER INSERT ON alarms_logentry
    FOR EACH ROW WHEN (NEW.kind = 'note') EXECUTE FUNCTION alarms_add_words();
"""
DROP = """
DROP TRIGGER add_words ON alarms_logentry;
DROP TRIGGER keep_changed_words ON alarms_alarm;
DROP TRIGGER keep_words ON alarms_alarm;
DROP FUNCTION alarms_add_words();
DROP FUNCTION alarms_change_words();
DROP FUNCTION alarms_keep_words();
DROP FUNCTION alarms_words(alarms_alarm);
"""


class Migration(migrations.Migration):
    dependencies = [("alarms", "0021_words")]

    operations = [
        migrations.RemoveIndex(model_name="alarm", name="alarm_by_words"),
        migrations.RemoveIndex(model_name="logentry", name="notes_by_words"),
        migrations.CreateModel(
            name="AlarmWords",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("words", django.contrib.postgres.search.SearchVectorField()),
                (
                    "alarm",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="searched",
                        to="alarms.alarm",
                    ),
                ),
            ],
            options={
                "indexes": [django.contrib.postgres.indexes.GinIndex(fields=["words"], name="alarm_words")],
            },
        ),
        functions(),
        migrations.RunSQL(CREATE, DROP),
    ]
