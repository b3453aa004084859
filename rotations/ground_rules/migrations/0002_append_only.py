"""What the ground rules said, and who accepted them, is never edited: PostgreSQL refuses, whoever asks."""

from django.db import migrations

from oncall.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("ground_rules", "0001_initial")]

    operations = [append_only("ground_rules_version", "ground_rules_acceptance")]
