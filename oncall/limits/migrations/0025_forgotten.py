"""When somebody is asked about a call-out from which they did not stand down (domain.md 5.7)."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
ROWS = [
    (
        "call_out_forgotten_ask_at_s",
        43200,
        "s",
        "Own choice: who forgot to stand down is asked at 12:00 of their own clock, when the morning off is over",
    ),
    (
        "call_out_forgotten_ask_within_s",
        1209600,
        "s",
        "Own choice: what became known as forgotten over two weeks late is not asked about any more",
    ),
]


def add(apps, schema_editor):
    limit = apps.get_model("limits", "Limit")
    limit.objects.bulk_create(
        limit(name=name, value=value, unit=unit, source=source, effective_from=BEGINNING)
        for name, value, unit, source in ROWS
    )


class Migration(migrations.Migration):
    dependencies = [("limits", "0024_leave")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
