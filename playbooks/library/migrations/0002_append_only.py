"""What a playbook said is never edited: PostgreSQL refuses, whoever asks."""

from django.db import migrations

CREATE = """
CREATE FUNCTION library_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW IS NOT DISTINCT FROM OLD THEN
        RETURN NEW;  -- a row that is loaded again as it is
    END IF;
    RAISE EXCEPTION '% is append-only: a row there is never changed or removed. Add another row instead.', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON library_revision
    FOR EACH ROW EXECUTE FUNCTION library_refuse_change();
"""
DROP = "DROP TRIGGER append_only ON library_revision; DROP FUNCTION library_refuse_change();"


class Migration(migrations.Migration):
    dependencies = [("library", "0001_initial")]

    operations = [migrations.RunSQL(CREATE, DROP)]
