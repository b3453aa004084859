"""Entries of one instant stand in the order in which they were posted; a random id said nothing of it."""

from django.db import migrations, models

NTH = models.Func(models.Value("leave_ledgerentry_nth"), function="nextval", output_field=models.BigIntegerField())


class Migration(migrations.Migration):

    dependencies = [
        ("leave", "0010_snoozed"),
    ]

    operations = [
        migrations.RunSQL("CREATE SEQUENCE leave_ledgerentry_nth", "DROP SEQUENCE leave_ledgerentry_nth"),
        migrations.AddField("ledgerentry", "nth", models.BigIntegerField(db_default=NTH, editable=False)),
        migrations.AlterModelOptions(
            name="ledgerentry",
            options={"ordering": ["-at", "-nth"], "verbose_name_plural": "ledger entries"},
        ),
    ]
