"""How long a link may answer a page, and how a webhook's deliveries are tried."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
ROWS = [
    ("answer_link_valid_s", 86400, "s", "A link that answers a page is good for a day at most (docs/security.md S8)"),
    ("webhook_tries", 8, "tries", "Own choice: 8 tries, doubling from 10 s, are over after about 20 min"),
    ("webhook_retry_s", 10, "s", "Own choice: pause before the second try; it doubles with each"),
    ("webhook_lease_s", 30, "s", "As attempt_lease_s: who died while sending is looked after by another"),
    ("webhook_rotation_s", 86400, "s", "Own choice: the old secret of a webhook signs beside the new one for a day"),
    ("webhook_keep_s", 2592000, "s", "Own choice: what was sent to webhooks is kept for 30 days (as callbacks, S15)"),
]


def add(apps, schema_editor):
    limit = apps.get_model("limits", "Limit")
    limit.objects.bulk_create(
        limit(name=name, value=value, unit=unit, source=source, effective_from=BEGINNING)
        for name, value, unit, source in ROWS
    )


class Migration(migrations.Migration):
    dependencies = [("limits", "0008_feeds")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
