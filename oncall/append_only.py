"""Tables whose rows are never changed or removed: PostgreSQL refuses, whoever asks. For migrations."""

from django.db.migrations import RunSQL

FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW IS NOT DISTINCT FROM OLD THEN
        RETURN NEW;  -- a row that is loaded again as it is
    END IF;
    RAISE EXCEPTION '% is append-only: a row there is never changed or removed. Add another row instead.', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""


def append_only(*tables: str) -> RunSQL:
    """Return the operation after which rows can only be added to these tables. Undone, they are tables like any.

    Whoever migrates first makes the function. It serves all rooms and stays, also when an operation is undone.
    """
    make = "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {} FOR EACH ROW EXECUTE FUNCTION refuse_change();"
    drop = "DROP TRIGGER append_only ON {};"
    return RunSQL(FUNCTION + "\n".join(map(make.format, tables)), "\n".join(map(drop.format, tables)))
