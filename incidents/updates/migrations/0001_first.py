

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.text
import uuid
from django.conf import settings
from django.db import migrations, models


# code, name, use, stage, subject, text: M1 to M10 (docs/domain.md 3.1). The pilot, administrators and stewards may change
# them on screens; what is in braces is filled in (incidents/updates/placeholders.py).
MESSAGES = [
    ("M1", "Not an incident", "support", "", "Your request: {REQUEST}",
     ("Dear {NAME},\n\nthank you for writing to us about {REQUEST}. It is not related to an outage or a diminished service,"
     " so it goes into our work planning. We write to you again when it is planned.\n\nRead on: {LINK}")),
    ("M2", "Incident acknowledged", "incident", "investigating", "Incident: {CONTEXT}",
     ("Dear {NAME},\n\nsince {SINCE} a service is diminished. We have looked into it: it is an incident, and we believe that"
     " it is related to {CONTEXT}. It comes before our other work. We may ask you for details.\n\nHow it goes on: {LINK}")),
    ("M3", "Progress", "incident", "identified", "Incident, progress: {CONTEXT}",
     ("Dear {NAME},\n\nwe believe that {FINDING}. Now we {ACTION}.\n\nPlease tell us if you see more of it, or if it is"
     " gone for you.\n\nHow it goes on: {LINK}")),
    ("M4", "Resolved", "incident", "resolved", "Incident resolved: {CONTEXT}",
     ("Dear {NAME},\n\nall should be back to normal since {TIME}. Please confirm, or tell us what still is not.\n\n"
     "All messages: {LINK}")),
    ("M5", "Closing for silence", "support", "", "Closed: {REQUEST}",
     ("Dear {NAME},\n\nwe have not heard from you about {REQUEST} for 48 working hours, so we close it. Reply to this mail"
     " and it is open again.\n\n{LINK}")),
    ("M6", "A representative's yes", "support", "", "Please approve: {REQUEST}",
     ("Dear {NAME},\n\nsomebody of your community asks for {REQUEST}. Requests come from its representatives: do you"
     " approve this one? Reply with yes or no.\n\n{LINK}")),
    ("M7", "Support budget used up", "support", "", "Your support budget is used up",
     ("Dear {NAME},\n\nthe hours of support of your community are used up: {HOURS}. What you ask for stays on our list, behind"
     " what is funded. You may request extra funds: reply to this mail.\n\n{LINK}")),
    ("M8", "Reduced capacity", "support", "", "Reduced support from {START} to {END}",
     ("Dear {NAME},\n\nfrom {START} to {END} fewer of us are at work. Incidents come first, as always; answers to all else"
     " take longer.\n\n{LINK}")),
    ("M9", "To brokers: alerts are delayed", "incident", "", "Alerts are delayed since {SINCE}",
     ("Alerts have been delayed since {SINCE}. Observing continues. Late alerts will follow by catch-up processing; nothing"
     " needs to be done on your side.\n\nHow it goes on: {LINK}")),
    ("M10", "Anonymise your question", "support", "", "How to ask in the open",
     ("Dear {NAME},\n\nyour question touches proprietary data, so we have hidden it. Please ask it once more without what"
     " gives the data away: no coordinates, no identifiers, no images. If that cannot be done, tell us, and we answer in"
     " private.\n\n{LINK}")),
]

SENT_STAYS = """
CREATE FUNCTION updates_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'sent' AND TG_OP = 'UPDATE' THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND NEW IS NOT DISTINCT FROM OLD THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' AND OLD.state <> 'sent' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'What was sent is never changed or removed. Send another message.'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER sent_stays BEFORE UPDATE OR DELETE ON updates_update
    FOR EACH ROW EXECUTE FUNCTION updates_refuse_change();
"""
GONE = "DROP TRIGGER sent_stays ON updates_update; DROP FUNCTION updates_refuse_change();"


