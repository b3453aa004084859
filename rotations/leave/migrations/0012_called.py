"""Who was called for an alarm and has stood down from it may be at work in its incident soon after (domain.md 5.7)."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('leave', '0011_nth'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='evidence',
            name='evidence_kind_known',
        ),
        migrations.AlterField(
            model_name='evidence',
            name='kind',
            field=models.CharField(choices=[('page', 'Page accepted'), ('called', 'Called before, for what it is about'), ('acknowledge', 'Acknowledged'), ('note', 'Note'), ('resolve', 'Resolved'), ('hand_over', 'Handed over'), ('stand_down', 'Stood down'), ('snoozed', 'Snoozed: they will have it again'), ('over', 'Over without them'), ('undone', 'Resolve undone: not over'), ('lapsed', 'Not with them any more, without an act of theirs'), ('step', 'Playbook step'), ('role', 'Role in an incident')], max_length=12),
        ),
        migrations.AddConstraint(
            model_name='evidence',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['page', 'called', 'acknowledge', 'note', 'resolve', 'hand_over', 'stand_down', 'snoozed', 'over', 'undone', 'lapsed', 'step', 'role'])), name='evidence_kind_known'),
        ),
    ]
