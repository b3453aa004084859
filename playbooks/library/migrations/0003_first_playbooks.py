"""The playbooks that come with this system (docs/domain.md 4): the router, P1 to P8 and P3b. What is there stays."""

from datetime import UTC, datetime
from pathlib import Path

from django.db import migrations

from playbooks.library.parsing import normal, parse

CONTENT = Path(__file__).resolve().parent.parent / "content"
WRITTEN = datetime(2026, 11, 22, tzinfo=UTC)


def add(apps, schema_editor):
    playbooks, revisions = apps.get_model("library", "Playbook"), apps.get_model("library", "Revision")
    for path in sorted(CONTENT.glob("*.md")):
        if path.name == "README.md" or playbooks.objects.filter(slug=path.stem).exists():
            continue
        source = normal(path.read_text(encoding="utf-8"))
        sheet = parse(source)
        row = playbooks.objects.create(
            slug=path.stem,
            title=sheet.title,
            products=list(sheet.products),
            alarms=list(sheet.alarms),
            steps=len(sheet.steps),
            revision=1,
            reviewed_at=WRITTEN,
        )
        revisions.objects.create(
            playbook=row, n=1, source=source, at=WRITTEN, message="Came with this system", is_from_file=True
        )


class Migration(migrations.Migration):
    dependencies = [("library", "0002_append_only")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
