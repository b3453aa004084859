"""The public status page: without a sign-in, only what was published, and never green where it does not know."""

from datetime import timedelta

import pytest
from django.test import Client

from incidents.command import editing
from incidents.command import services as command
from incidents.latency import rule_queries
from incidents.latency.rule_queries import Said
from incidents.updates import panels, services
from incidents.updates import status as status_page
from incidents.updates.models import Update
from incidents.updates.status import status
from oncall import clock
from oncall.limits import queries as limits
from tests.incidents.updates.conftest import message

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def told(declared, ada, now):
    """An incident of which a message is published."""
    incident = declared(summary="Secret summary")
    update = services.write_draft(incident=incident, draft=message(), by=ada, now=now)
    services.send(update=update, edition=1, by=ada, now=now)
    return incident


def tell(incident, by, now, **changes):
    update = services.write_draft(incident=incident, draft=message(**changes), by=by, now=now)
    services.send(update=update, edition=1, by=by, now=now)


def at(now):
    return status(now=now, limits=limits.at(now))


def test_anybody_reads_what_was_published_and_nothing_else(client, told):
    page = client.get("/status/")
    text = page.content.decode()

    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "public, max-age=15"
    assert not page.cookies
    assert "Alerts are delayed" in text
    assert "They follow." in text
    for hidden in ("Secret", "Ada", "Moreno", "SEV-", f"/incidents/{told.number}/"):
        assert hidden not in text


def test_it_is_the_same_for_everybody(client, told, ada):
    signed_in = Client()
    signed_in.force_login(ada)
    strange, known = client.get("/status/"), signed_in.get("/status/")

    clean = [one.content.decode().split('class="muted">As of')[0] for one in (strange, known)]
    assert clean[0] == clean[1]
    assert "Ada" not in known.content.decode()


def test_it_has_a_few_queries_however_much_was_published(client, told, ada, now, django_assert_max_num_queries):
    for minute in range(3):
        tell(told, ada, now + timedelta(minutes=minute))
    limits.lately(clock.now())

    with django_assert_max_num_queries(9):
        client.get("/status/")


def test_what_is_over_as_it_was_told_is_past_and_is_gone_after_30_days(told, ada, now):
    assert [one.subject for one in at(now).current] == ["Alerts are delayed"]

    tell(told, ada, now + timedelta(hours=1), stage="resolved", subject="Over")

    later = at(now + timedelta(hours=2))
    assert ([one.subject for one in later.current], [one.subject for one in later.past]) == ([], ["Over"])
    assert [one.subject for one in later.past[0].messages] == ["Over", "Alerts are delayed"]
    assert at(now + timedelta(days=30, hours=2)).past == []


def test_what_was_out_before_an_incident_was_restricted_stays_out_and_announces_no_more(client, told, ada, now):
    tell(told, ada, now, next_at=now + timedelta(minutes=20), subject="A promise")
    editing.restrict(incident=told, by=ada, now=now)

    said, page = at(now), client.get("/status/").content.decode()

    assert said.outlook.state == "disturbed"
    assert [(one.subject, one.is_silent, one.next_at) for one in said.current] == [("A promise", True, None)]
    assert "no more can be said of it here for now" in page
    assert "the next message was announced" not in page


def test_a_restricted_incident_of_which_nothing_was_out_shows_nowhere(client, declared, ada, now):
    declared(restricted=True)

    said = at(now)

    assert (said.current, said.past) == ([], [])


def test_a_restricted_incident_that_is_over_is_past_after_a_day(told, ada, now):
    editing.restrict(incident=told, by=ada, now=now)
    command.move(incident=told, move="resolve", by=ada, now=now)

    said = at(now + DAY)

    assert (said.current, [one.stage_words for one in said.past]) == ([], ["it is over, without a last message"])


