"""Search as a page and for other programs: odd questions, pages of one kind, and how much is asked of the database."""

import re

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from incidents.alarms import work
from incidents.alarms.models import AlarmWords
from incidents.command import noting
from incidents.command.models import Entry, IncidentWords
from incidents.display import search_kinds
from incidents.display.search_words import question
from incidents.reviews.models import ReviewWords
from oncall import words
from tests.conftest import NOW, make_person
from tests.incidents.display.searching import page

pytestmark = pytest.mark.django_db


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
