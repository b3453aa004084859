"""Evidence, corrections and ledger entries are never edited: PostgreSQL refuses, whoever asks."""

from django.db import migrations

from oncall.append_only import append_only


class Migration(migrations.Migration):

    dependencies = [("leave", "0001_initial")]

    operations = [append_only("leave_evidence", "leave_correction", "leave_ledgerentry")]
