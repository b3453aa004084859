"""Lines of a timeline are never edited: PostgreSQL refuses, whoever asks."""

from django.db import migrations

from oncall.append_only import append_only


class Migration(migrations.Migration):

    dependencies = [("command", "0001_initial")]

    operations = [append_only("command_entry")]
