"""Evidence, corrections and ledger entries are never edited: PostgreSQL refuses, whoever asks."""

from django.db import migrations

TABLES = ("leave_evidence", "leave_correction", "leave_ledgerentry")

CREATE = """
CREATE FUNCTION leave_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: a row there is never changed or removed. Add another row instead.', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
""" + "".join(
    f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}"
    " FOR EACH ROW EXECUTE FUNCTION leave_refuse_change();"
    for table in TABLES
)
DROP = "".join(f"DROP TRIGGER append_only ON {table};" for table in TABLES) + "DROP FUNCTION leave_refuse_change();"


class Migration(migrations.Migration):

    dependencies = [("leave", "0001_initial")]

    operations = [migrations.RunSQL(CREATE, DROP)]
