"""No second of anybody's work counts twice, whatever finds the call-outs (domain.md 5.7)."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import migrations, models

from oncall.people.models import TimeSpan


class Migration(migrations.Migration):
    dependencies = [("leave", "0008_agreed")]
    operations = [
        migrations.AlterField(
            model_name="evidence",
            name="subject",
            field=models.CharField(
                help_text="An alarm in whichever cycle, or an incident: alarm:<id>.", max_length=120
            ),
        ),
        migrations.AddConstraint(
            model_name="callout",
            constraint=ExclusionConstraint(
                name="one_call_out_at_a_time",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    (TimeSpan("starts_at", "ends_at"), RangeOperators.OVERLAPS),
                ],
                condition=models.Q(merged_into__isnull=True),
                deferrable=models.Deferrable.DEFERRED,
            ),
        ),
    ]