def seed(apps, schema_editor):
    template = apps.get_model("updates", "Template")
    template.objects.bulk_create(
        template(code=code, name=name, use=use, stage=stage, subject=subject, text=text, position=n)
        for n, (code, name, use, stage, subject, text) in enumerate(MESSAGES, 1)
    )


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('command', '0003_calls'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Audience',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=80)),
                ('addresses', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=254), size=None)),
                ('hears_delays', models.BooleanField(default=False, help_text='Told by one press that alerts are delayed: brokers.')),
                ('created_at', models.DateTimeField()),
                ('edited_at', models.DateTimeField()),
                ('retired_at', models.DateTimeField(blank=True, null=True)),
                ('edited_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('kept_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='audiences', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['name'],
                'constraints': [models.UniqueConstraint(django.db.models.functions.text.Lower('name'), condition=models.Q(('retired_at__isnull', True)), name='audience_name_once'), models.CheckConstraint(condition=models.Q(('addresses__len__gt', 0), ('retired_at__isnull', False), _connector='OR'), name='audience_has_an_address')],
            },
        ),
        migrations.CreateModel(
            name='Template',
            fields=[
                ('code', models.CharField(max_length=10, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=80)),
                ('use', models.CharField(choices=[('incident', 'incidents'), ('support', 'support')], max_length=10)),
                ('subject', models.CharField(max_length=200)),
                ('text', models.TextField(max_length=10000)),
                ('stage', models.CharField(blank=True, choices=[('investigating', 'looking for the cause'), ('identified', 'the cause is known'), ('monitoring', 'mitigated, we watch'), ('resolved', 'it is over')], help_text='Empty: as it was.', max_length=13)),
                ('position', models.PositiveSmallIntegerField()),
                ('version', models.PositiveIntegerField(default=1)),
                ('edited_at', models.DateTimeField(blank=True, null=True)),
                ('edited_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['position'],
            },
        ),
        migrations.CreateModel(
            name='Update',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('draft', 'draft'), ('asked', 'waits for the commander'), ('sent', 'sent'), ('dropped', 'dropped')], default='draft', max_length=8)),
                ('subject', models.CharField(max_length=200)),
                ('text', models.TextField(max_length=10000)),
                ('stage', models.CharField(choices=[('investigating', 'looking for the cause'), ('identified', 'the cause is known'), ('monitoring', 'mitigated, we watch'), ('resolved', 'it is over')], max_length=13)),
                ('next_at', models.DateTimeField(blank=True, null=True)),
                ('to_page', models.BooleanField(default=True, help_text='On the public status page.')),
                ('told', models.JSONField(default=list, help_text='Once sent: each audience by name, with how many addresses.')),
                ('edition', models.PositiveIntegerField(default=1)),
                ('once', models.CharField(blank=True, max_length=100)),
                ('written_at', models.DateTimeField()),
                ('asked_at', models.DateTimeField(blank=True, null=True)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('asked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('audiences', models.ManyToManyField(blank=True, related_name='updates', to='updates.audience')),
                ('put_to', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='updates', to='command.incident')),
                ('sent_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('template', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='updates.template')),
                ('written_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-written_at'],
                'indexes': [models.Index(condition=models.Q(('state', 'sent'), ('to_page', True)), fields=['incident', '-sent_at'], name='update_public')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('sent_at__isnull', False), ('sent_by__isnull', False), ('state', 'sent')), models.Q(models.Q(('state', 'sent'), _negated=True), ('sent_at__isnull', True), ('sent_by__isnull', True)), _connector='OR'), name='update_sent_has_its_instant'), models.UniqueConstraint(condition=models.Q(('once', ''), _negated=True), fields=('incident', 'written_by', 'once'), name='update_once_by_press')],
            },
        ),
        migrations.RunPython(seed, migrations.RunPython.noop),
        migrations.RunSQL(SENT_STAYS, GONE),
    ]
