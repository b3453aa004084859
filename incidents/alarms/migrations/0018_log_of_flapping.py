from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alarms", "0017_summit")]
    operations = [
        migrations.AddIndex(
            model_name="logentry",
            index=models.Index(condition=models.Q(("kind", "flapping")), fields=["-at", "-id"], name="log_of_flapping"),
        ),
    ]
