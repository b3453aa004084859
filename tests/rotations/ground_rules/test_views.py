"""The pages and the API of the ground rules."""

from datetime import timedelta

import pytest
from django.urls import reverse

from oncall.people import services as people
from rotations.ground_rules import services
from rotations.ground_rules.models import Acceptance, Version
from tests.rotations.conftest import NOW, person, signed_in

pytestmark = pytest.mark.django_db


def text_of(answer) -> str:
    return answer.content.decode()


def test_anybody_reads_them_and_accepts_them(client, ada):
    signed_in(client, ada)
    assert "I accept version 1" in text_of(client.get(reverse("ground_rules")))
    answer = client.post(reverse("ground_rules_accept", args=[1]), follow=True)

    assert "You accepted it on" in text_of(answer)
    assert Acceptance.objects.get().person == ada


def test_who_looks_at_an_old_page_accepts_nothing_they_have_not_read(client, ada, pilot):
    services.write(text="Sleep first.", effective_from=NOW, by=pilot, now=NOW)
    answer = signed_in(client, ada).post(reverse("ground_rules_accept", args=[1]), follow=True)

    assert "Version 2 is. Read that one and accept it." in text_of(answer)
    assert not Acceptance.objects.exists()


def test_the_pilot_sees_how_many_and_who_have_not_accepted_and_others_do_not(client, schedule, pilot, ada, grace):
    services.accept(number=1, person=grace, now=NOW)
    assert "2 of 3 have not accepted it" in text_of(signed_in(client, pilot).get(reverse("ground_rules")))

    assert "have not accepted it" not in text_of(signed_in(client, ada).get(reverse("ground_rules")))


def test_a_new_version_is_looked_at_before_it_is_written(client, pilot):
    signed_in(client, pilot)
    draft = {"text": "# Sleep\n\n- first & foremost <b>", "effective_from": "2027-03-30T09:00"}
    looked = text_of(client.post(reverse("ground_rules_write"), draft | {"preview": "1"}))
    assert "<li>first &amp; foremost &lt;b&gt;</li>" in looked
    assert '<span class="visually-hidden">gone: </span># Out of hours: best effort' in looked
    assert Version.objects.count() == 1

    answer = client.post(reverse("ground_rules_write"), draft | {"publish": "1"})
    assert answer["Location"] == "/ground-rules/2/"
    assert Version.objects.get(number=2).by == pilot


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"text": ""}, "This field is required."),
        ({"effective_from": "2020-01-01T00:00"}, "that is past"),
        ({"effective_from": "9999-12-31T23:59"}, "Choose an instant from 1990 to 2099."),
        ({"effective_from": "soon"}, "Enter a valid date/time."),
        ({"text": "x\x00"}, "Null characters are not allowed."),
    ],
)
def test_a_wrong_version_is_told_and_what_was_typed_stays(client, pilot, change, said):
    typed = {"text": "Sleep first.", "effective_from": "2027-03-30T09:00", "publish": "1"} | change
    answer = signed_in(client, pilot).post(reverse("ground_rules_write"), typed)

    assert answer.status_code == 400
    assert said in text_of(answer)
    assert Version.objects.count() == 1


def test_others_neither_write_nor_export(client, ada):
    signed_in(client, ada)

    assert client.get(reverse("ground_rules_write")).status_code == 403
    assert client.post(reverse("ground_rules_write"), {}).status_code == 403
    assert client.get(reverse("ground_rules_acceptances")).status_code == 403


def test_the_export_says_who_accepted_what_when_and_holds_no_formula(client, pilot):
    services.accept(number=1, person=person("eve", "=HYPERLINK(1)"), now=NOW)
    rows = text_of(signed_in(client, pilot).get(reverse("ground_rules_acceptances"))).splitlines()

    assert rows == [
        "version,in_force_from,person,accepted_at",
        "1,2020-01-01T00:00:00Z,'=HYPERLINK(1),2027-03-23T03:10:00Z",
    ]


@pytest.mark.parametrize("number", [0, 2, 99999999999999999999])
def test_a_version_that_is_not_there_is_not_found(client, ada, number):
    signed_in(client, ada)

    assert client.get(f"/ground-rules/{number}/").status_code == 404
    assert client.post(f"/ground-rules/{number}/accept/").status_code == 302


def test_the_page_costs_the_same_for_many_members(client, schedule, pilot, django_assert_max_num_queries):
    from rotations.schedule.models import Participant, Rotation

    rotation = Rotation.objects.get()
    for n in range(20):
        Participant.objects.create(rotation=rotation, person=person(f"p{n}", f"P {n}"), position=n + 3)
    signed_in(client, pilot)

    with django_assert_max_num_queries(13):
        assert "23 of 23 have not accepted it" in text_of(client.get(reverse("ground_rules")))


@pytest.fixture
def api(client):
    def ask(who, method="get", path="/api/v1/ground-rules/", **body):
        _, token = people.create_token(person=who, name="test", now=NOW)
        return getattr(client, method)(
            path, body, content_type="application/json", headers={"Authorization": f"Token {token}"}
        )

    return ask


def test_programs_read_them_and_accept_them(api, ada, pilot):
    services.write(text="To come.", effective_from=NOW + timedelta(days=7), by=pilot, now=NOW)
    before = api(ada).json()
    assert (before["version"], before["accepted_at"]) == (1, None)
    assert before["upcoming"] == [{"version": 2, "effective_from": "2027-03-30T03:10:00Z", "text": "To come."}]
    after = api(ada, "post", "/api/v1/ground-rules/accept/", version=1)

    assert (after.status_code, after.json()["accepted_at"]) == (200, "2027-03-23T03:10:00Z")


@pytest.mark.parametrize(
    ("version", "status"),
    [(2, 409), (0, 400), (-1, 400), (99999999999999999999, 400), ("x", 400), (None, 400), ([], 400), ("\x00", 400)],
)
def test_an_odd_version_is_refused(api, ada, version, status):
    answer = api(ada, "post", "/api/v1/ground-rules/accept/", version=version)

    assert answer.status_code == status
    assert list(answer.json()) == ["version"]
