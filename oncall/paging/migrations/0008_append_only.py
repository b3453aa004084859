"""What a provider reported is never edited: PostgreSQL refuses, whoever asks."""

from django.db import migrations

CREATE = """
CREATE FUNCTION paging_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: a row there is never changed or removed. Add another row instead.', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON paging_callback
    FOR EACH ROW EXECUTE FUNCTION paging_refuse_change();
"""
DROP = "DROP TRIGGER append_only ON paging_callback; DROP FUNCTION paging_refuse_change();"


class Migration(migrations.Migration):

    dependencies = [("paging", "0007_breaker")]

    operations = [migrations.RunSQL(CREATE, DROP)]
