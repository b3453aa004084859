"""How long a playbook is trusted without a look at it (docs/domain.md 4)."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
WHY = "Own choice: a playbook that nobody reviewed for 182 days, six months, says so"


def add(apps, schema_editor):
    limit = apps.get_model("limits", "Limit")
    limit.objects.create(
        name="playbook_review_s", value=15724800, unit="s", source=WHY, effective_from=BEGINNING
    )


class Migration(migrations.Migration):
    dependencies = [("limits", "0028_incidents")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
