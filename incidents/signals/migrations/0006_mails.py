from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('signals', '0005_routes'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='source',
            name='source_kind_known',
        ),
        migrations.AlterField(
            model_name='source',
            name='kind',
            field=models.CharField(choices=[('alertmanager', 'Prometheus Alertmanager'), ('grafana', 'Grafana'), ('kapacitor', 'Kapacitor (Sasquatch)'), ('json', 'JSON (our own shape)'), ('mail', 'Mails'), ('mapped', 'JSON (mapped here)')], max_length=14),
        ),
        migrations.AddConstraint(
            model_name='source',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['alertmanager', 'grafana', 'kapacitor', 'json', 'mail', 'mapped'])), name='source_kind_known'),
        ),
    ]
