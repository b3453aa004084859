"""The note: what it says, who accepts it, how it looks to people and to programs."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse

from incidents.alarms import work
from incidents.handover import gather, queries
from incidents.handover import services as handover
from oncall.limits import queries as limits
from oncall.paging.models import Notice
from oncall.troubles import services as troubles
from rotations.changes import services as changes
from rotations.coverage import handing
from rotations.coverage.models import Handoff, SignedGap
from tests.conftest import make_person, make_schedule
from tests.incidents.handover.conftest import BOUNDARY, fire, keep, minutes

pytestmark = pytest.mark.django_db


def said(handoff, now):
    return [(line.kind, line.text) for line in queries.lines_of(handoff, now=now, limits=limits.at(now))]


def test_the_note_says_what_is_open_and_what_lies_ahead(policy, handoff, triage, ada, grace, lise, pilot):
    alarm = fire(policy, at=BOUNDARY - minutes(20))
    work.acknowledge(alarm=alarm, by=ada, now=BOUNDARY - minutes(19))
    fire(policy, at=BOUNDARY - minutes(10), key="b", title="Dome drive stalls")
    troubles.raise_trouble(kind="provider", key="x", text="The telephone company refuses us.", now=BOUNDARY)
    changes.add_absence(
        person=ada, kind="sick", note="flu", starts_at=BOUNDARY + timedelta(days=2),
        ends_at=BOUNDARY + timedelta(days=3), by=ada, now=BOUNDARY - minutes(5),
    )  # fmt: skip
    changes.override(
        schedule=triage, role="primary", person=lise, starts_at=BOUNDARY + timedelta(days=1),
        ends_at=BOUNDARY + timedelta(days=2), reason="", by=pilot, now=BOUNDARY - minutes(5),
    )  # fmt: skip
    SignedGap.objects.create(
        schedule=triage, starts_at=BOUNDARY + timedelta(days=5), ends_at=BOUNDARY + timedelta(days=6),
        reason="the dome is closed", by=pilot, at=BOUNDARY,
    )  # fmt: skip

    assert said(handoff, BOUNDARY) == [
        ("alarm", "SEV-2 No alerts for images: Ada Moreno has it"),
        ("alarm", "SEV-2 Dome drive stalls: firing, nobody has it"),
        ("trouble", "The telephone company refuses us."),
        ("gap", "Nobody on call, signed by Petra Pilot: the dome is closed"),
        ("override", "Lise Girard, primary"),
        ("absence", "Ada Moreno is away"),
        ("next", "Lise Girard is next"),
    ]


def test_why_somebody_is_away_is_not_in_the_note(policy, handoff, ada):
    changes.add_absence(
        person=ada, kind="sick", note="flu", starts_at=BOUNDARY + timedelta(days=2),
        ends_at=BOUNDARY + timedelta(days=3), by=ada, now=BOUNDARY,
    )  # fmt: skip

    assert "flu" not in str(said(handoff, BOUNDARY)) + str(handoff.lines)


def test_a_source_that_breaks_is_a_line_and_not_the_end_of_the_note(handoff, monkeypatch):
    def broken(asked):
        raise RuntimeError("no such table")

    monkeypatch.setattr(gather, "SOURCES", [broken, gather.following])

    assert said(handoff, BOUNDARY) == [
        ("trouble", "Some lines are missing here: RuntimeError: no such table"),
        ("next", "Ada Moreno is next"),
    ]


def test_a_later_room_adds_its_lines(handoff, monkeypatch):
    monkeypatch.setattr(gather, "SOURCES", [lambda asked: [gather.Line("silence", "Mount until 17:00")]])

    assert said(handoff, BOUNDARY) == [("silence", "Mount until 17:00")]


def test_the_note_follows_until_it_is_accepted_and_then_stands(policy, handoff, grace):
    handover.accept(handoff=handoff, by=grace, now=BOUNDARY + minutes(1))
    fire(policy, at=BOUNDARY + minutes(2))
    handoff.refresh_from_db()

    assert said(handoff, BOUNDARY + minutes(3)) == [("next", "Ada Moreno is next")]


def test_a_note_that_nobody_accepts_is_kept_as_it_was_an_hour_after(policy, handoff):
    fire(policy, at=BOUNDARY + minutes(30))
    keep(BOUNDARY + minutes(59))
    fire(policy, at=BOUNDARY + minutes(70), key="b", title="Later")
    keep(BOUNDARY + minutes(71))
    handoff.refresh_from_db()

    assert said(handoff, BOUNDARY + minutes(72)) == [
        ("alarm", "SEV-2 No alerts for images: firing, nobody has it"),
        ("next", "Ada Moreno is next"),
    ]


def test_the_half_minute_makes_the_note_asks_for_it_and_tells_the_lead(policy, handoff, lead):
    keep(BOUNDARY)
    keep(BOUNDARY + minutes(15))

    texts = dict(Notice.objects.values_list("person__username", "text"))
    path = reverse("handoff", args=[handoff.pk])
    assert path in texts["grace"]
    assert texts["grace"].startswith("You take over Triage. Read and accept the handover note:")
    assert texts["leo"].startswith("Grace Okafor is on call for Triage since 16:00 UTC and has not accepted")


@pytest.fixture
def as_grace(client, grace, handoff, at):
    at(BOUNDARY + minutes(2))
    client.force_login(grace)
    return client


@pytest.fixture
def as_ada(client, ada, handoff, at):
    at(BOUNDARY - minutes(10))
    client.force_login(ada)
    return client


def test_home_shows_that_a_note_waits_and_one_press_accepts_it(as_grace, handoff):
    home = as_grace.get("/").content.decode()
    assert "You are on call for Triage" in home
    assert reverse("handoff", args=[handoff.pk]) in home

    as_grace.post(reverse("handoff_accept", args=[handoff.pk]))

    handoff.refresh_from_db()
    assert handoff.accepted_by.username == "grace"
    assert "You are on call for Triage" not in as_grace.get("/").content.decode()


def test_the_button_that_accepts_comes_before_all_else(as_grace, handoff):
    text = as_grace.get(reverse("handoff", args=[handoff.pk])).content.decode()

    assert text.index("I have read it: I take over") < text.index("What to know")


def test_who_goes_off_soon_is_asked_for_words_and_cannot_accept(as_ada, handoff):
    assert "Write what no machine knows" in as_ada.get("/").content.decode()

    as_ada.post(reverse("handoff_words", args=[handoff.pk]), {"words": "Clouds from the west."})
    refused = as_ada.post(reverse("handoff_accept", args=[handoff.pk]))

    handoff.refresh_from_db()
    assert (handoff.words, handoff.accepted_at) == ("Clouds from the west.", None)
    assert refused.status_code == 403
    assert "Grace Okafor takes over here" in refused.content.decode()


def test_somebody_else_reads_and_is_shown_no_form(client, handoff, lise, at):
    at(BOUNDARY)
    client.force_login(lise)

    text = client.get(reverse("handoff", args=[handoff.pk])).content.decode()

    assert "Grace Okafor" in text
    assert "I take over" not in text
    assert "Keep these words" not in text


@pytest.mark.parametrize("with_schedule", [False, True])
def test_the_list_shows_the_handoffs(as_grace, handoff, triage, with_schedule):
    text = as_grace.get(reverse("handoffs", args=[triage.pk] if with_schedule else [])).content.decode()

    assert reverse("handoff", args=[handoff.pk]) in text


def test_another_schedule_lists_none_of_it(as_grace, handoff):
    from rotations.schedule import services as schedules

    other = schedules.create_schedule(name="Other", now=BOUNDARY)

    assert "No handover yet." in as_grace.get(reverse("handoffs", args=[other.pk])).content.decode()


def one(handoff, tail=""):
    return f"/api/v1/handoffs/{handoff.pk}/{tail}"


def test_the_api_shows_and_accepts(as_grace, handoff, triage):
    answer = as_grace.post(one(handoff, "accept/"))

    assert answer.status_code == 200
    body = answer.json()
    assert body["accepted_at"].startswith("2027-03-29T16:02")
    assert (body["incoming"]["name"], body["outgoing"]["name"], body["schedule"]["name"]) == (
        "Grace Okafor",
        "Ada Moreno",
        "Triage",
    )
    assert body["at"] == "2027-03-29T16:00:00Z"
    assert [line["text"] for line in body["lines"]] == ["Ada Moreno is next"]


@pytest.mark.parametrize(
    ("query", "count"),
    [("", 1), ("?accepted=true", 0), ("?accepted=false", 1), ("?schedule={other}", 0), ("?schedule={triage}", 1)],
)
def test_the_api_lists_by_schedule_and_by_whether_it_is_accepted(as_grace, handoff, triage, query, count):
    other = "00000000-0000-4000-8000-000000000009"
    answer = as_grace.get("/api/v1/handoffs/" + query.format(other=other, triage=triage.pk))

    assert len(answer.json()["results"]) == count


def test_the_api_takes_words_until_the_note_is_accepted(as_grace, handoff, grace):
    wrote = as_grace.patch(one(handoff), {"words": "Wind."}, content_type="application/json")
    handover.accept(handoff=Handoff.objects.get(), by=grace, now=BOUNDARY + minutes(2))
    late = as_grace.patch(one(handoff), {"words": "More wind."}, content_type="application/json")

    assert (wrote.status_code, wrote.json()["words"]) == (200, "Wind.")
    assert late.status_code == 409
    assert late.json() == {"detail": ["Grace Okafor accepted this note at 16:02 UTC. Tell them what is new yourself."]}


def test_the_api_refuses_clearly(client, handoff, lise, at):
    at(BOUNDARY)
    client.force_login(lise)

    nothing = client.get("/api/v1/handoffs/00000000-0000-4000-8000-000000000009/")
    not_mine = client.post(one(handoff, "accept/"))
    long = client.patch(one(handoff), {"words": "x" * 4001}, content_type="application/json")
    odd = client.get("/api/v1/handoffs/?schedule=seven")

    assert [answer.status_code for answer in (nothing, not_mine, long, odd)] == [404, 403, 400, 400]
    assert not_mine.json() == {"detail": ["Grace Okafor takes over here, so only they can accept the note."]}
    assert list(long.json()) == ["words"]
    assert list(odd.json()) == ["schedule"]


def test_a_note_of_somebody_who_has_left_is_still_read(as_grace, handoff, ada):
    ada.is_active = False
    ada.save()

    assert as_grace.get(reverse("handoff", args=[handoff.pk])).status_code == 200
    assert handing.may_write(make_person("Nobody Special"), handoff=handoff, now=BOUNDARY) is False


def test_of_notes_for_one_instant_the_order_is_that_of_their_names(ada, grace, now):
    for name in ("Tier 2", "Triage", "Site"):
        schedule = make_schedule(name, ada)
        for role in ("secondary", "primary"):
            Handoff.objects.create(
                schedule=schedule,
                role=role,
                at=now,
                incoming=ada,
                outgoing=grace,
                shift_key=uuid.uuid4(),
                created_at=now,
            )

    in_order = [(name, role) for name in ("Site", "Tier 2", "Triage") for role in ("primary", "secondary")]
    waiting = queries.waiting_for(ada, now=now, limits=limits.at(now)).to_accept
    assert [(one.schedule.name, one.role) for one in waiting] == in_order
    assert [(one.schedule.name, one.role) for one in queries.handoffs()] == in_order
