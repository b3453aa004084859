"""Leave that somebody else asked for is agreed to by its person; its absence is kept by its request (row R34)."""

from typing import Any

from django.db import migrations, models


def keep_absences(apps: Any, schema_editor: Any) -> None:
    """Let the absences of approved leave, made before, be cancelled with their request alone, without its note."""
    request_of = apps.get_model("leave", "LeaveRequest")
    for row in request_of.objects.filter(absence__isnull=False).select_related("absence"):
        row.absence.kept_at, row.absence.note = f"/leave/requests/{row.pk}/", ""
        row.absence.save(update_fields=["kept_at", "note"])


class Migration(migrations.Migration):
    dependencies = [("changes", "0006_absence_kept_at"), ("leave", "0007_rests")]
    operations = [
        migrations.AddField(
            model_name="leaverequest", name="agreed_at", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.RunPython(keep_absences, migrations.RunPython.noop),
    ]
