"""A schedule that an open alarm will ask is not deleted: PostgreSQL refuses, whoever asks."""

from django.db import migrations

CREATE = """
CREATE FUNCTION alarms_keep_schedule() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM alarms_alarm
         WHERE state <> 'resolved'
           AND plan @> jsonb_build_object('steps', jsonb_build_array(jsonb_build_object('targets',
               jsonb_build_array(jsonb_build_object('kind', 'schedule', 'id', OLD.id::text)))))
    ) THEN
        RAISE EXCEPTION 'An open alarm calls %. Resolve it, or let it take another policy, first.', OLD.name
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER used_by_open_alarms BEFORE DELETE ON schedule_schedule
    FOR EACH ROW EXECUTE FUNCTION alarms_keep_schedule();
"""
DROP = "DROP TRIGGER used_by_open_alarms ON schedule_schedule; DROP FUNCTION alarms_keep_schedule();"


class Migration(migrations.Migration):

    dependencies = [("alarms", "0010_leads"), ("schedule", "0001_initial")]

    operations = [migrations.RunSQL(CREATE, DROP)]
