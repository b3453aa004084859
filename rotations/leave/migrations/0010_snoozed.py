"""A snooze is an ending of its own; work after a rest was given up makes another rest of that date (domain.md 5.8)."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('changes', '0006_absence_kept_at'),
        ('leave', '0009_one_call_out_at_a_time'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='evidence',
            name='evidence_kind_known',
        ),
        migrations.RemoveConstraint(
            model_name='rest',
            name='one_rest_a_morning',
        ),
        migrations.AlterField(
            model_name='evidence',
            name='kind',
            field=models.CharField(choices=[('page', 'Page accepted'), ('acknowledge', 'Acknowledged'), ('note', 'Note'), ('resolve', 'Resolved'), ('hand_over', 'Handed over'), ('stand_down', 'Stood down'), ('snoozed', 'Snoozed: they will have it again'), ('over', 'Over without them'), ('undone', 'Resolve undone: not over'), ('lapsed', 'Not with them any more, without an act of theirs'), ('step', 'Playbook step'), ('role', 'Role in an incident')], max_length=12),
        ),
        migrations.AddConstraint(
            model_name='evidence',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['page', 'acknowledge', 'note', 'resolve', 'hand_over', 'stand_down', 'snoozed', 'over', 'undone', 'lapsed', 'step', 'role'])), name='evidence_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='rest',
            constraint=models.UniqueConstraint(condition=models.Q(('waived_at__isnull', True), ('withdrawn_at__isnull', True)), fields=('person', 'date'), name='one_rest_a_morning'),
        ),
    ]
