"""Messages: written, looked at, sent once, to each address once; at SEV-1 by the commander's press."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from incidents.alarms import services as alarms
from incidents.alarms import work
from incidents.command import editing
from incidents.command import queries as incidents
from incidents.command import services as command
from incidents.command.models import Entry
from incidents.updates import keeping, placeholders, queries, services
from incidents.updates.models import Template, Update
from oncall.outside import mailings
from oncall.outside.mailing_models import Mailing
from oncall.paging.models import Notice
from rotations.leave.models import Evidence
from tests.incidents.updates.conftest import m9, message

pytestmark = pytest.mark.django_db


@pytest.fixture
def written(declared, brokers, ada, now):
    return services.write_draft(incident=declared(), draft=message(audiences=[brokers]), by=ada, now=now)


def send(update, by, now, edition=None):
    return services.send(update=update, edition=edition or update.edition, by=by, now=now)


def test_a_message_sent_twice_goes_out_once(written, ada, now):
    send(written, ada, now)
    send(written, ada, now + timedelta(minutes=1))

    assert sorted(Mailing.objects.values_list("address", flat=True)) == [
        "alerts@fink.example.org", "alerts@lasair.example.org",
    ]  # fmt: skip
    entry = written.incident.entries.get(kind=Entry.Kind.UPDATE)
    assert entry.text == (
        "Alerts are delayed\n\nThey follow.\n\nTo Brokers (2 addresses), the public status page."
    )  # fmt: skip
    assert incidents.four_ticks(written.incident)[3].at == now


def test_the_ledger_quotes_no_message_it_may_become_restricted(written, policy, ada, now):
    alarm = alarms.raise_by_hand(title="Dome drive stalls", severity=2, by=ada, policy=policy, now=now)
    command.attach(incident=written.incident, alarm=alarm, by=ada, now=now)
    work.acknowledge(alarm=alarm, by=ada, now=now)

    send(written, ada, now + timedelta(minutes=1))

    texts = Evidence.objects.filter(person=ada).values_list("text", flat=True)
    assert [one for one in texts if "Told" in one] == ["Told the community of incident 1."]


def test_an_address_in_two_audiences_gets_one_mail(written, brokers, ada, now):
    other = keeping.add_audience(
        name="TVS", addresses="ALERTS@fink.example.org, chair@tvs.example.org", hears_delays=False, kept_by=ada, by=ada,
        now=now,
    )  # fmt: skip
    written.audiences.add(other)

    sent = send(written, ada, now)

    assert Mailing.objects.count() == 3
    assert sent.told == [{"name": "Brokers", "addresses": 2}, {"name": "TVS", "addresses": 1}]


def test_what_was_looked_at_goes_out_and_nothing_else(written, ada, grace, now):
    services.change(update=written, draft=message(text="Otherwise."), edition=1, by=grace, now=now)

    with pytest.raises(
        services.Moved, match=r"Somebody has changed it since you looked. Read it once more, then press"
    ):
        send(written, ada, now, edition=1)


def test_what_was_sent_is_never_changed(written, ada, now):
    send(written, ada, now)

    with pytest.raises(IntegrityError, match=r"What was sent is never changed"), transaction.atomic():
        Update.objects.filter(pk=written.pk).update(text="Nothing happened.")


def test_at_sev_1_it_goes_out_by_the_commanders_press(commanded, ada, grace, now):
    update = services.write_draft(incident=commanded, draft=message(), by=ada, now=now)

    asked = send(update, ada, now)
    again = send(update, ada, now)

    assert (asked.state, again.state) == ("asked", "asked")
    assert [one.person for one in Notice.objects.filter(key__startswith="update:ask:")] == [grace]
    sent = send(update, grace, now)
    assert (sent.state, sent.sent_by, sent.written_by) == ("sent", grace, ada)


def test_a_change_asks_the_commander_anew(commanded, ada, grace, now):
    update = services.write_draft(incident=commanded, draft=message(), by=ada, now=now)
    send(update, ada, now)
    services.change(update=update, draft=message(text="More."), edition=1, by=ada, now=now)

    update.refresh_from_db()

    assert (update.state, update.edition) == ("draft", 2)


def test_without_a_commander_any_press_sends_at_sev_1(declared, ada, now):
    update = services.write_draft(incident=declared(severity=1), draft=message(), by=ada, now=now)

    assert send(update, ada, now).state == "sent"


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"text": "Since {TIME}"}, "text", "{TIME} is not filled in."),
        ({"subject": "{XXX}"}, "subject", "{XXX} is no placeholder."),
        ({"text": " \x00 "}, "text", "The message is empty."),
        ({"stage": "green"}, "stage", "“green” is no stage."),
        ({"to_page": False}, "audiences", "It would reach nobody."),
    ],
)
def test_a_message_that_says_nothing_or_too_much_is_refused(declared, ada, now, changes, field, words):
    with pytest.raises(services.Refused) as refused:
        services.write_draft(incident=declared(), draft=message(**changes), by=ada, now=now)

    assert (refused.value.field, str(refused.value)[: len(words)]) == (field, words)


def test_a_restricted_incident_is_told_to_nobody(declared, ada, now):
    with pytest.raises(services.Refused, match=r"A restricted incident is told to nobody outside from here"):
        services.write_draft(incident=declared(restricted=True), draft=message(), by=ada, now=now)


def test_after_two_hours_a_message_names_the_next_one(declared, ada, now, in_force):
    incident, later = declared(), now + timedelta(hours=3)

    with pytest.raises(services.Refused, match=r"After two hours each message says when the next one comes"):
        services.write_draft(incident=incident, draft=message(), by=ada, now=later)
    update = services.write_draft(
        incident=incident, draft=message(next_at=later + timedelta(hours=4)), by=ada, now=later
    )  # fmt: skip
    send(update, ada, later)

    clock = queries.clock_of(incident, now=later, limits=in_force)
    assert (clock.due.at, clock.due.why, clock.over) == (now + timedelta(hours=7), "named", False)


def test_a_time_that_passed_before_it_was_sent_is_refused(declared, ada, now):
    update = services.write_draft(
        incident=declared(), draft=message(next_at=now + timedelta(minutes=20)), by=ada, now=now
    )  # fmt: skip

    with pytest.raises(services.Refused, match=r"The next message would be due already"):
        send(update, ada, now + timedelta(minutes=20))


def test_the_brokers_are_told_of_delays_by_one_press_once(declared, brokers, ada, now):
    incident = declared(impact_starts_at=now - timedelta(minutes=60))

    first = services.tell_delayed(incident=incident, by=ada, now=now)
    again = services.tell_delayed(incident=incident, by=ada, now=now + timedelta(minutes=1))

    assert first.pk == again.pk
    assert first.subject == "Alerts are delayed since 02:10 UTC"
    assert "The next message comes by 03:30 UTC." in Mailing.objects.first().body
    assert Mailing.objects.count() == 2


def test_the_press_tells_the_brokers_whatever_somebody_wrote_from_m9_by_hand(declared, brokers, ada, grace, now):
    incident = declared()
    half = services.write_draft(incident=incident, draft=message(template=m9(), text="Half"), by=ada, now=now)
    paged = services.write_draft(incident=incident, draft=message(template=m9(), text="Page"), by=ada, now=now)
    send(paged, ada, now)

    done = services.tell_delayed(incident=incident, by=grace, now=now + timedelta(minutes=1))

    half.refresh_from_db()
    assert (half.state, done.subject) == ("draft", "Alerts are delayed since 03:10 UTC")
    assert Mailing.objects.filter(about=done.about).count() == 2


def test_pressed_again_it_tells_only_an_audience_that_was_not_told(declared, brokers, ada, now):
    incident = declared()
    services.tell_delayed(incident=incident, by=ada, now=now)
    keeping.add_audience(
        name="TVS", addresses="chair@tvs.example.org", hears_delays=True, kept_by=ada, by=ada, now=now
    )  # fmt: skip

    again = services.tell_delayed(incident=incident, by=ada, now=now + timedelta(minutes=1))

    assert [one.address for one in Mailing.objects.filter(about=again.about)] == ["chair@tvs.example.org"]


def test_at_sev_1_the_commanders_press_lets_the_others_press_out(commanded, brokers, ada, grace, now):
    asked = services.tell_delayed(incident=commanded, by=ada, now=now)

    done = services.tell_delayed(incident=commanded, by=grace, now=now + timedelta(minutes=1))

    assert (asked.state, done.pk, done.state) == ("asked", asked.pk, "sent")


def test_the_subject_is_one_line_without_what_nobody_sees(declared, ada, now):
    said = message(subject="Alerts\u00a0are \u202edelayed\x1b\x07\n now")

    update = services.write_draft(incident=declared(), draft=said, by=ada, now=now)

    assert update.subject == "Alerts are delayed now"


def test_once_it_is_restricted_nothing_that_waits_goes_out_nor_again(written, ada, now, in_force):
    send(written, ada, now)
    editing.restrict(incident=written.incident, by=ada, now=now)

    assert mailings.claim(now=now, limits=in_force) is None

    one = Mailing.objects.filter(state="given_up")[0]
    assert one.error_text == "The incident was restricted before this mail went out."
    with pytest.raises(services.Refused, match=r"A restricted incident is told to nobody outside from here"):
        services.mail_again(incident=written.incident, mailing=one, by=ada, now=now)


def test_without_anybody_who_hears_of_delays_it_says_what_to_do(declared, ada, now):
    with pytest.raises(services.Refused, match=r"No audience hears of delays. Tick that at one, under Audiences"):
        services.tell_delayed(incident=declared(), by=ada, now=now)


def test_the_clock_begins_when_it_becomes_major(declared, ada, now, in_force):
    incident = declared(severity=3)
    assert queries.clock_of(incident, now=now, limits=in_force) is None

    raised = command.set_severity(incident=incident, severity=2, by=ada, now=now + timedelta(hours=1))

    clock = queries.clock_of(raised, now=now + timedelta(hours=1), limits=in_force)
    assert clock.due.at == now + timedelta(hours=1, minutes=5)


def test_the_ten_messages_are_there_and_name_only_known_placeholders(db):
    assert [one.code for one in Template.objects.all()] == [f"M{n}" for n in range(1, 11)]
    assert [one.code for one in queries.templates()] == ["M2", "M3", "M4", "M9"]
    for one in Template.objects.all():
        assert placeholders.refusal(one.subject + one.text) == ""


@pytest.mark.parametrize(
    ("addresses", "words"),
    [
        ("", "There is no address yet."),
        ("a@example.org\nnobody", "“nobody” is no mail address."),
        ("a@example.org\nBcc: b@example.org", "“Bcc: b@example.org” is no mail address."),
    ],
)
def test_an_address_that_cannot_be_mailed_is_refused(ada, now, addresses, words):
    with pytest.raises(services.Refused, match=words):
        keeping.add_audience(name="X", addresses=addresses, hears_delays=False, kept_by=ada, by=ada, now=now)


def test_a_template_with_a_slip_is_refused(pilot, now):
    m2 = Template.objects.get(pk="M2")

    with pytest.raises(services.Refused, match=r"{NAEM} is no placeholder"):
        keeping.change_template(
            template=m2, name=m2.name, subject="x", text="Dear {NAEM}", stage="", version=1, by=pilot, now=now
        )


def test_of_messages_sent_at_one_instant_or_by_presses_that_crossed_the_last_one_holds(declared, ada, now):
    crossed = now - timedelta(seconds=1)
    for later in (now, now, now, now, crossed):  # by chance the first four are right once in 16 times
        incident = declared()
        for stage, at in (("identified", now), ("monitoring", later)):
            draft = message(subject=f"It is {stage}", stage=stage)
            send(services.write_draft(incident=incident, draft=draft, by=ada, now=at), ada, at)

        assert queries.last_stage(incident) == "monitoring"
        first, last = Update.objects.filter(incident=incident).order_by("sent_at")
        assert (first.subject, last.subject) == ("It is identified", "It is monitoring")
