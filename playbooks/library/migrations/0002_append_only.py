"""What a playbook said is never edited: PostgreSQL refuses, whoever asks."""

from django.db import migrations

from oncall.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("library", "0001_initial")]

    operations = [append_only("library_revision")]
