"""When those who have not answered a swap are told again."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
ROWS = [
    ("swap_remind_first_s", 86400, "s", "Own choice: a swap nobody answered is told again a day before it begins"),
    ("swap_remind_last_s", 10800, "s", "Own choice: and once more three hours before it begins"),
]


def add(apps, schema_editor):
    limit = apps.get_model("limits", "Limit")
    limit.objects.bulk_create(
        limit(name=name, value=value, unit=unit, source=source, effective_from=BEGINNING)
        for name, value, unit, source in ROWS
    )


class Migration(migrations.Migration):
    dependencies = [("limits", "0003_limit_bounded")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
