"""The windows of the default split (West and Europe), of West and the UK, and of the early helper in Chile.

Source: domain.md 2.3 (shift splits) and 5.11.
"""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
ROWS = [
    (
        "west",
        "West, with Europe",
        "evening_12 - 75 min",
        "europe.start + 30 min",
        "From before sunset until half an hour into Europe's shift: 23:00 Pacific, 23:30 where clocks disagree.",
    ),
    (
        "europe",
        "Europe (France)",
        "max(22:30 America/Los_Angeles, 07:00 Europe/Paris)",
        "morning_12 + 30 min",
        "From 07:30 in Paris, 07:00 where clocks disagree, until after morning twilight.",
    ),
    (
        "west-uk",
        "West, with the UK",
        "evening_12 - 75 min",
        "min(uk.start + 30 min, 24:00 America/Los_Angeles)",
        "Until 24:00 Pacific. Where clocks disagree nobody overlaps: hand over in writing.",
    ),
    (
        "uk",
        "Europe (United Kingdom)",
        "max(23:30 America/Los_Angeles, 07:00 Europe/London)",
        "morning_12 + 30 min",
        "From 07:30 in London, 07:00 where clocks disagree, until after morning twilight.",
    ),
    (
        "early-night-chile",
        "Early night, Chile",
        "evening_12",
        "24:00 America/Santiago",
        "Tier 2 for summit, base and network until midnight in Chile.",
    ),
]


def forwards(apps, schema_editor):
    Window = apps.get_model("night", "Window")
    for name, label, starts, ends, note in ROWS:
        Window.objects.get_or_create(
            name=name,
            defaults={
                "label": label,
                "kind": "night",
                "starts": starts,
                "ends": ends,
                "note": note,
                "changed_at": BEGINNING,
            },
        )


class Migration(migrations.Migration):

    dependencies = [("night", "0001_initial"), ("people", "0005_cerro_pachon")]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
