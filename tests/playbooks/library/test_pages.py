"""The pages of the playbooks, and what alarms and products show of them."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from incidents.alarms import services as alarms
from incidents.alarms.firing import Firing
from oncall.catalogue.models import Product
from playbooks.library import services
from playbooks.library.models import Playbook
from tests.conftest import NOW, make_schedule
from tests.playbooks.library.conftest import SHORT

pytestmark = pytest.mark.django_db


def text_of(answer) -> str:
    return answer.content.decode()


def owned(by: str) -> str:
    return SHORT.replace("products:", f"owner: {by}\nproducts:")


def test_a_page_shows_each_step_with_who_how_long_whom_to_page_and_where_answers_lead(as_ada):
    page = text_of(as_ada.get("/playbooks/p6/"))

    assert 'id="step-2"' in page
    assert "Does the fan-out log name the schema registry?" in page
    assert "about 3 min" in page
    assert "page <strong>SQuaRE</strong>" in page
    assert "triage may do it" in page
    assert (
        '<a class="button" href="#step-4"><strong>No</strong> <span>4. Do the forwarders time out?</span></a>' in page
    )
    assert '<a class="button" href="/playbooks/p1/"><strong>Yes</strong> <span>Playbook: Long-haul network' in page
    assert '<span class="pb-end"><strong>No</strong> <span>Over: not expected</span></span>' in page
    assert f'<a class="button" href="{reverse("incident_declare")}"><strong>No</strong>' in page
    assert "<pre><code>kubectl rollout restart deployment/next-visit-fan-out" in page


def test_an_answer_that_names_nothing_goes_on_with_the_next_step(as_ada):
    page = text_of(as_ada.get("/playbooks/p1/"))

    assert '<a class="button" href="#step-3"><strong>Then</strong> <span>3. Is it only the side of the data' in page
    assert (
        '<a class="button" href="#step-6"><strong>No</strong> <span>6. Are three visits in time again?</span></a>'
        in page
    )


def test_hostile_text_comes_inert_onto_the_page(as_pilot, pilot):
    source = SHORT.replace("The archive", "<script>alert(1)</script> [x](javascript:alert(1)) The archive")
    source = source.replace("Disk full", "<svg onload=alert(1)>").replace("Data Facility", '"><img src=x onerror=a()>')
    services.create(slug="disk", source=source, by=pilot, now=NOW)
    pages = text_of(as_pilot.get("/playbooks/disk/")) + text_of(as_pilot.get("/playbooks/"))
    pages += text_of(as_pilot.get("/playbooks/disk/edit/")) + text_of(as_pilot.get("/playbooks/disk/history/"))

    assert "<script>alert" not in pages
    assert "<svg onload" not in pages
    assert "<img src=x" not in pages
    assert 'href="javascript:' not in pages


def test_the_list_shows_products_steps_and_the_last_review(as_ada):
    page = text_of(as_ada.get("/playbooks/"))

    assert "Next Visit Fan Out, Sasquatch" in page
    assert '<td class="number">6</td>' in page
    assert page.index("APDB node lost") < page.index("Alert stream stalled")


def test_the_list_is_searched_by_words_and_odd_ones_do_no_harm(as_ada):
    assert "nextVisit is not arriving" in text_of(as_ada.get("/playbooks/?q=registry"))
    assert "Satellite catalogue" not in text_of(as_ada.get("/playbooks/?q=registry"))
    assert "No playbook has “zebra”." in text_of(as_ada.get("/playbooks/?q=zebra"))
    for odd in ("%00", "%ed%a0%80", "'%26|!(", "%22", "-", "x" * 5000):
        assert as_ada.get(f"/playbooks/?q={odd}").status_code == 200


def test_the_list_takes_the_same_queries_however_many_there_are(as_ada, ada, django_assert_max_num_queries):
    for number in range(30):
        services.create(slug=f"x{number}", source=SHORT, by=ada, now=NOW)
    with django_assert_max_num_queries(12):
        as_ada.get("/playbooks/")


def test_one_that_nobody_reviewed_for_six_months_says_so(as_ada):
    Playbook.objects.filter(slug="p8").update(reviewed_at=NOW - timedelta(days=183))
    Playbook.objects.filter(slug="p7").update(reviewed_at=NOW - timedelta(days=181))

    assert "Nobody has reviewed it since" in text_of(as_ada.get("/playbooks/p8/"))
    assert "Nobody has reviewed it since" not in text_of(as_ada.get("/playbooks/p7/"))
    assert text_of(as_ada.get("/playbooks/")).count("long ago") == 1


def test_a_draft_is_looked_at_beside_what_changes_before_it_is_saved(as_pilot, pilot):
    services.create(slug="disk", source=SHORT, by=pilot, now=NOW)
    draft = {"source": SHORT.replace("no room", "no **space**"), "revision": "1", "message": "Say it better"}
    looked = text_of(as_pilot.post("/playbooks/disk/edit/", draft | {"preview": "1"}))
    assert "no <strong>space</strong>" in looked
    assert '<del><span class="visually-hidden">gone: </span>The archive has no room.</del>' in looked
    assert Playbook.objects.get(slug="disk").revision == 1

    assert as_pilot.post("/playbooks/disk/edit/", draft | {"save": "1"})["Location"] == "/playbooks/disk/"
    assert "Say it better" in text_of(as_pilot.get("/playbooks/disk/history/"))
    compared = text_of(as_pilot.get("/playbooks/disk/compare/?old=1&new=2"))
    assert '<ins><span class="visually-hidden">new: </span>The archive has no **space**.</ins>' in compared
    assert "This is revision 1." in text_of(as_pilot.get("/playbooks/disk/revisions/1/"))


def test_what_is_wrong_is_said_with_its_line_and_nothing_typed_is_lost(as_pilot):
    typed = SHORT.replace("minutes: 2", "minutes: two & a half")
    answer = as_pilot.post("/playbooks/new/", {"slug": "disk", "source": typed, "save": "1"})

    assert answer.status_code == 400
    assert "Line 10: minutes “two &amp; a half” is no span of time." in text_of(answer)
    assert "minutes: two &amp; a half" in text_of(answer)


def test_who_is_overtaken_sees_what_their_text_would_change_and_the_next_press_replaces(as_pilot, pilot, ada):
    disk = services.create(slug="disk", source=SHORT, by=pilot, now=NOW)
    services.revise(playbook=disk, source=SHORT.replace("no room", "no space"), seen=1, by=ada, now=NOW)
    mine = {"source": SHORT.replace("no room", "nothing left"), "revision": "1", "save": "1"}
    answer = as_pilot.post("/playbooks/disk/edit/", mine)
    assert answer.status_code == 409
    assert "Ada Moreno wrote revision 2" in text_of(answer)
    assert "nothing left" in text_of(answer)
    assert '<input type="hidden" name="revision" value="2"' in text_of(answer)

    assert as_pilot.post("/playbooks/disk/edit/", mine | {"revision": "2"}).status_code == 302
    assert Playbook.objects.get(slug="disk").revision == 3


@pytest.mark.parametrize(("who", "may"), [("ada", False), ("grace", True), ("pilot", True)])
def test_the_owner_team_and_the_pilot_change_a_playbook_and_others_do_not(client, request, team, pilot, who, may):
    services.create(slug="disk", source=owned("Data Facility"), by=pilot, now=NOW)
    request.getfixturevalue("ada")
    client.force_login(request.getfixturevalue(who))

    assert (client.get("/playbooks/disk/edit/").status_code == 200) is may
    assert (client.post("/playbooks/disk/review/").status_code == 302) is may
    assert ("/playbooks/disk/edit/" in text_of(client.get("/playbooks/disk/"))) is may
    assert (client.post("/playbooks/disk/retire/").status_code == 302) is may
    assert (client.post("/playbooks/disk/take-up/").status_code == 302) is may


def test_an_administrator_changes_any_playbook(admin_client):
    assert admin_client.get("/playbooks/p6/edit/").status_code == 200


def test_a_member_of_a_team_writes_playbooks_that_the_team_owns_and_no_others(client, team, grace):
    client.force_login(grace)
    answer = client.post("/playbooks/new/", {"slug": "disk", "source": SHORT, "save": "1"})
    assert "name a team of yours as its owner, as in owner: Data Facility." in text_of(answer)

    client.post("/playbooks/new/", {"slug": "disk", "source": owned("data-facility"), "save": "1"})
    assert Playbook.objects.get(slug="disk").owner_team == team


def test_who_is_in_no_team_writes_none(as_ada):
    assert as_ada.get("/playbooks/new/").status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/playbooks/p6/compare/?old=99&new=1",
        "/playbooks/p6/compare/?old=%00&new=x",
        "/playbooks/p6/compare/?old=²&new=" + "9" * 400,
    ],
)
def test_an_odd_pair_of_revisions_is_answered(as_ada, path):
    assert as_ada.get(path, follow=True).status_code == 200


@pytest.mark.parametrize(
    "path", ["/playbooks/none/", "/playbooks/p6/revisions/7/", "/playbooks/p6/revisions/" + "9" * 30 + "/"]
)
def test_what_is_not_there_is_not_found(as_ada, path):
    assert as_ada.get(path).status_code == 404


def alarm_page(client, policy, **said) -> str:
    firing = Firing(severity=2, source_id=uuid4(), source="Scripts", **said)
    return text_of(client.get(reverse("alarm", args=[alarms.hear(firing=firing, policy_id=policy.pk, now=NOW)])))


def test_an_alarm_opens_its_playbook_with_the_steps_beside_it(as_ada, policy):
    page = alarm_page(as_ada, policy, title="No nextVisits", key="x", playbook="p6")

    assert '<a class="button pb-open" href="/playbooks/p6/">Open the playbook: nextVisit is not arriving</a>' in page
    assert "Does the fan-out log name the schema registry?" in page


def test_an_alarm_without_a_playbook_says_none(as_ada, policy):
    page = alarm_page(as_ada, policy, title="A door", key="door")

    assert "<dt>Playbook</dt><dd>none</dd>" in page
    assert "Open the playbook" not in page


def test_an_alarm_finds_its_playbook_by_the_name_that_prometheus_gives(as_ada, policy):
    page = alarm_page(as_ada, policy, title="Lag", key="8f2a", labels={"alertname": "redis.lag"})

    assert 'href="/playbooks/p2/">Open the playbook' in page


def test_a_product_shows_its_playbooks_or_says_that_there_is_none(as_ada):
    sattle = Product.objects.create(path="Sattle", segment="Sattle", name="Sattle")
    other = Product.objects.create(path="Other", segment="Other", name="Other")
    shown = text_of(as_ada.get(reverse("product", args=[sattle.pk])))

    assert '<a href="/playbooks/p8/">Satellite catalogue or quality breaker</a>' in shown
    assert "No playbook says what to do." in text_of(as_ada.get(reverse("product", args=[other.pk])))
    assert '<a href="/playbooks/p8/">Satellite catalogue or quality breaker</a>' in text_of(as_ada.get("/products/"))


def test_a_step_that_pages_a_skill_without_a_schedule_says_so_and_whoever_may_change_it_has_a_list(
    client, pilot, ada, grace
):
    schedule = make_schedule("Facility", grace)
    schedule.skill = "data facility"
    schedule.save()
    source = SHORT.replace("page: Data Facility", "page: Data Facility, TSSW")
    services.create(slug="disk", source=source, by=pilot, now=NOW)

    client.force_login(ada)
    page = text_of(client.get("/playbooks/disk/"))
    assert "No schedule has the skill <strong>TSSW</strong>" in page
    assert "No schedule has the skill <strong>Data Facility</strong>" not in page
    assert "Nobody can be paged from these steps" not in page
    assert "pages nobody: no schedule is for TSSW" in text_of(client.get("/playbooks/?q=disk"))
    client.force_login(pilot)
    assert '<a href="#step-1">1. Is it the archive?</a>: TSSW' in text_of(client.get("/playbooks/disk/"))
    draft = {"source": source, "revision": "1", "preview": "1"}
    assert "No schedule has the skill <strong>TSSW</strong>" in text_of(client.post("/playbooks/disk/edit/", draft))


def test_an_answer_that_declares_says_with_which_step_it_goes_on(as_ada):
    page = text_of(as_ada.get("/playbooks/p1/"))

    assert "<strong>Yes</strong> <span>Declare an incident, then 6. Are three visits in time again?</span>" in page


def test_a_playbook_that_came_at_midnight_utc_says_its_day_also_to_those_who_are_behind(as_ada):
    midnight = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
    Playbook.objects.filter(slug="p8").update(reviewed_at=midnight)

    said = '<dt>Reviewed</dt><dd><time datetime="2027-03-23T00:00:00Z" title="23 Mar 2027 00:00 UTC">23 Mar 2027</time>'
    assert said in text_of(as_ada.get("/playbooks/p8/"))


def test_one_revision_is_not_compared_with_itself(as_ada):
    page = text_of(as_ada.get("/playbooks/p8/history/"))

    assert "Revision 1" in page
    assert "Compare" not in page
