from django.db import migrations, models
from django.db.models import Q

LEFT = Q(proved_at__isnull=False, stopped_at__isnull=True, alarm__isnull=True)


class Migration(migrations.Migration):
    dependencies = [("alarms", "0018_log_of_flapping")]
    operations = [
        migrations.AddField(
            model_name="summitcall",
            name="stopped_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="summitcall",
            index=models.Index(name="summit_call_left", fields=["proved_at"], condition=LEFT),
        ),
    ]
