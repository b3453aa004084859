"""Codes by which people prove that a number is theirs, and how many ways each of them should have."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
ROWS = [
    ("verify_code_valid_s", 600, "s", "A code may be typed for 10 min (docs/paging.md 2.10, docs/security.md S24)"),
    ("verify_tries", 5, "tries", "Wrong codes before a new one must be sent (docs/paging.md 2.10, docs/security.md S13)"),
    ("verify_sends_hour", 3, "codes", "Codes sent to one number in an hour (docs/paging.md 2.10, docs/security.md S13)"),
    ("verify_again_after_s", 31536000, "s", "Numbers change hands: proved again after 12 months (docs/security.md S24)"),
    ("verify_sends_person_hour", 9, "codes", "Own choice: one person sends codes to three numbers in an hour, not to a list"),
    ("ways_each", 2, "contacts", "Everybody on call has so many proved contacts in use (docs/paging.md I12)"),
]


def add(apps, schema_editor):
    limit = apps.get_model("limits", "Limit")
    limit.objects.bulk_create(
        limit(name=name, value=value, unit=unit, source=source, effective_from=BEGINNING)
        for name, value, unit, source in ROWS
    )


class Migration(migrations.Migration):
    dependencies = [("limits", "0012_answers")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