def test_it_never_says_that_there_is_no_incident(declared, all_well, now):
    """It could not tell: nobody outside is told of a restricted one."""
    declared(restricted=True)

    assert at(now).outlook.text == "No incident is announced, and alerts go out in time."


def test_where_nothing_was_published_it_does_not_say_nothing_else(client, db):
    page = client.get("/status/").content.decode()

    assert "Nothing was published." in page
    assert 'href="/"' in page


@pytest.fixture
def all_well(monkeypatch):
    """As if the engine beat and alerts went out."""
    kept = {"tonight": {"state": "sending", "text": "", "since": None, "data_at": None, "visits": 5, "in_time": 5}}
    monkeypatch.setattr(rule_queries, "said", lambda now, limits: Said(now, now, kept, ""))
    monkeypatch.setattr(status_page, "_is_late", lambda now, limits: False)


def test_without_signs_of_the_engine_it_is_not_known(db, now):
    assert at(now).outlook.state == "unknown"


def test_it_is_green_when_all_is_known_and_well(db, all_well, now):
    assert at(now).outlook.state == "working"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({}, "unknown"), ({"severity": 3}, "working"), ({"restricted": True}, "working")],
    ids=["major", "minor", "restricted"],
)
def test_a_major_incident_that_was_not_told_is_not_green_and_a_restricted_one_never_shows(
    declared, all_well, now, changes, expected
):
    declared(**changes)

    assert at(now).outlook.state == expected


def test_one_that_came_back_is_not_green_though_it_was_told_over(told, ada, all_well, now):
    later = now + timedelta(minutes=1)
    resolved = command.move(incident=told, move="resolve", by=ada, now=later)
    tell(resolved, ada, later, stage="resolved")
    assert at(later).outlook.state == "working"

    command.move(incident=resolved, move="reopen", by=ada, now=later)

    assert at(later).outlook.state == "unknown"


def test_one_that_is_over_without_a_word_is_past_after_a_day_and_says_so(told, ada, all_well, now):
    command.move(incident=told, move="false_alarm", by=ada, now=now)

    assert at(now + DAY - timedelta(seconds=1)).outlook.state == "disturbed"
    later = at(now + DAY)
    assert (later.outlook.state, later.current) == ("working", [])
    assert later.past[0].stage_words == "it is over, without a last message"
    assert at(now + 31 * DAY).past == []


def test_one_that_was_merged_is_over_when_the_other_was_told_to_be(told, declared, ada, now):
    other = declared(title="Other")
    merged = command.move(incident=told, move="merge", by=ada, now=now, into=other)
    assert [one.id for one in at(now + 2 * DAY).current] == [merged.pk]
    assert "It goes on as" in panels.on_incident(merged, person=ada, now=now)

    later = now + timedelta(minutes=1)
    tell(other, ada, later, stage="resolved", subject="Over")
    command.move(incident=other, move="resolve", by=ada, now=later)

    assert [one.subject for one in at(later).past] == ["Over", "Alerts are delayed"]


def test_many_messages_of_one_that_is_over_push_no_other_off_the_page(told, declared, ada, now):
    other = declared(title="Other")
    Update.objects.bulk_create(
        Update(
            incident=other, subject="s", text="t", stage="resolved", state="sent", written_at=now, written_by=ada,
            sent_at=now + timedelta(minutes=n), sent_by=ada,
        )
        for n in range(550)
    )  # fmt: skip

    said = at(now + timedelta(hours=10))

    assert [one.id for one in said.current] == [told.pk]
    assert [(len(one.messages), one.left_out, one.first_at) for one in said.past] == [(40, 510, now)]


def test_programs_read_the_same(client, told):
    answer = client.get("/api/v1/status/")
    body = answer.json()

    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "public, max-age=15")
    assert (body["state"], body["fresh_for_s"], body["past"]) == ("disturbed", 15, [])
    assert [one["text"] for one in body["current"][0]["messages"]] == ["They follow."]
    assert "Secret" not in answer.content.decode()
