"""Who may silence what, for how long, and what is written down of it."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from incidents.alarms import services, silences
from incidents.alarms.models import Alarm, Held, Occurrence, Silence, SilenceLine
from incidents.alarms.silencing import Matcher
from incidents.handover.gather import Asked, lines
from oncall.people.models import Site
from rotations.schedule.models import Schedule
from tests.conftest import NOW

MACHINE = UUID("11111111-1111-4111-8111-111111111111")
DAY = datetime(2027, 3, 23, 15, 0, tzinfo=UTC)  # noon in Chile; the sun sets at the summit before 23:00 UTC
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def summit(db):
    return Site.objects.get_or_create(
        observing=True, defaults={"name": "Summit", "latitude": -30.2446, "longitude": -70.7494, "time_zone": "UTC"}
    )[0]


def ask(by, *, now=DAY, starts_at=DAY, ends_at=DAY + HOUR, matchers=(("source", "Prometheus"),), **fields):
    kept = [Matcher(*one) for one in matchers]
    wanted = silences.Wanted(kept, fields.pop("reason", "Disks are changed"), starts_at, ends_at, **fields)
    return silences.create(wanted=wanted, by=by, now=now)


def hear(now, severity=3):
    firing = services.Firing("Disk full", severity, MACHINE, "Prometheus", key=f"k{severity}")
    return services.hear(firing=firing, policy_id=None, now=now)


def refused(field, words, *args, **fields):
    with pytest.raises(silences.SilenceRefused, match=words) as error:
        ask(*args, **fields)
    assert error.value.field == field


def test_anybody_may_silence_by_day(ada):
    assert ask(ada).occurrences.get().ends_at == DAY + HOUR


def test_into_the_night_only_the_pilot_and_administrators_may(ada, pilot):
    dusk = datetime(2027, 3, 23, 23, 30, tzinfo=UTC)
    refused("ends_at", "It reaches into the night, which begins at sunset, 23 Mar 22:", ada, ends_at=dusk)

    assert ask(pilot, ends_at=dusk).ends_at == dusk


def test_an_administrator_may_silence_at_night(ada):
    ada.is_superuser = True
    ada.save()

    assert ask(ada, now=NOW, starts_at=NOW, ends_at=NOW + HOUR)


def test_a_silence_that_repeats_may_not_reach_into_a_later_night(ada):
    """16:00 to 17:45 in Chile is by day in March and by night in June, when the sun sets there at 17:50."""
    start = datetime(2027, 3, 23, 20, 0, tzinfo=UTC)  # 17:00 there
    words = "It reaches into the night"
    later = {"starts_at": start, "ends_at": start + HOUR, "repeats": "weekly", "zone": "America/Santiago"}

    assert ask(ada, until=date(2027, 3, 30), **later)
    refused("ends_at", words, ada, until=date(2027, 6, 22), **later)


def test_without_a_site_that_observes_nobody_else_may(ada):
    Site.objects.update(observing=False)

    refused("ends_at", "No site observes", ada)


@pytest.mark.parametrize(
    ("field", "words", "asked"),
    [
        ("ends_at", "longer than 24 h", {"ends_at": DAY + timedelta(hours=24, minutes=1)}),
        ("ends_at", "is past", {"starts_at": DAY - 2 * HOUR, "ends_at": DAY - HOUR}),
        (
            "starts_at",
            "more than a year away",
            {"starts_at": DAY + timedelta(days=400), "ends_at": DAY + timedelta(401)},
        ),
        ("reason", "Say why", {"reason": "  "}),
        ("matchers", "every alarm", {"matchers": (("title", "*"),)}),
        ("until", "until which day", {"repeats": "daily"}),
    ],
)
def test_what_cannot_be_is_refused_by_field(pilot, field, words, asked):
    refused(field, words, pilot, **asked)


def test_a_start_that_is_past_is_now(pilot):
    assert ask(pilot, starts_at=DAY - HOUR).starts_at == DAY


def test_an_occurrence_longer_than_a_day_is_refused_by_the_database(pilot):
    silence = ask(pilot)
    with pytest.raises(IntegrityError), transaction.atomic():
        Occurrence.objects.create(silence=silence, starts_at=DAY, ends_at=DAY + timedelta(hours=24, seconds=1))


def test_one_that_is_to_come_holds_nothing_yet(pilot, policy):
    ask(pilot, starts_at=DAY + HOUR, ends_at=DAY + 2 * HOUR)

    assert hear(DAY + HOUR - MINUTE) is not None
    assert hear(DAY + HOUR, severity=4) is None


def test_one_that_repeats_holds_at_each_of_its_times(pilot, policy):
    ask(pilot, repeats="daily", until=date(2027, 3, 25), zone="UTC")

    assert hear(DAY + timedelta(days=1)) is None
    assert hear(DAY + timedelta(days=1, hours=1)) is not None
    assert hear(DAY + timedelta(days=2), severity=4) is None


# --- SEV-1 ------------------------------------------------------------------------------------------------------------


def test_sev1_calls_through_a_silence(pilot, policy):
    ask(pilot)

    assert hear(DAY, severity=1) is not None


def test_sev1_calls_until_a_second_person_agrees(ada, grace, policy):
    silence = ask(ada, asks_sev1=True)
    assert hear(DAY, severity=1) is not None
    services.resolve(alarm=Alarm.objects.get(), by=ada, now=DAY)

    silences.agree(silence=silence, by=grace, now=DAY + MINUTE)
    assert hear(DAY + 20 * MINUTE, severity=1) is None


def test_nobody_agrees_with_themselves(ada):
    silence = ask(ada, asks_sev1=True)

    with pytest.raises(silences.SilenceRefused, match="needs somebody else to agree"):
        silences.agree(silence=silence, by=ada, now=DAY)


def test_the_pilot_alone_hides_sev1_for_half_an_hour(pilot, policy):
    ask(pilot, asks_sev1=True)

    assert hear(DAY + timedelta(minutes=29, seconds=59), severity=1) is None
    assert Held.objects.get().until == DAY + 30 * MINUTE
    assert hear(DAY + 30 * MINUTE, severity=1) is not None


@pytest.mark.parametrize(
    ("matchers", "starts_at", "calls"),
    [
        ((("source", "Prometheus"),), DAY + 30 * MINUTE, True),
        ((("title", "Disk*"),), DAY + 30 * MINUTE, True),  # may fit the same
        ((("source", "Prometheus"),), DAY + 24 * HOUR - MINUTE, True),
        ((("source", "Prometheus"),), DAY - HOUR, True),  # asked for later, begins before
        ((("source", "Prometheus"),), DAY + 24 * HOUR, False),
        ((("source", "Grafana"),), DAY + 30 * MINUTE, False),
    ],
)
def test_the_pilot_alone_hides_the_same_sev1_once_in_a_day(pilot, matchers, starts_at, calls):
    ask(pilot, asks_sev1=True, now=DAY - 2 * HOUR)
    second = ask(
        pilot, asks_sev1=True, now=DAY - 2 * HOUR, matchers=matchers, starts_at=starts_at, ends_at=starts_at + HOUR
    )

    assert (second.sev1_from is None) is calls
    said = (
        "SEV-1 calls until a second person agrees: Petra Pilot alone hides it from 23 Mar 15:00 UTC to 23 Mar 15:30 "
        "UTC in another silence, which is possible once in 24 h."
    )
    assert second.log.get().text.endswith(said if calls else "SEV-1 is hidden for its first 30 min.")


def test_what_the_pilot_called_off_before_it_began_hid_nothing(pilot):
    first = ask(pilot, asks_sev1=True, starts_at=DAY + HOUR, ends_at=DAY + 2 * HOUR)
    silences.end(silence=first, by=pilot, now=DAY)

    assert ask(pilot, asks_sev1=True).sev1_from == DAY


def test_who_is_no_longer_the_pilot_when_it_begins_does_not_hide_sev1_alone(pilot):
    pilot.role_terms.update(ends_at=DAY + timedelta(days=1))
    far = DAY + timedelta(days=2)

    assert ask(pilot, asks_sev1=True, starts_at=far, ends_at=far + HOUR).sev1_from is None


def test_who_hides_sev1_again_and_again_needs_somebody_who_may(pilot, grace):
    silence = ask(pilot, asks_sev1=True, repeats="daily", until=date(2027, 3, 25), zone="UTC")
    with pytest.raises(silences.SilenceRefused, match="the pilot, an administrator or a manager must agree"):
        silences.agree(silence=silence, by=grace, now=DAY)

    grace.role_terms.create(role="manager", starts_at=DAY)
    assert silences.agree(silence=silence, by=grace, now=DAY).agreed_by == grace


def test_sev1_is_hidden_again_and_again_for_a_week_at_most(pilot):
    asked = {"asks_sev1": True, "repeats": "daily", "zone": "UTC"}
    refused("until", "may repeat for 7 days at most", pilot, until=date(2027, 3, 31), **asked)

    assert ask(pilot, until=date(2027, 3, 30), **asked).occurrences.count() == 8


def test_a_silence_day_after_day_leaves_an_hour_free(pilot, policy):
    whole = {"repeats": "daily", "until": date(2027, 3, 25), "zone": "UTC"}
    refused("ends_at", "must be free", pilot, ends_at=DAY + 24 * HOUR, **whole)

    ask(pilot, ends_at=DAY + 23 * HOUR, **whole)
    assert hear(DAY + 23 * HOUR) is not None


# --- Most of everything -----------------------------------------------------------------------------------------------

MOST = (("title", "*?*e*"),)


@pytest.fixture
def ten(policy):
    """Ten different alarms of the last days, one of them twice; six have an e in their title."""
    for nth, title in enumerate(["Lake", "Tree", "Sea", "Dune", "Shore", "Cave", "Hill", "Rock", "Pond", "Wood"]):
        firing = services.Firing(title, 3, MACHINE, "Prometheus", key=title)
        services.fire(firing=firing, policy=policy, now=DAY - timedelta(days=6) + nth * MINUTE)
    Alarm.objects.filter(title="Hill").update(state="resolved", resolved_at=DAY - 2 * HOUR, next_due=None)
    services.fire(firing=services.Firing("Hill", 3, MACHINE, "Prometheus", key="Hill"), policy=policy, now=DAY - HOUR)


def test_what_fits_most_alarms_is_the_pilots(ten, ada, pilot):
    words = "It fits 6 of the 10 different alarms of the last 7 days: only the pilot or an administrator"
    refused("matchers", words, ada, matchers=MOST)

    silence = ask(pilot, matchers=MOST)
    assert silence.log.get().text.endswith("It fits 6 of the 10 different alarms of the last 7 days.")


def test_what_fits_half_of_them_is_anybodys(ten, ada):
    Alarm.objects.filter(title="Lake").update(title="Bay")

    assert ask(ada, matchers=MOST).pk


def test_of_few_alarms_a_share_says_nothing(ten, ada):
    Alarm.objects.filter(title="Wood").update(fired_at=DAY - timedelta(days=7))

    assert ask(ada, matchers=MOST).pk


def test_the_pilot_alone_does_not_hide_sev1_again_and_again(pilot, policy):
    ask(pilot, asks_sev1=True, repeats="daily", until=date(2027, 3, 25), zone="UTC")

    assert hear(DAY, severity=1) is not None


def test_a_silence_that_does_not_ask_cannot_be_agreed_to(ada, grace):
    with pytest.raises(silences.SilenceRefused, match="does not ask to hide SEV-1"):
        silences.agree(silence=ask(ada), by=grace, now=DAY)


def test_the_second_to_agree_is_told_who_was_first(ada, grace, pilot):
    silence = ask(ada, asks_sev1=True)
    silences.agree(silence=silence, by=grace, now=DAY)

    with pytest.raises(silences.AlreadyOver, match="Grace Okafor has agreed before"):
        silences.agree(silence=silence, by=pilot, now=DAY)


# --- End and history --------------------------------------------------------------------------------------------------


def test_ending_one_calls_off_all_that_is_to_come(pilot, ada):
    silence = ask(pilot, repeats="daily", until=date(2027, 3, 27), zone="UTC")
    silences.end(silence=silence, by=ada, now=DAY + 30 * MINUTE)

    assert [(one.starts_at, one.ends_at) for one in silence.occurrences.all()] == [(DAY, DAY + 30 * MINUTE)]


def test_it_ends_once(pilot, ada):
    silence = ask(pilot)
    silences.end(silence=silence, by=ada, now=DAY)

    with pytest.raises(silences.AlreadyOver, match="Ada Moreno ended it at 23 Mar 15:00 UTC"):
        silences.end(silence=silence, by=pilot, now=DAY + MINUTE)


def test_who_did_what_is_written_down(ada, grace):
    silence = ask(ada, asks_sev1=True)
    silences.agree(silence=silence, by=grace, now=DAY)
    silences.end(silence=silence, by=grace, now=DAY + MINUTE)

    assert [line.text for line in silence.log.all()] == [
        (
            "Ada Moreno asked for it, from 23 Mar 15:00 UTC to 23 Mar 16:00 UTC: Disks are changed. "
            "SEV-1 calls until a second person agrees."
        ),
        "Grace Okafor agreed: SEV-1 is hidden too.",
        "Grace Okafor ended it.",
    ]


def test_what_was_done_cannot_be_written_anew(ada):
    ask(ada)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        SilenceLine.objects.update(text="I was not here.")


def test_the_handover_note_gathers_them(pilot, ada):
    ask(pilot)
    ask(pilot, starts_at=DAY + timedelta(days=1), ends_at=DAY + timedelta(days=1, hours=1), reason="Network")
    hear(DAY)
    schedule = Schedule.objects.create(name="Triage", slug="triage")
    said = lines(Asked(schedule=schedule, role="primary", at=DAY, now=DAY))

    assert [line.text for line in said if line.kind == "silence"] == [
        "Disks are changed (source is Prometheus), by Petra Pilot",
        "To come: Network (source is Prometheus), by Petra Pilot",
        "1 firing held, not sent",
    ]


# --- Screens and API --------------------------------------------------------------------------------------------------


@pytest.fixture
def now(monkeypatch):
    monkeypatch.setattr("oncall.clock.now", lambda: DAY)
    return DAY


@pytest.fixture
def signed_in(client, ada, now):
    client.force_login(ada)
    return client


FORM = {
    "kind": "silence", "reason": "Disks", "starts_at": "2027-03-23T08:00", "ends_at": "2027-03-23T09:00",
    "zone": "America/Los_Angeles", "source": "Prom*", "repeats": "", "until": "", "labels": "site=summit\n",
}  # fmt: skip


def test_the_form_is_read_on_the_viewers_clock(signed_in):
    signed_in.post("/silences/new/", FORM)

    silence = Silence.objects.get()
    assert (silence.starts_at, silence.ends_at) == (DAY, DAY + HOUR)  # 08:00 in California
    assert silence.matchers == [
        {"field": "source", "value": "Prom*"}, {"field": "label:site", "value": "summit"},
    ]  # fmt: skip


def test_the_preview_shows_what_is_open_and_what_would_be_held(signed_in, policy):
    alarm = Alarm.objects.get(pk=hear(DAY - HOUR))
    services.resolve(alarm=alarm, by=policy.steps.first().person, now=DAY - HOUR)
    hear(DAY - MINUTE, severity=4)
    page = signed_in.post("/silences/new/", FORM | {"then": "preview", "labels": ""}).content.decode()

    assert "Open already: not hidden" in page
    assert "Of the last 24 hours" in page
    assert not Silence.objects.exists()


def test_the_preview_warns_of_what_would_hold_most_of_everything(signed_in, ten):
    asked = FORM | {"then": "preview", "source": "", "labels": "", "title": "*?*e*"}
    page = signed_in.post("/silences/new/", asked).content.decode()

    assert "This silences most of everything." in page
    assert "It fits 6 of the 10 different alarms of the last 7 days" in page
    assert "Only the pilot and administrators may silence so much" in page


def test_the_form_says_who_may_silence_most_of_everything(signed_in, ten):
    response = signed_in.post("/silences/new/", FORM | {"source": "", "labels": "", "title": "*?*e*"})

    assert response.status_code == 400
    assert "only the pilot or an administrator may silence so much" in response.content.decode()


def test_its_page_says_that_what_is_open_calls_all_the_same(signed_in, pilot):
    page = signed_in.get(ask(pilot).path).content.decode()

    assert "An alarm that is open already calls all the same, also when it comes again or gets worse." in page


def test_its_page_asks_only_those_to_agree_who_may(signed_in, pilot, ada):
    silence = ask(pilot, asks_sev1=True, repeats="daily", until=date(2027, 3, 25), zone="UTC")
    before = signed_in.get(silence.path).content.decode()
    ada.role_terms.create(role="manager", starts_at=DAY)
    after = signed_in.get(silence.path).content.decode()

    assert ("I agree" in before, "I agree" in after) == (False, True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"source": "", "labels": ""}, "This would hold every alarm"),
        ({"labels": "summit"}, "“summit” is no label. Write name=value."),
        ({"severity": "9"}, "“9” is no severity"),
        ({"ends_at": "2027-03-23T20:00"}, "It reaches into the night"),
        ({"reason": ""}, "required"),
        ({"starts_at": "9999-12-31T23:00"}, "too far away"),
    ],
)
def test_a_form_that_cannot_be_says_why(signed_in, change, words):
    response = signed_in.post("/silences/new/", FORM | change)

    assert response.status_code == 400
    assert words in response.content.decode()


def test_its_page_says_what_it_held_and_who_did_what(signed_in, pilot, policy):
    silence = ask(pilot)
    hear(DAY)
    page = signed_in.get(silence.path).content.decode()

    assert "Disk full" in page
    assert "Petra Pilot asked for it" in page


def test_the_list_asks_the_same_for_many_as_for_one(signed_in, pilot, django_assert_max_num_queries):
    for nth in range(5):
        ask(pilot, reason=f"Now {nth}")
        ask(pilot, starts_at=DAY + HOUR, ends_at=DAY + 2 * HOUR, reason=f"Later {nth}")
    with django_assert_max_num_queries(10):
        page = signed_in.get("/silences/").content.decode()

    assert "Now 4" in page
    assert "Later 4" in page


def test_it_is_ended_by_a_button_once(signed_in, pilot):
    silence = ask(pilot)

    assert signed_in.post(f"{silence.path}end/").status_code == 302
    assert signed_in.post(f"{silence.path}end/").status_code == 409


def test_a_program_asks_for_one_and_ends_it(signed_in):
    body = {
        "matchers": [{"field": "stage", "value": "isr"}], "reason": "Disks",
        "starts_at": "2027-03-23T15:00:00Z", "ends_at": "2027-03-23T16:00:00Z",
    }  # fmt: skip
    made = signed_in.post("/api/v1/silences/", body, content_type="application/json")
    ended = signed_in.post(f"/api/v1/silences/{made.json()['id']}/end/")
    again = signed_in.post(f"/api/v1/silences/{made.json()['id']}/end/")

    assert (made.status_code, ended.status_code, again.status_code) == (201, 200, 409)
    assert ended.json()["ended_by"] == "Ada Moreno"
    assert [one["reason"] for one in signed_in.get("/api/v1/silences/").json()["results"]] == ["Disks"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"matchers": [{"field": "colour", "value": "red"}]}, "matchers"),
        ({"matchers": []}, "matchers"),
        ({"zone": "Mars"}, "zone"),
        ({"ends_at": "2027-03-25T16:00:00Z"}, "ends_at"),
        ({"repeats": "daily"}, "until"),
    ],
)
def test_a_program_is_told_which_field_is_wrong(signed_in, change, field):
    body = {
        "matchers": [{"field": "stage", "value": "isr"}], "reason": "Disks",
        "starts_at": "2027-03-23T15:00:00Z", "ends_at": "2027-03-23T16:00:00Z",
    }  # fmt: skip
    response = signed_in.post("/api/v1/silences/", body | change, content_type="application/json")

    assert (response.status_code, list(response.json())) == (400, [field])
