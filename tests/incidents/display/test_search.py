"""One box over everything that may be read: what is found, in which order, by whom, and how it is shown."""

import re

import pytest
from django.db import connection

from incidents.alarms import services as alarms
from incidents.alarms import work
from incidents.command import calling, noting, services
from incidents.command.models import IncidentAlarm
from incidents.display import search_kinds
from incidents.display.search_words import question
from incidents.reviews.models import Review
from oncall.catalogue.services import import_table
from oncall.people.models import Team
from playbooks.library.models import Playbook
from rotations.changes.models import Absence
from tests.conftest import NOW, make_person
from tests.incidents.display.searching import found, page

pytestmark = pytest.mark.django_db


def test_one_question_finds_every_kind(ada, fire, declare):
    fire("Sextant drifts", key="sextant.drift")
    declare("No sextant readings")
    import_table(text="path,kind,manager,owner,notes,tier,playbooks\nSextant,product,,,,,\n", now=NOW)
    make_person("Ines Sextantova")

    assert found("sextant", ada) == {
        "products": ["Sextant"],  # by its name, so first
        "incidents": ["1 · No sextant readings"],
        "alarms": ["Sextant drifts"],
        "people": ["Ines Sextantova"],
    }


def test_an_alarm_is_found_by_any_form_of_its_words_and_by_parts_of_its_key(ada, fire):
    fire("It drifts at dusk in <host>", key="sextant.drift-7", product="DM/Optics")

    asked = [
        "drift",
        "drifting",
        "sextant.drift-7",
        "Sextant 7",
        "-moon sextant",
        '"at dusk"',
        "optics",
        "host",
        "moon or dusk",
    ]
    assert [typed for typed in asked if found(typed, ada).get("alarms") != ["It drifts at dusk in <host>"]] == []


@pytest.mark.parametrize("typed", ["pachon", "Pachón", "Pacho\u0301n", "PACHÓN", "pach", "sextante"])
def test_accents_make_no_difference(client, ada, fire, declare, typed):
    fire("Corte de red en Cerro Pachón", description="El sextánte.")
    incident = declare("Corte de red en Cerro Pachón", summary="El sextánte.")
    Review.objects.create(
        incident=incident, severity=3, drafted_at=NOW, figures={}, figures_at=NOW, content={"causes": "El sextánte."}
    )

    assert found(typed, ada).keys() >= {"incidents", "alarms", "reviews"}
    client.force_login(ada)
    assert "Pachón" in re.sub("</?mark>", "", page(client, q=typed))


def test_what_is_kept_out_or_not_there_is_not_found(ada, fire):
    fire("It drifts at dusk", key="sextant.drift")

    asked = ["-sextant drift", "drifts -sextant.drift", '"drifts dusk"', "rift", "the"]
    assert [typed for typed in asked if "alarms" in found(typed, ada)] == []


def test_an_alarm_is_found_by_a_note_on_it(ada, fire):
    alarm = fire("It drifts")
    work.note(alarm=alarm, by=ada, text="The gyroscope was frozen.", now=NOW)

    (hit,) = [hit for group in search_kinds.search(question("gyroscopes"), person=ada) for hit in group.hits]

    assert hit.url == alarm.path
    assert [(part.text, part.hit) for part in hit.excerpts[0].parts] == [
        ("The ", False), ("gyroscope", True), (" was frozen.", False),
    ]  # fmt: skip


def test_an_incident_is_found_by_a_line_of_its_timeline_and_the_hit_opens_there(client, ada, declare):
    incident = declare("No alerts")
    entry = noting.speak(incident=incident, kind="note", text="The gyroscope was <b>frozen</b>.", by=ada, now=NOW)
    client.force_login(ada)

    shown = page(client, q="gyroscope")

    assert f'<a href="/incidents/1/#e{entry.nth}">line {entry.nth}, Ada Moreno</a>' in shown
    assert "The <mark>gyroscope</mark> was &lt;b&gt;frozen&lt;/b&gt;." in shown


