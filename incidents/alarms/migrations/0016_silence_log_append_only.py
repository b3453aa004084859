"""What somebody did with a silence is never edited: PostgreSQL refuses, whoever asks."""

from django.db import migrations

CREATE = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON alarms_silenceline
    FOR EACH ROW EXECUTE FUNCTION alarms_refuse_change();
"""
DROP = "DROP TRIGGER append_only ON alarms_silenceline;"


class Migration(migrations.Migration):

    dependencies = [("alarms", "0015_held")]

    operations = [migrations.RunSQL(CREATE, DROP)]
