"""How long a rest waits before it takes somebody off call (docs/domain.md 5.8)."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
WHY = (
    "Own choice: where a call-out ended without an act of its person, 60 s pass before their rest takes them off call, "
    "for the next page may come at once"
)


def add(apps, schema_editor):
    limit = apps.get_model("limits", "Limit")
    limit.objects.create(name="rest_settles_s", value=60, unit="s", source=WHY, effective_from=BEGINNING)


class Migration(migrations.Migration):
    dependencies = [("limits", "0029_playbooks")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
