"""What the ground rules said, and who accepted them, is never edited: PostgreSQL refuses, whoever asks."""

from django.db import migrations

TABLES = ("ground_rules_version", "ground_rules_acceptance")

CREATE = """
CREATE FUNCTION ground_rules_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW IS NOT DISTINCT FROM OLD THEN
        RETURN NEW;  -- a row that is loaded again as it is
    END IF;
    RAISE EXCEPTION '% is append-only: a row there is never changed or removed. Add another row instead.', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
""" + "".join(
    f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}"
    " FOR EACH ROW EXECUTE FUNCTION ground_rules_refuse_change();"
    for table in TABLES
)
DROP = (
    "".join(f"DROP TRIGGER append_only ON {table};" for table in TABLES)
    + "DROP FUNCTION ground_rules_refuse_change();"
)


class Migration(migrations.Migration):
    dependencies = [("ground_rules", "0001_initial")]

    operations = [migrations.RunSQL(CREATE, DROP)]