@pytest.mark.parametrize(
    ("typed", "finds"),
    [
        ("sextant registry", True),
        ("the sextant gyroscopes", True),
        ('sextant "registry moved"', True),
        ('sextant "the gyroscope moved"', False),
        ("registry gyroscope -moon", True),
        ("registry -sextant", False),
        ("sextant -gyroscope", False),
        ("moon or gyroscope sextant", True),
        ("moon sextant", False),
        ("the or moon", False),
    ],
)
def test_an_incident_is_one_text_of_its_title_and_its_lines(ada, declare, typed, finds):
    incident = declare("Sextant drifts")
    for text in ("The registry moved.", "A gyroscope froze."):
        services.say(incident=incident, kind="note", text=text, by=ada, now=NOW)

    assert ("incidents" in found(typed, ada)) is finds


def test_of_words_in_different_lines_each_line_is_shown(ada, declare):
    incident = declare("Sextant drifts")
    for text in ("The registry moved.", "A gyroscope froze."):
        services.say(incident=incident, kind="note", text=text, by=ada, now=NOW)

    (hit,) = [hit for group in search_kinds.search(question("registry gyroscope"), person=ada) for hit in group.hits]

    shown = {"".join(part.text for part in excerpt.parts if part.hit) for excerpt in hit.excerpts}
    assert shown == {"registry", "gyroscope"}


@pytest.mark.parametrize(
    ("typed", "kind", "title"),
    [
        ("1", "incidents", "1 · No alerts"),
        ("incident 1", "incidents", "1 · No alerts"),
        ("p6", "playbooks", "nextVisit is not arriving"),
        ("grace", "people", "Grace Okafor"),
        ("sextant.drift", "alarms", "It drifts"),
    ],
)
def test_what_is_asked_for_by_name_comes_first(ada, grace, fire, declare, typed, kind, title):
    declare("No alerts")
    declare("Sextant.drift of incident 1: grace and p6 said 1")
    fire("It drifts", key="sextant.drift")
    fire("1 sextant drift, grace, p6, incident 1", severity=1)

    group = search_kinds.search(question(typed), person=ada)[0]

    assert group.kind.name == kind
    assert group.hits[0].exact
    assert "".join(part.text for part in group.hits[0].title) == title


def test_an_alarm_is_found_by_its_id(ada, fire):
    alarm = fire("It drifts")

    assert found(f"https://oncall.example.org/alarms/{alarm.pk}/", ada) == {"alarms": ["It drifts"]}


def test_an_incident_a_person_and_a_playbook_are_found_by_their_ids(ada, declare):
    incident = declare("It drifts")

    assert found(str(incident.pk), ada) == {"incidents": ["1 · It drifts"]}
    assert found(str(ada.pk), ada) == {"people": ["Ada Moreno"]}
    assert found(str(Playbook.objects.get(slug="p6").pk), ada)["playbooks"][0].startswith("nextVisit")


def test_open_alarms_come_before_those_that_are_over(ada, fire):
    over = fire("Sextant drifts", key="one")
    alarms.resolve(alarm=over, by=ada, now=NOW)
    fire("Sextant drifts away", key="two")

    assert found("sextant", ada)["alarms"] == ["Sextant drifts away", "Sextant drifts"]


def test_people_are_found_by_how_their_names_and_skills_begin_whatever_the_accents(ada):
    ines = make_person("Inés Núñez")
    Team.objects.create(name="Optics", slug="optics", skill="gyroscopes").members.add(ines)

    asked = ["nun", "Núñ", "ines", "INÉS nunez", "gyrosc"]
    assert [found(typed, ada)["people"] for typed in asked] == [["Inés Núñez"]] * 5


def test_who_has_left_is_found_and_marked_behind_the_others(client, ada):
    make_person("Zoe Sextantova")
    make_person("Abe Sextantov", is_active=False)
    client.force_login(ada)

    assert found("sextantov", ada)["people"] == ["Zoe Sextantova", "Abe Sextantov"]
    assert page(client, q="sextantov").count("has left") == 1


