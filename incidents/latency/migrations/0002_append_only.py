"""How a visit was judged before is never edited: PostgreSQL refuses, whoever asks."""

from django.db import migrations

CREATE = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON latency_verdictchange
    FOR EACH ROW EXECUTE FUNCTION alarms_refuse_change();
"""
DROP = "DROP TRIGGER append_only ON latency_verdictchange;"


class Migration(migrations.Migration):

    dependencies = [("latency", "0001_initial"), ("alarms", "0008_append_only")]

    operations = [migrations.RunSQL(CREATE, DROP)]
