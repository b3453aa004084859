"""What was done to a phone, and by whom, is never edited: PostgreSQL refuses, whoever asks."""

from django.db import migrations

from oncall.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("phones", "0001_initial")]

    operations = [append_only("phones_step")]