def test_a_playbook_out_of_use_is_found_by_its_own_name_alone(client, ada):
    Playbook.objects.filter(slug="p6").update(retired_at=NOW)
    client.force_login(ada)

    assert "out of use" in page(client, q="p6")
    assert "nextVisit is not arriving" not in found("nextVisit", ada).get("playbooks", [])


def test_a_restricted_incident_and_its_alarms_are_found_only_by_whom_it_names(ada, grace, fire, declare):
    alarm = fire("Sextant stolen", key="sextant.stolen")
    work.note(alarm=alarm, by=ada, text="The sextant left through the back door.", now=NOW)
    incident = declare("Sextant theft", restricted=True, alarms=[alarm])
    noting.speak(incident=incident, kind="note", text="Somebody has the sextant's key.", by=ada, now=NOW)

    asked = ["sextant", "sextant.stolen", str(alarm.pk), "incident 1 theft", "#1", "door", "key -moon"]
    assert {kind for typed in asked for kind in found(typed, grace)} <= {"playbooks"}
    assert found("sextant", ada) == {"incidents": ["1 · Sextant theft"], "alarms": ["Sextant stolen"]}


def test_an_alarm_taken_out_of_a_restricted_incident_is_found_again(ada, grace, fire, declare):
    alarm = fire("Sextant stolen")
    incident = declare("A secret", restricted=True, alarms=[alarm])
    assert found("sextant", grace) == {}

    services.detach(incident=incident, alarm=alarm, by=ada, now=NOW)

    assert found("sextant", grace) == {"alarms": ["Sextant stolen"]}


def test_an_alarm_that_called_somebody_into_a_restricted_incident_is_never_found_by_others(ada, grace, declare):
    call = calling.call_in_expert(incident=declare("A secret", restricted=True), person=ada, by=ada, now=NOW)
    IncidentAlarm.objects.filter(alarm=call).update(unlinked_at=NOW)

    assert ["alarms" in found("expert", one) for one in (ada, grace)] == [True, False]


def test_a_review_is_found_by_what_it_says_and_only_by_whom_its_incident_is_for(client, ada, grace, declare):
    incident = declare("Theft", restricted=True)
    content = {"causes": "The gyroscope\nof redis.lag <b>froze</b>."}
    Review.objects.create(
        incident=incident, severity=3, drafted_at=NOW, content=content, figures={}, figures_at=NOW, owner=ada
    )
    client.force_login(ada)

    assert found("gyroscopes", ada) == {"reviews": ["Review of incident 1: Theft"]}
    assert [kind for kind in found("review 1", ada) if kind != "playbooks"] == ["incidents", "reviews"]
    assert found("causes", ada).get("reviews") is None
    assert found("redis.lag", grace).get("reviews") is None
    shown = page(client, q="redis.lag", kind="reviews")
    assert "<mark>redis</mark>.<mark>lag</mark>" in shown
    assert "<b>froze" not in shown


def test_leave_is_not_searched(ada, grace):
    Absence.objects.create(
        person=grace, starts_at=NOW, ends_at=NOW.replace(day=24), kind="sick", note="gyroscope surgery", created_at=NOW
    )

    assert found("gyroscope", ada) == {}
    assert search_kinds.NAMES == ("incidents", "reviews", "playbooks", "alarms", "people", "products")


@pytest.mark.parametrize(
    ("typed", "finds"),
    [
        ("regis", True),
        ("sext regis", True),
        ("sext regis -gyro", True),
        ("sext regis -gyroscope", False),
        ("registry.mov", True),
        ("egistry", False),
        ("re", False),
        ("lagg", True),
        ("laggin", True),
        ("las", False),
        ('"regis moved"', False),
        ("the regis", True),
        ("moon or regis", True),
        ("moon regis", False),
    ],
)
def test_what_is_being_typed_finds_words_that_begin_so(ada, declare, typed, finds):
    incident = declare("Sextant drifts")
    services.say(incident=incident, kind="note", text="The registry moved its gyroscope, lagging.", by=ada, now=NOW)

    assert ("incidents" in found(typed, ada)) is finds


