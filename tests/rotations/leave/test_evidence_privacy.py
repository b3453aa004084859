"""A person sees their own evidence, a manager their teams', the pilot none: on screens and in the API."""

from datetime import timedelta

import pytest
from django.urls import reverse

from oncall.people.models import Person
from rotations.leave.models import CallOut, Correction, Evidence
from tests.rotations.conftest import NOW


@pytest.fixture
def night(tell, lise) -> CallOut:
    """Lise was called for two hours; what she wrote is in the evidence."""
    tell("02:20 page A, 02:25 acknowledge A, 02:40 note Secret, 04:20 resolve A, 04:20 resolve Secret")
    return CallOut.objects.get()


@pytest.fixture
def everybody(lise, ada, pilot, manager) -> dict[str, Person]:
    """Of whom each has another right to see Lise's evidence, or none."""
    over_all = Person.objects.create_user("olga", name="Olga Over", time_zone="UTC")
    over_all.role_terms.create(role="manager", team=None, starts_at=NOW)
    was = Person.objects.create_user("wim", name="Wim Was", time_zone="UTC")
    team = manager.role_terms.get().team
    was.role_terms.create(role="manager", team=team, starts_at=NOW - timedelta(days=9), ends_at=NOW - timedelta(days=1))
    return {
        "herself": lise,
        "a colleague": ada,
        "the pilot": pilot,
        "their manager": manager,
        "a manager of everybody": over_all,
        "their manager of once": was,
        "an administrator": Person.objects.create_superuser("root", name="Root", time_zone="UTC"),
    }


SEES = {"herself", "their manager", "a manager of everybody", "an administrator"}


@pytest.mark.parametrize(
    "who",
    [
        "herself",
        "a colleague",
        "the pilot",
        "their manager",
        "a manager of everybody",
        "their manager of once",
        "an administrator",
    ],
)
def test_evidence_is_seen_by(client, everybody, night, who):
    client.force_login(everybody[who])
    pages = [reverse("call_out", args=[night.pk]), f"/api/v1/leave/call-outs/{night.pk}/"]
    shown = ["acknowledge A" in client.get(page).content.decode() for page in pages]
    assert shown == [who in SEES] * 2


@pytest.mark.parametrize("who", ["a colleague", "the pilot"])
def test_nothing_of_another_persons_call_out_is_in_any_list(client, everybody, night, who):
    client.force_login(everybody[who])
    lists = [
        reverse("call_outs"),
        "/api/v1/leave/call-outs/?everybody=true",
        "/api/v1/leave/entries/?everybody=true",
    ]
    for page in lists:
        assert str(night.pk) not in client.get(page).content.decode()


@pytest.mark.parametrize("who", ["a colleague", "the pilot"])
def test_nobody_else_says_anything_about_the_hours(client, everybody, night, who):
    client.force_login(everybody[who])
    for verb in ("correct", "split", "remove"):
        assert client.post(reverse(f"call_out_{verb}", args=[night.pk]), {"reason": "x"}).status_code == 404
    for verb in ("correct", "split", "remove", "stand-down"):
        address = f"/api/v1/leave/call-outs/{night.pk}/{verb}/"
        assert client.post(address, {"reason": "x"}, content_type="application/json").status_code == 404
    assert not Correction.objects.exists()


@pytest.mark.parametrize("who", ["herself", "their manager"])
def test_whoever_may_see_it_cannot_change_evidence_by_correcting(client, everybody, night, who):
    client.force_login(everybody[who])
    before = list(Evidence.objects.values_list("pk", "at", "kind", "text"))
    client.post(reverse("call_out_remove", args=[night.pk]), {"reason": "A drill."})
    assert Correction.objects.count() == 1
    assert list(Evidence.objects.values_list("pk", "at", "kind", "text")) == before
