"""How long an alarm may wait, how late a resolve is undone, when a holder is reminded, and when replies stop."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
ROWS = [
    ("snooze_most_s", 86400, "s", "A snooze lasts at most a day, as a silence does (docs/domain.md 5.12)"),
    ("snooze_most_sev1_s", 1800, "s", "A SEV-1 snooze lasts at most 30 min, as a silence by one person does (docs/domain.md 5.12)"),
    ("resolve_undo_s", 900, "s", "Own choice: a resolve may be undone for 15 min, as long as its key would reopen it"),
    ("acknowledgement_remind_s", 600, "s", "Own choice: a holder is reminded 10 min before their acknowledgement lapses"),
    ("reply_loop_most", 10, "texts", "Own choice: more replies than this within the window are a loop; the provider stops at 30 (14107)"),
    ("reply_loop_window_s", 30, "s", "The window in which replies to one number are counted (docs/paging.md 2.9)"),
    ("reply_loop_pause_s", 60, "s", "So long a number that loops gets no replies (docs/paging.md 2.9)"),
]


def add(apps, schema_editor):
    limit = apps.get_model("limits", "Limit")
    limit.objects.bulk_create(
        limit(name=name, value=value, unit=unit, source=source, effective_from=BEGINNING)
        for name, value, unit, source in ROWS
    )


class Migration(migrations.Migration):
    dependencies = [("limits", "0011_watching")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
