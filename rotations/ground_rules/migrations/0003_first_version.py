"""The first version: what RTN-046 proposes in 6.6.1, in its own words (R36)."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
TEXT = """\
# Out of hours: best effort

From RTN-046, section 6.6.1:

> Several of us are available out of hours and look at problems when they arise however there is no guaranteed support out of hours.

If we are on call on a best effort basis, these are the ground rules:

- Should an individual get called out of hours they would not need to be in any meetings or workplace the following morning.
- Any hour worked out of hours may be taken as 1.5 hours leave at another point in time.
- If requested specific mobile phones for on call should be provided.
"""


def add(apps, schema_editor):
    version = apps.get_model("ground_rules", "Version")
    version.objects.create(number=1, text=TEXT.strip(), effective_from=BEGINNING, created_at=BEGINNING)


class Migration(migrations.Migration):
    dependencies = [("ground_rules", "0002_append_only")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
