"""The timeline on screens: what was said, in order, live from a cursor; mentions, corrections and pictures."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from incidents.alarms import engine, work
from incidents.command import services, timeline
from incidents.command.models import Entry, Picture
from oncall import clock
from oncall.limits import queries as limits
from oncall.paging.models import Notice
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _that_night(db):
    clock.travel(NOW - clock.now())


@pytest.fixture
def as_ada(client, ada):
    client.force_login(ada)
    return client


def say(client, incident, text, headers=None, **fields):
    return client.post(reverse("incident_note", args=[incident.number]), {"text": text, **fields}, headers=headers)


def found(pattern, response) -> str:
    match = re.search(pattern, response.content.decode())
    assert match is not None, pattern
    return match[1]


def cursor_of(response) -> str:
    return found(r'name="after" value="([\d-]+)"', response)


def ask(client, incident, cursor):
    return client.get(f"/incidents/{incident.number}/timeline/?after={cursor}", headers=HTMX)


def keys(response) -> list[str]:
    return re.findall(r'<li id="([\w-]+)"', response.content.decode())


def png() -> bytes:
    out = BytesIO()
    Image.new("RGB", (3, 2), "red").save(out, "PNG")
    return out.getvalue()


# --- Live ------------------------------------------------------------------------------------------------------------


def test_nothing_new_is_an_empty_answer_in_one_query_beside_who_asks_and_whether_they_may(as_ada, declared):
    incident = declared()
    cursor = cursor_of(as_ada.get(incident.path))

    with CaptureQueriesContext(connection) as asked:
        response = ask(as_ada, incident, cursor)

    assert response.status_code == 204
    ours = [one["sql"] for one in asked if "command_" in one["sql"] or "alarms_" in one["sql"]]
    assert len(ours) == 2  # the incident, if they may see it; and how far it is


def test_what_another_wrote_arrives_and_nothing_else(as_ada, declared, grace, now):
    incident = declared()
    cursor = cursor_of(as_ada.get(incident.path))
    services.say(incident=incident, kind="note", text="Broker restarted.", by=grace, now=now)

    news = ask(as_ada, incident, cursor)

    assert keys(news) == ["e2"]
    assert "Broker restarted." in news.content.decode()
    assert ask(as_ada, incident, cursor_of(news)).status_code == 204


def test_whoever_was_away_gets_everything_since(as_ada, declared, grace, now):
    incident = declared()
    cursor = cursor_of(as_ada.get(incident.path))
    for n in range(40):
        at = now + timedelta(minutes=n)
        services.say(incident=incident, kind="note", text=f"line {n}", by=grace, now=at)

    assert keys(ask(as_ada, incident, cursor)) == [f"e{n}" for n in range(2, 42)]


def test_what_happens_to_its_alarms_arrives_too(as_ada, declared, fired, ada, now):
    alarm = fired()
    incident = declared(alarms=[alarm])
    cursor = cursor_of(as_ada.get(incident.path))
    work.acknowledge(alarm=alarm, by=ada, now=now)

    news = ask(as_ada, incident, cursor)

    assert f"l{alarm.log.get(kind='acknowledged').pk}" in keys(news)
    assert ask(as_ada, incident, cursor_of(news)).status_code == 204


def test_of_an_alarm_that_is_added_the_whole_log_arrives(as_ada, declared, fired, ada, now):
    alarm = fired("old", at=now - timedelta(hours=5))
    incident = declared()
    cursor = cursor_of(as_ada.get(incident.path))
    services.attach(incident=incident, alarm=alarm, by=ada, now=now)

    news = ask(as_ada, incident, cursor)
    log = alarm.log.get(kind="fired")
    assert f"l{log.pk}" in keys(news)


def test_a_line_that_is_corrected_arrives_again_struck_through(as_ada, declared, ada, now):
    incident = declared()
    wrong = services.say(incident=incident, kind="note", text="Since 02:10.", by=ada, now=now)
    cursor = cursor_of(as_ada.get(incident.path))
    services.say(incident=incident, kind="correction", text="Since 02:20.", corrects=wrong, by=ada, now=now)

    news = ask(as_ada, incident, cursor).content.decode()
    assert "<del><p>Since 02:10.</p></del>" in news
    assert '<a href="#e3">Corrected by line 3</a>' in news
    assert '<a href="#e2">of line 2</a>' in news


def test_how_it_stands_arrives_with_the_news(as_ada, declared, grace, now):
    incident = declared()
    cursor = cursor_of(as_ada.get(incident.path))
    services.move(incident=incident, move="mitigate", by=grace, now=now)

    news = ask(as_ada, incident, cursor).content.decode()
    assert '<section id="standing" class="card acknowledged stack"' in news
    assert news.count('hx-swap-oob="true"') == 2


@pytest.mark.parametrize("cursor", ["", "x", "1-2", "-1-2-3", "9" * 400, "١-٢-٣", "1-2-3-4", "%00"])
def test_a_cursor_that_nobody_was_given_gets_everything(as_ada, declared, cursor):
    response = ask(as_ada, declared(), cursor)

    assert response.status_code == 200
    assert keys(response) == ["e1"]


def test_without_scripts_the_live_address_leads_to_the_page(as_ada, declared):
    incident = declared()

    assert as_ada.get(f"{incident.path}timeline/").headers["Location"] == incident.path


def test_filters_by_kind_stand_in_the_url_and_hold_for_the_news(as_ada, declared, fired, grace, now):
    incident = declared(alarms=[fired()])
    services.say(incident=incident, kind="note", text="Only this.", by=grace, now=now)
    page = as_ada.get(f"{incident.path}?show=said&show=nonsense")
    assert len(keys(page)) == 1
    assert '/timeline/?&show=said"' in page.content.decode().replace("&amp;", "&")

    services.set_severity(incident=incident, severity=1, by=grace, now=now)
    services.say(incident=incident, kind="finding", text="And this.", by=grace, now=now)
    news = as_ada.get(f"{incident.path}timeline/?after={cursor_of(page)}&show=said", headers=HTMX)
    assert len(keys(news)) == 1
    assert "And this." in news.content.decode()


def test_a_long_timeline_shows_the_newest_and_the_rest_on_demand(as_ada, declared, grace, now):
    incident = declared()
    for n in range(205):
        services.write(incident, "note", f"line {n}", person=grace, now=now + timedelta(seconds=n))

    page = as_ada.get(incident.path)
    assert keys(page)[0] == "e206"
    assert len(keys(page)) == 200
    assert "Show 6 earlier lines" in page.content.decode()
    assert len(keys(as_ada.get(f"{incident.path}?all"))) == 206


# --- Writing ---------------------------------------------------------------------------------------------------------


def test_a_note_without_scripts_leads_back_to_the_timeline(as_ada, declared):
    incident = declared()
    response = say(as_ada, incident, "Broker restarted.", kind="action")

    assert response.headers["Location"] == "/incidents/1/#lines"
    assert (incident.entries.last().kind, incident.entries.last().text) == ("action", "Broker restarted.")


def test_whoever_writes_gets_their_line_at_once_and_a_new_form(as_ada, declared):
    incident = declared()
    page = as_ada.get(incident.path)
    once = found(r'name="once" value="([^"]+)"', page)

    response = say(as_ada, incident, "Broker restarted.", headers=HTMX, after=cursor_of(page), once=once)

    assert keys(response) == ["e2"]
    assert found(r'id="once" name="once" value="([^"]+)" hx-swap-oob', response) != once


def test_the_same_press_twice_writes_once_and_a_changed_text_is_another_press(as_ada, declared):
    incident = declared()
    for _ in range(2):
        say(as_ada, incident, "Broker restarted.", once="a-press")

    assert incident.entries.filter(kind="note").count() == 1


def test_what_is_refused_is_said_beside_the_box_and_leaves_it_alone(as_ada, declared):
    response = say(as_ada, declared(), "   ", headers=HTMX)

    assert response.status_code == 422
    assert response.headers["HX-Retarget"] == "#note-error"
    assert "The line is empty." in response.content.decode()


def test_a_message_that_went_out_ticks_that_the_community_is_told(as_ada, declared):
    incident = declared()
    say(as_ada, incident, "Wrote to the brokers.", kind="update")

    assert re.search(r'class="done">community told', as_ada.get(incident.path).content.decode())


# --- Mentions --------------------------------------------------------------------------------------------------------


def test_whoever_is_named_is_told_once(as_ada, declared, grace):
    incident = declared()
    for _ in range(2):
        say(as_ada, incident, "@grace, could you look at Kafka? (@grace, really)", once="a-press")

    notice = Notice.objects.get(person=grace)
    assert notice.text.startswith("Ada Moreno names you in incident 1 (No alerts since 02:10): @grace, could you look")
    assert notice.text.endswith("/incidents/1/")


def test_a_name_is_marked_where_it_is_somebodys(as_ada, declared, grace):
    incident = declared()
    say(as_ada, incident, "@grace. and @nobody and mail grace@example.org and `@grace`")

    html = as_ada.get(incident.path).content.decode()
    assert '<span class="mention">@grace</span>. and @nobody and mail grace@example.org and <code>@grace</code>' in html


@pytest.mark.parametrize("text", ["me: @ada", "`@grace`", "```\n@grace\n```", "grace@example.org", "@gracey"])
def test_nobody_is_told_of_their_own_name_or_of_code(as_ada, declared, grace, text):
    say(as_ada, declared(), text)

    assert Notice.objects.count() == 0


def test_whoever_may_not_see_it_is_not_told(as_ada, declared, grace):
    say(as_ada, declared(restricted=True, title="Somebody is in"), "@grace should not know")

    assert Notice.objects.filter(person=grace).count() == 0


def test_of_a_restricted_one_a_notice_says_its_number_alone(as_ada, declared, ada, grace, now):
    incident = declared(restricted=True, title="Somebody is in")
    services.name_person(incident=incident, person=grace, by=ada, now=now)
    say(as_ada, incident, "@grace look at the bastion")

    text = Notice.objects.get(person=grace).text
    assert text.startswith("Ada Moreno names you in incident 1 http")
    assert "bastion" not in text


# --- Corrections -----------------------------------------------------------------------------------------------------


def test_a_correction_points_at_what_it_corrects_and_the_original_stays(as_ada, declared):
    incident = declared()
    say(as_ada, incident, "Since 02:10.")
    assert "Since 02:10." in as_ada.get(f"{incident.path}lines/2/correct/").content.decode()

    as_ada.post(f"{incident.path}lines/2/correct/", {"text": "Since 02:20."})

    fixed = incident.entries.get(kind="correction")
    assert (fixed.corrects.nth, fixed.corrects.text, fixed.text) == (2, "Since 02:10.", "Since 02:20.")


def test_a_line_of_another_incident_cannot_be_corrected_here(as_ada, declared):
    one = declared()
    declared(title="Another")

    assert as_ada.post(f"{one.path}lines/7/correct/", {"text": "x"}).status_code == 404


# --- Pictures --------------------------------------------------------------------------------------------------------


def test_a_picture_is_kept_anew_and_shown_as_an_image_and_nothing_else(as_ada, declared):
    incident = declared()
    evil = SimpleUploadedFile('"><img src=x onerror=alert(1)>.svg', png() + b"<script>alert(1)</script>", "text/html")
    say(as_ada, incident, "", picture=evil)

    page = as_ada.get(incident.path)
    address = found(r'<img src="(/incidents/1/pictures/[\w-]+/)" width="3" height="2"', page)
    response = as_ada.get(address)
    assert response.headers["Content-Type"] == "image/png"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Disposition"] == 'inline; filename="picture.png"'
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox; frame-ancestors 'none'"
    assert b"script" not in response.content
    assert "onerror" not in page.content.decode()


def test_a_picture_is_there_only_below_its_own_incident(as_ada, declared):
    one, other = declared(), declared(title="Another")
    say(as_ada, one, "", picture=SimpleUploadedFile("a.png", png()))
    picture = Picture.objects.get()

    assert as_ada.get(f"{other.path}pictures/{picture.pk}/").status_code == 404


def test_the_same_press_twice_keeps_one_picture(as_ada, declared):
    incident = declared()
    for _ in range(2):
        say(as_ada, incident, "look", picture=SimpleUploadedFile("a.png", png()), once="a-press")

    assert (Entry.objects.filter(kind="note").count(), Picture.objects.count()) == (1, 1)


def test_what_is_no_picture_is_refused_and_the_text_stays(as_ada, declared):
    svg = SimpleUploadedFile("a.png", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "image/png")
    response = say(as_ada, declared(), "what I typed", picture=svg)

    assert response.status_code == 400
    assert "That is no picture we can read. Give a PNG, a JPEG or a WebP." in response.content.decode()
    assert "what I typed</textarea>" in response.content.decode()
    assert Picture.objects.count() == 0


# --- The log of its alarms -------------------------------------------------------------------------------------------


def test_the_log_of_an_alarm_stands_between_the_incidents_own_lines(declared, fired, ada, now):
    alarm = fired(at=now - timedelta(minutes=10))
    engine.escalate_due(now=now - timedelta(minutes=10), limits=limits.at(now))
    work.acknowledge(alarm=alarm, by=ada, now=now - timedelta(minutes=8))
    incident = declared(alarms=[alarm])
    work.note(alarm=alarm, by=ada, text="Restarting.", now=now + timedelta(minutes=1))
    services.say(incident=incident, kind="fixed", text="Back.", by=ada, now=now + timedelta(minutes=2))

    kinds = [line.kind for line in timeline.lines(incident)]
    assert kinds == ["impact", "fired", "step", "paged", "acknowledged", "declared", "alarm", "note", "fixed"]


def test_what_happens_to_an_alarm_after_it_was_taken_out_is_not_of_the_incident(declared, fired, ada, now):
    alarm = fired()
    incident = declared(alarms=[alarm])
    services.detach(incident=incident, alarm=alarm, by=ada, now=now + timedelta(minutes=1))
    work.acknowledge(alarm=alarm, by=ada, now=now + timedelta(minutes=2))

    assert "acknowledged" not in [line.kind for line in timeline.lines(incident)]


def test_what_an_alarm_did_last_month_is_not_of_the_incident(declared, fired, ada, now):
    last_month = now - timedelta(days=30)
    alarm = fired(at=last_month)
    work.note(alarm=alarm, by=ada, text="Old.", now=last_month)
    alarm.fired_at = now - timedelta(minutes=5)  # it fired anew
    alarm.save()

    assert "Old." not in [line.text for line in timeline.lines(declared(alarms=[alarm]))]
