"""What happened to an alarm is never edited: PostgreSQL refuses, whoever asks."""

from django.db import migrations

CREATE = """
CREATE FUNCTION alarms_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: a row there is never changed or removed. Add another row instead.', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON alarms_logentry
    FOR EACH ROW EXECUTE FUNCTION alarms_refuse_change();
"""
DROP = "DROP TRIGGER append_only ON alarms_logentry; DROP FUNCTION alarms_refuse_change();"


class Migration(migrations.Migration):

    dependencies = [("alarms", "0007_second_thoughts")]

    operations = [migrations.RunSQL(CREATE, DROP)]
