"""The site that observes. Source: domain.md 2.3."""

from django.db import migrations


def forwards(apps, schema_editor):
    Site = apps.get_model("people", "Site")
    if Site.objects.filter(observing=True).exists():
        return
    Site.objects.create(
        name="Cerro Pachón",
        latitude=-30.2446,
        longitude=-70.7494,
        time_zone="America/Santiago",
        observing=True,
    )


class Migration(migrations.Migration):

    dependencies = [("people", "0004_site")]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
