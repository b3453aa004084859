"""One box over everything that may be read: what is found, in which order, by whom, and how it is shown."""

import re
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from incidents.alarms import services as alarms
from incidents.alarms import work
from incidents.alarms.models import PEOPLE, AlarmWords
from incidents.command import calling, noting, services
from incidents.command.models import Entry, IncidentAlarm, IncidentWords
from incidents.display import search_kinds
from incidents.display.search_words import question
from incidents.reviews.models import Review, ReviewWords
from oncall import words
from oncall.catalogue.services import import_table
from oncall.people.models import Team
from playbooks.library.models import Playbook
from rotations.changes.models import Absence
from tests.conftest import NOW, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def fire(policy):
    def fire(title, **changes):
        about = {"title": title, "severity": 3, "source_id": PEOPLE, "source": "Grafana"} | changes
        return alarms.fire(firing=alarms.Firing(**about), policy=policy, now=NOW)

    return fire


@pytest.fixture
def declare(ada):
    def declare(title, **changes):
        return services.declare(**({"title": title, "severity": 3, "by": ada, "now": NOW} | changes))

    return declare


def found(typed: str, person, kind: str = "") -> dict[str, list[str]]:
    """Titles by kind, of kinds that have any."""
    groups = search_kinds.search(question(typed), person=person, only=kind)
    return {
        group.kind.name: ["".join(part.text for part in hit.title) for hit in group.hits]
        for group in groups
        if group.hits
    }


def page(client, **query) -> str:
    answer = client.get(f"{reverse('search')}?{urlencode(query)}")
    assert answer.status_code == 200
    return answer.content.decode()


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


def test_whatever_is_typed_is_answered(client, ada, fire):
    fire("<script>alert(1)</script> sextant")
    client.force_login(ada)

    odd = [
        *(
            "",
            " ",
            "\x00",
            "the",
            "-",
            '"',
            "'",
            "'; --",
            ":*&|!()",
            "\\",
            "%",
            "😀",
            "or or",
            "-a -b",
            "-.",
            "<script>",
        ),
        *("\x02a\x03", "9" * 40, "sextant " * 1250, "a or " * 2000, "½ ² ٣", "\udcff"),
    ]
    pages = [client.get(reverse("search"), {"q": typed.encode("utf-8", "surrogateescape")}) for typed in odd]

    assert {answer.status_code for answer in pages} == {200}
    assert [answer for answer in pages if b"<script>alert" in answer.content] == []
    assert b"only its first 300 letters are searched" in pages[18].content


def test_a_kind_is_shown_page_by_page(client, ada, fire):
    for n in range(21):
        fire(f"Sextant {n}", key=f"{n}")
    client.force_login(ada)

    everything, first, second = (
        page(client, q="sextant", **more) for more in ({}, {"kind": "alarms"}, {"kind": "alarms", "page": 2})
    )

    assert [shown.count('<li class="card">') for shown in (everything, first, second)] == [5, 20, 1]
    assert "All 21 alarms" in everything
    assert 'href="?q=sextant&amp;kind=alarms&amp;page=2">More</a>' in first
    assert 'href="?q=sextant&amp;kind=alarms&amp;page=1">Back</a>' in second


def test_an_unknown_kind_is_named_and_everything_is_shown(client, ada, fire):
    fire("Sextant")
    client.force_login(ada)

    shown = page(client, q="sextant", kind="<leave>")

    assert (
        "kind: “&lt;leave&gt;” is none. Choose one of incidents, reviews, playbooks, alarms, people, products." in shown
    )
    assert shown.count('<li class="card">') == 1


def test_more_to_find_is_no_more_queries(ada, fire, declare):
    def many() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            search_kinds.search(question("sextant 1"), person=ada)
        return len(asked)

    def add(nth: int) -> None:
        alarm = fire("Sextant 1", key=f"{nth}")
        work.note(alarm=alarm, by=ada, text="Sextant 1", now=NOW)
        incident = declare("Sextant 1")
        noting.speak(incident=incident, kind="note", text="Sextant 1", by=ada, now=NOW)
        make_person(f"x{nth} Sextant 1")

    add(1)
    one = many()
    add(2)
    add(3)

    assert many() == one
    assert one <= 22


def test_the_api_answers_in_plain_text(client, ada, fire):
    alarm = fire("Sextant <b>drifts</b>", key="sextant.drift")
    client.force_login(ada)

    answer = client.get("/api/v1/search/?q=sextant&kind=alarms").json()

    assert answer == {
        "counts": {"incidents": 0, "reviews": 0, "playbooks": 0, "alarms": 1, "people": 0, "products": 0},
        "more": False,
        "results": [
            {
                "kind": "alarms",
                "title": "Sextant <b>drifts</b>",
                "url": alarm.path,
                "states": ["SEV-3", "firing"],
                "about": "sextant.drift · Grafana",
                "at": "2027-03-23T03:10:00Z",
                "excerpts": [],
                "exact": False,
            }
        ],
    }


@pytest.mark.parametrize(("query", "field"), [("kind=leave", "kind"), ("page=0", "page"), ("page=1e9", "page")])
def test_the_api_names_what_is_wrong(client, ada, query, field):
    client.force_login(ada)

    answer = client.get(f"/api/v1/search/?q=x&{query}")

    assert answer.status_code == 400
    assert list(answer.json()) == [field]


@pytest.mark.parametrize("query", ["", "q=%00", "q=%ed%a0%80", "q=" + "x" * 10_000, "q=x&page=900&kind=alarms"])
def test_the_api_answers_an_odd_question_with_nothing(client, ada, query):
    client.force_login(ada)

    assert client.get(f"/api/v1/search/?{query}").json()["results"] == []


@pytest.mark.parametrize(
    ("model", "index"),
    [(AlarmWords, "alarm_words"), (IncidentWords, "incident_words"), (ReviewWords, "review_words")],
)
@pytest.mark.parametrize("query", [words.asked("sextant"), words.begun("sexta"), words.called("It's \\")], ids=range(3))
def test_an_index_answers(model, index, query):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
        plan = model.objects.filter(words.Have(F("words"), query)).explain()

    assert re.search(rf"Bitmap Index Scan on {index}", plan)


def test_lines_of_many_incidents_are_found_by_an_index():
    lines = Entry.objects.filter(words.Have(words.vector("text"), words.begun("sextant")))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
        plan = lines.explain()

    assert "Bitmap Index Scan on entries_by_words" in plan


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
