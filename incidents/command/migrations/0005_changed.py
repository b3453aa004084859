"""A line of a timeline may say that the incident's title, summary, product, room or readers changed."""

from django.db import migrations, models

KINDS = [
    ("impact", "impact began"),
    ("detected", "detected"),
    ("declared", "declared"),
    ("state", "state"),
    ("severity", "severity"),
    ("changed", "changed"),
    ("role", "role"),
    ("note", "note"),
    ("finding", "finding"),
    ("action", "action"),
    ("step", "playbook step"),
    ("alarm", "alarm"),
    ("update", "message sent"),
    ("deployment", "deployment"),
    ("fixed", "fixed"),
    ("correction", "correction"),
    ("link", "link"),
]


class Migration(migrations.Migration):

    dependencies = [("command", "0004_words")]

    operations = [
        migrations.AlterField(model_name="entry", name="kind", field=models.CharField(choices=KINDS, max_length=12)),
    ]