def test_the_whole_word_comes_before_words_that_only_begin_so(ada, fire):
    fire("A drift", key="whole")
    fire("Driftwood, driftwood, driftwood", key="beginning")

    assert found("drift", ada)["alarms"] == ["A drift", "Driftwood, driftwood, driftwood"]


def test_a_beginning_is_marked_with_its_word(ada, declare):
    services.say(incident=declare("No alerts"), kind="note", text="<i>Registry</i>", by=ada, now=NOW)

    hit = next(group for group in search_kinds.search(question("regis"), person=ada)).hits[0]

    assert [part.text for part in hit.excerpts[0].parts if part.hit] == ["Registry"]


def test_an_alarm_is_found_by_the_beginning_of_its_description(client, ada, fire):
    fire("It drifts", description=f"The <b>gyroscope</b> froze. {'x ' * 250} moonlight")
    client.force_login(ada)

    shown = page(client, q="gyroscopes")

    assert "The &lt;b&gt;<mark>gyroscope</mark>&lt;/b&gt; froze." in shown
    assert "alarms" not in found("moonlight", ada)


def test_an_alarm_is_one_text_of_its_title_its_description_and_its_notes(ada, fire):
    alarm = fire("Sextant drifts", description="Since dusk.")
    work.note(alarm=alarm, by=ada, text="The gyroscope was frozen.", now=NOW)

    assert "alarms" in found("sextant dusk gyroscope", ada)
    assert "alarms" not in found("sextant -gyroscope", ada)


@pytest.mark.parametrize("typed", ["sextant's \\ DRIFT", " Sextant's \\ drift "])
def test_what_is_called_exactly_so_comes_first(ada, fire, declare, typed):
    declare("Sextant's \\ drift")
    declare("Sextant's \\ drift, sextant's \\ drift and sextant's \\ drift")
    fire("Sextant's \\ drift", key="1", severity=5)
    fire("Sextant's \\ drift, sextant's \\ drift", key="2")

    assert found(typed, ada) == {
        "incidents": ["1 · Sextant's \\ drift", "2 · Sextant's \\ drift, sextant's \\ drift and sextant's \\ drift"],
        "alarms": ["Sextant's \\ drift", "Sextant's \\ drift, sextant's \\ drift"],
    }


def test_a_phrase_reaches_over_no_end_of_a_line(ada, declare):
    incident = declare("Sextant")
    for text in ("drifts away", "at dusk"):
        services.say(incident=incident, kind="note", text=text, by=ada, now=NOW)

    asked = ['"drifts away"', '"at dusk"', '"sextant drifts"', '"away at dusk"', '"away dusk"']
    assert [typed for typed in asked if "incidents" in found(typed, ada)] == ['"drifts away"', '"at dusk"']


def test_what_is_changed_is_found_by_what_it_says_now(ada, fire, declare):
    alarm, incident = fire("Sextant drifts"), declare("Sextant drifts")
    work.note(alarm=alarm, by=ada, text="A gyroscope.", now=NOW)
    services.say(incident=incident, kind="note", text="A gyroscope.", by=ada, now=NOW)
    Review.objects.create(incident=incident, severity=3, drafted_at=NOW, figures={}, figures_at=NOW)

    for one in (alarm, incident):
        one.title = "Quadrant drifts"
        one.save()
    Review.objects.update(content={"causes": "A gyroscope."})

    assert found("sextant", ada) == {}
    assert found("quadrant gyroscope", ada).keys() == {"incidents", "reviews", "alarms"}


def test_a_line_that_is_too_much_to_search_is_written_all_the_same(ada, declare):
    incident = declare("Sextant drifts")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE command_incidentwords SET words = words || (SELECT array_to_tsvector(array_agg(md5(n::text) || "
            "md5('x' || n))) FROM generate_series(1, 16000) AS n)"
        )

    services.say(incident=incident, kind="note", text="gyroscope " + "m" * 400, by=ada, now=NOW)
    for nth in range(3):
        services.say(incident=incident, kind="note", text=" ".join(f"w{nth}x{n}" for n in range(2400)), by=ada, now=NOW)

    assert incident.entries.count() >= 4
    assert "incidents" in found("sextant gyroscope", ada)
