"""Results and deployments from programs, and the same by hand on the screens."""

import json
from datetime import UTC, date, datetime
from operator import attrgetter, itemgetter

import pytest

from oncall.people import services as people
from oncall.people.models import Team
from playbooks.readiness import services
from playbooks.readiness.models import Check, Deployment, Result, Waiver
from playbooks.readiness.queries import deployments_between, versions_at
from tests.playbooks.readiness.conftest import NIGHT, all_pass, at, plan, report

pytestmark = pytest.mark.django_db
NO_LINK = "Send an address that begins with https:// or http://, or leave it out."
ITEM = {"night": "20270323", "check": "raws-upload", "result": "fail", "version": "w12", "link": "https://ci.example/7"}


@pytest.fixture(autouse=True)
def _five_past_ten(monkeypatch):
    monkeypatch.setattr("oncall.clock.now", lambda: at(17, 5))


@pytest.fixture
def post(client, ada):
    token = people.create_token(person=ada, name="ci", now=at(12))[1]

    def send(path, body):
        body = body if isinstance(body, bytes) else json.dumps(body)
        headers = {"Authorization": f"Token {token}"}
        return client.post(f"/api/v1/{path}/", body, content_type="application/json", headers=headers)

    return send


def test_a_result_is_taken_once(planned, post):
    first, again = post("readiness", ITEM), post("readiness", ITEM | {"check": 4, "night": 20270323})

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json() | {"id": ""} == {
        "id": "", "night": "20270323", "check": "raws-upload", "number": 4, "result": "fail", "version": "w12",
        "link": "https://ci.example/7", "detail": "", "at": "2027-03-23T17:05:00Z", "by": "Ada Moreno",
        "by_hand": False, "counts": True, "why_not": "",
    }  # fmt: skip


@pytest.mark.parametrize("wrapped", [False, True])
def test_each_item_of_a_list_is_taken_by_itself(planned, post, wrapped):
    items = [ITEM, ITEM | {"check": "nothing-such"}, 7, ITEM | {"check": 1, "result": "pass"}, ITEM]

    answer = post("readiness", {"results": items} if wrapped else items)

    assert answer.status_code == 200
    assert answer.json()["accepted"] == 2
    assert answer.json()["repeated"] == 1
    assert [(one["index"], list(one["errors"])) for one in answer.json()["rejected"]] == [
        (1, ["check"]),
        (2, ["detail"]),
    ]


