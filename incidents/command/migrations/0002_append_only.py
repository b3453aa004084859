"""Lines of a timeline are never edited: PostgreSQL refuses, whoever asks."""

from django.db import migrations

CREATE = """
CREATE FUNCTION command_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW IS NOT DISTINCT FROM OLD THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only: a line is never changed or removed. Add another one.', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON command_entry
    FOR EACH ROW EXECUTE FUNCTION command_refuse_change();
"""
DROP = "DROP TRIGGER append_only ON command_entry; DROP FUNCTION command_refuse_change();"


class Migration(migrations.Migration):

    dependencies = [("command", "0001_initial")]

    operations = [migrations.RunSQL(CREATE, DROP)]
