"""How long two people hold a pager at a handoff, and when the note is made."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
ROWS = [
    ("handover_note_lead_s", 1800, "s", "Own choice: the note is there half an hour before the handoff (docs/domain.md 5.10)"),
    ("handover_outgoing_after_s", 60, "s", "Note not accepted: a minute later also the outgoing person (docs/domain.md 5.10)"),
    ("handover_outgoing_for_s", 3600, "s", "Note not accepted: both hold the pager for 60 min at most (docs/domain.md 5.10)"),
    ("handover_lead_told_after_s", 900, "s", "Note not accepted after 15 min: the tier's lead is told (docs/domain.md 5.10)"),
]


def add(apps, schema_editor):
    limit = apps.get_model("limits", "Limit")
    limit.objects.bulk_create(
        limit(name=name, value=value, unit=unit, source=source, effective_from=BEGINNING)
        for name, value, unit, source in ROWS
    )


class Migration(migrations.Migration):
    dependencies = [("limits", "0006_swaps")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