@pytest.mark.parametrize(
    ("wrong", "field", "remedy"),
    [
        ({"night": "2027-3-23"}, "night", "Write a night as YYYYMMDD, the date at UTC-12, such as 20270320."),
        ({"night": "20270401"}, "night", "Thu 1 Apr 2027 is too far ahead. Report for tonight, 20270323."),
        ({"night": [1]}, "night", "Write a night as YYYYMMDD, the date at UTC-12, such as 20270320."),
        ({"result": "green"}, "result", "Send pass or fail."),
        ({"link": "javascript:alert(1)"}, "link", NO_LINK),
        ({"detail": "\ud800"}, "detail", "Holds a character that is none. Send UTF-8."),
        ({"version": "a\x00b"}, "version", "Null characters are not allowed."),
        ({"check": None}, "check", "This field may not be null."),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_wrong_names_the_field_and_what_would_be_right(planned, post, wrong, field, remedy):
    answer = post("readiness", ITEM | wrong)

    assert (answer.status_code, answer.json()) == (400, {field: [remedy]})


OVER = "The night of Mon 22 Mar 2027 was over at 10:15 UTC: it is kept and changes nothing."


def test_a_result_for_a_night_that_is_over_is_told_so(client, planned, post, ada):
    plan(date(2027, 3, 22), day=22)
    late = ITEM | {"night": "20270322"}

    told = post("readiness", late).json()
    assert (told["counts"], told["why_not"]) == (False, OVER)
    assert post("readiness", [late | {"check": 5}, ITEM]).json()["too_late"] == 1
    client.force_login(ada)
    said = {"check": Check.objects.get(number=6).pk, "result": "pass"}
    assert OVER in client.post("/readiness/20270322/record/", said, follow=True).text


@pytest.mark.parametrize("path", ["readiness", "deployments"])
@pytest.mark.parametrize(
    "body", [b"[]", b"null", b"7", b'"x"', b"[[]]", b'{"results": {}}', b"\xff", b'[{"check": 1e400}]']
)
def test_an_odd_body_is_refused(planned, post, path, body):
    answer = post(path, body)

    assert answer.status_code == 400
    assert Result.objects.count() == 0


@pytest.mark.parametrize("check", [10**30, True, {"a": 1}, "\x00", "\ud800", "4.0", -4, ""])
def test_an_odd_check_is_refused(planned, post, check):
    assert post("readiness", ITEM | {"check": check}).status_code == 400


def test_a_night_says_how_it_stands(client, planned, ada):
    all_pass(at(16), ada, but=(4,), version="w12")
    report(4, "fail", at(16, 30), ada, version="w12")
    client.force_login(ada)

    answer = client.get("/api/v1/readiness/20270323/").json()

    assert (answer["verdict"], answer["word"], answer["evening_due"]) == ("fail", "FAIL", "2027-03-23T21:45:00Z")
    assert [(one["number"], one["state"]) for one in answer["checks"]][2:5] == [(3, "pass"), (4, "fail"), (5, "pass")]
    assert client.get("/api/v1/readiness/?night=20270323&check=4").json()["results"][0]["version"] == "w12"
    assert client.get("/api/v1/readiness/?night=x").status_code == 400
    assert client.get("/api/v1/readiness/x/").status_code == 404


DEPLOYED = {"service": "prompt-processing", "version": "w13", "at": "2027-03-23T11:00:00-07:00", "who": "Ito"}


def test_a_deployment_is_kept_once_and_a_past_one_is_welcome(post, client, ada):
    past = DEPLOYED | {"at": "2027-03-22T18:00:00Z"}

    assert [post("deployments", one).status_code for one in (past, past | {"who": "Ito again"})] == [201, 200]

    client.force_login(ada)
    (row,) = client.get("/api/v1/deployments/?service=prompt-processing").json()["results"]
    assert (row["version"], row["at"], row["who"]) == ("w13", "2027-03-22T18:00:00Z", "Ito")


def test_a_deployment_of_the_future_is_refused_in_words(post):
    answer = post("deployments", DEPLOYED)

    assert (answer.status_code, answer.json()) == (
        400,
        {
            "at": [
                "2027-03-23 18:00 UTC is in the future. Report a deployment when it was made, or leave this out."
            ]
        },
    )  # fmt: skip


def test_without_an_instant_it_is_now_and_without_a_name_the_tokens_owner(post):
    post("deployments", [{"service": "sattle", "version": "5"}])

    row = Deployment.objects.get()
    assert (row.at, row.who) == (at(17, 5), "Ada Moreno")


def test_without_an_instant_the_same_again_within_15_minutes_is_the_same(post, monkeypatch):
    one = {"service": "sattle", "version": "5"}
    assert post("deployments", one).status_code == 201

    monkeypatch.setattr("oncall.clock.now", lambda: at(17, 19))
    assert post("deployments", one).status_code == 200
    monkeypatch.setattr("oncall.clock.now", lambda: at(17, 20))
    assert [post("deployments", one | more).status_code for more in ({}, {"version": "4"})] == [201, 201]
    monkeypatch.setattr("oncall.clock.now", lambda: at(17, 21))
    assert post("deployments", one).status_code == 201  # a step back


def test_of_deployments_that_came_at_once_the_last_one_is_in_use(post):
    for service in ("sattle", "apdb", "ppdb", "fanout"):  # by chance all four would be right once in 81 times
        items = [{"service": service, "version": version, "at": "2027-03-23T15:00:00Z"} for version in "123"]
        assert post("deployments", items).json()["accepted"] == 3

    assert versions_at(at(16)) == {"sattle": "3", "apdb": "3", "ppdb": "3", "fanout": "3"}


def test_deployments_that_came_at_once_are_listed_as_they_came(post, client, ada):
    for service in ("sattle", "apdb", "ppdb"):  # by chance all three would be right once in 216 times
        items = [{"service": service, "version": version, "at": "2027-03-23T15:00:00Z"} for version in "123"]
        assert post("deployments", items).json()["accepted"] == 3

    oldest_first = sorted(deployments_between(at(15), at(15)), key=attrgetter("service"))  # of each as they stood
    assert "".join(row.version for row in oldest_first) == "123123123"
    client.force_login(ada)
    newest_first = client.get("/api/v1/deployments/").json()["results"]
    assert "".join(row["version"] for row in sorted(newest_first, key=itemgetter("service"))) == "321321321"


def test_there_and_back_at_once_are_two_deployments(post):
    there = [{"service": "sattle", "version": version} for version in ("5", "6", "5")]

    assert post("deployments", there).json()["accepted"] == 3

    assert versions_at(at(17, 6)) == {"sattle": "5"}


# --- By hand ----------------------------------------------------------------------------------------------------------


def test_a_result_by_hand(client, planned, ada):
    client.force_login(ada)
    check = Check.objects.get(number=4)

    answer = client.post("/readiness/20270323/record/", {"check": check.pk, "result": "fail", "detail": "Slow."})

    assert answer.status_code == 302
    row = Result.objects.get()
    assert (row.of, row.result, row.by, row.by_hand, row.day_obs) == (check, "fail", ada, True, NIGHT)
    assert "FAIL" in client.get("/").text
    assert "4 Test raws upload (fail)" in client.get("/readiness/").text


def test_an_address_that_is_none_is_refused_by_hand(client, planned, ada):
    client.force_login(ada)
    said = {"check": Check.objects.get(number=4).pk, "result": "pass", "link": "https://[oops"}

    assert client.post("/readiness/20270323/record/", said).status_code == 400


def test_the_owners_team_waives_and_a_waiver_without_a_reason_loses_nothing(client, planned, ada, grace):
    team = Team.objects.create(name="Data Facility", slug="data-facility")
    team.members.add(ada)
    check = Check.objects.get(number=4)
    Check.objects.filter(pk=check.pk).update(owner_team=team)
    client.force_login(ada)

    refused = client.post("/readiness/20270323/waive/", {"check": check.pk, "why": "", "until": "2027-03-24T08:00"})
    assert refused.status_code == 400
    assert "Say why this may be red" in refused.text
    assert 'value="2027-03-24T08:00"' in refused.text

    client.post(
        "/readiness/20270323/waive/", {"check": check.pk, "why": "Bucket is full.", "until": "2027-03-24T08:00"}
    )
    assert Waiver.objects.get().until == datetime(2027, 3, 24, 15, tzinfo=UTC)

    client.force_login(grace)
    assert client.post("/readiness/20270323/waive/", {"check": check.pk, "why": "x"}).status_code == 403


def test_a_check_is_changed_by_the_pilot_alone(client, planned, ada, pilot):
    said = {"title": "Raws", "how": "", "limit": "at most 20 s", "owner_team": "", "used_from": "2020-01-01"}
    client.force_login(ada)
    assert client.post("/readiness/checks/4/", said).status_code == 403

    client.force_login(pilot)
    assert client.post("/readiness/checks/4/", said | {"used_until": "2019-01-01"}).status_code == 400
    assert client.post("/readiness/checks/4/", said).status_code == 302
    assert "limit: “notification in at most 10 s” → “at most 20 s”" in client.get("/readiness/checks/4/").text


def test_before_which_past_nights_a_check_is_made_stays(client, planned, ada, pilot):
    all_pass(at(16), ada, but=(4,))
    report(4, "fail", at(16), ada)
    said = {"title": "Raws", "used_from": "2020-01-01"}
    client.force_login(pilot)

    for wrong in ({"used_until": "2027-03-22"}, {"used_from": "2027-03-24"}, {"used_from": "2019-01-01"}):
        assert client.post("/readiness/checks/4/", said | wrong).status_code == 400
    new = {"name": "dome", "title": "Dome opens", "used_from": "2027-03-22"}
    assert "That night is past, and stays as it was." in client.post("/readiness/checks/new/", new).text
    assert client.post("/readiness/checks/4/", said | {"used_until": "2027-03-23"}).status_code == 302


def test_a_check_is_added_with_the_next_number(client, planned, pilot):
    client.force_login(pilot)

    client.post("/readiness/checks/new/", {"name": "dome", "title": "Dome opens", "used_from": "2027-03-24"})

    assert Check.objects.get(name="dome").number == 17


@pytest.mark.parametrize(
    "path",
    ["/readiness/", "/readiness/20270323/?version=w12", "/readiness/checks/", "/deployments/?service=%00&page=x"],
)
def test_every_page_is_drawn(client, planned, ada, path):
    all_pass(at(16), ada, but=(9,), version="w12")
    client.force_login(ada)

    assert client.get(path).status_code == 200
    assert client.get("/readiness/2027x/").status_code == 404


def test_home_says_nothing_before_anything_was_reported_and_never_green_for_what_was_not_run(client, planned, ada):
    client.force_login(ada)
    assert "Checks before observing" not in client.get("/").text

    report(1, "pass", at(16), ada)
    assert "15 of 16 red: 2 Redis group (not run)" in client.get("/").text


@pytest.mark.parametrize("link", ["https://[oops", "http://", "https://:80"])
def test_a_link_that_is_no_address_is_refused_as_in_the_form(planned, post, link):
    assert post("readiness", ITEM | {"link": link}).json() == {"link": [NO_LINK]}


def test_null_is_as_good_as_left_out_and_what_must_be_there_is_never_null(planned, post):
    assert post("readiness", ITEM | {"version": None, "link": None, "detail": None}).status_code == 201
    said = {"service": "prompt", "version": "w12", "who": None, "link": None, "at": None}
    assert post("deployments", said).status_code == 201
    result, deployment = Result.objects.get(), Deployment.objects.get()
    assert (result.version, result.link, result.detail, deployment.link) == ("", "", "", "")

    assert post("deployments", said | {"version": None}).status_code == 400


def test_the_pilot_reads_that_red_checks_without_an_owner_are_nobodys(planned, client, ada, pilot):
    said = []
    for person in (ada, pilot):
        client.force_login(person)
        said.append("16 checks have no owner: their red work items go to nobody" in page(client, "/readiness/"))

    assert said == [False, True]


def test_checks_that_were_waived_alike_are_one_card_in_which_each_stands(planned, client, ada, pilot):
    for number in (3, 5, 9):
        report(number, "fail", at(17), ada)
        why = "Other." if number == 9 else "New storage."
        check = Check.objects.get(number=number)
        services.waive(check=check, why=why, until=at(12, day=25), by=pilot, now=at(17, 1))
    client.force_login(ada)

    found = page(client, "/readiness/20270323/")

    assert found.count("Waived by Petra Pilot") == 2
    assert [found.count(f'id="check-{number}"') for number in range(1, 17)] == [1] * 16


def page(client, path):
    return " ".join(client.get(path).content.decode().split())
