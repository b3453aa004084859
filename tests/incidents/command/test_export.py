"""A timeline as Markdown and JSON: all of it, and nothing in it that acts on whoever renders it."""

import json
from datetime import timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from incidents.command import assigning, export, services, timeline
from incidents.command.models import Picture
from oncall import clock
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
PACIFIC = ZoneInfo("America/Los_Angeles")
MD = "md"
AS_MARKDOWN = r"""# Incident 1: No alerts since 02\:10

- SEV-2, investigating
- declared 2027-03-23 03:10:00 UTC (2027-03-22 20:10:00 PDT)
- impact since 2027-03-23 03:08:00 UTC (2027-03-22 20:08:00 PDT)
- product: prompt/kafka
- Scribe: Grace Okafor, since 2027-03-23 03:11:00 UTC (2027-03-22 20:11:00 PDT)
- <https://oncall.example/incidents/1/>

## Summary

```text
Look at <b>
the *topics*.
```

## Timeline

- **2027-03-23 03:08:00 UTC (2027-03-22 20:08:00 PDT)** · impact began \#2 · written 2027-03-23 03:10:00 UTC (2027-03-22 20:10:00 PDT): The impact began.
- **2027-03-23 03:08:00 UTC (2027-03-22 20:08:00 PDT)** · fired: Grafana raised this as SEV-2.
- **2027-03-23 03:10:00 UTC (2027-03-22 20:10:00 PDT)** · declared \#1: Ada Moreno declared it, SEV-2.
- **2027-03-23 03:10:00 UTC (2027-03-22 20:10:00 PDT)** · alarm \#3: Alarm “Alarm kafka”, SEV-2, firing since 03\:08 UTC. <https://oncall.example/alarms/ID/>
- **2027-03-23 03:11:00 UTC (2027-03-22 20:11:00 PDT)** · role \#4: Grace Okafor is scribe.
- **2027-03-23 03:13:00 UTC (2027-03-22 20:13:00 PDT)** · note \#5 · Grace Okafor · corrected by \#6

  ```text
  Disk is full.
  ```

- **2027-03-23 03:14:00 UTC (2027-03-22 20:14:00 PDT)** · correction \#6 · Ada Moreno · corrects \#5

  ```text
  Disk is
  nearly full.
  ```

"""  # noqa: E501  # as it is written


@pytest.fixture(autouse=True)
def _that_night(db):
    clock.travel(NOW - clock.now())


@pytest.fixture
def as_ada(client, ada):
    client.force_login(ada)
    return client


def markdown(incident) -> str:
    incident.refresh_from_db()
    return export.as_markdown(
        incident,
        timeline.lines(incident),
        zone=PACIFIC,
        picture_path=lambda picture: f"/pictures/{picture}/",
        absolute=lambda path: f"https://oncall.example{path}",
    )


def test_a_timeline_as_markdown(declared, fired, ada, grace, now):
    alarm = fired("kafka", at=now - timedelta(minutes=2))
    incident = declared(alarms=[alarm], product="prompt/kafka", summary="Look at <b>\nthe *topics*.")
    assigning.take(incident=incident, role="scribe", by=grace, now=now + timedelta(minutes=1))
    services.say(incident=incident, kind="note", text="Disk is full.", by=grace, now=now + timedelta(minutes=3))
    wrong = incident.entries.get(kind="note")
    services.say(
        incident=incident, kind="correction", text="Disk is\nnearly full.", corrects=wrong, by=ada,
        now=now + timedelta(minutes=4),
    )  # fmt: skip

    assert markdown(incident) == AS_MARKDOWN.replace("ID", str(alarm.pk))


@pytest.mark.parametrize(
    ("url", "expected"),
    [("https://loki.example/a", True), ("javascript:alert(1)", False), ("https://x.example/> <b>", False)],
)
def test_what_a_line_points_at_stands_behind_it_if_a_browser_may_be_sent_there(declared, ada, now, url, expected):
    incident = declared()
    services.say(incident=incident, kind="finding", text="Look.", url=url, by=ada, now=now)

    assert (f"  ```\n\n  <{url}>\n" in markdown(incident)) is expected


def test_a_fence_is_longer_than_any_in_what_it_holds(declared, ada, now):
    incident = declared()
    services.say(incident=incident, kind="note", text="`````\n<script>alert(1)</script>\n`````", by=ada, now=now)

    text = markdown(incident)
    assert "\n  ``````text\n  `````\n  <script>alert(1)</script>\n  `````\n  ``````\n" in text


@pytest.mark.parametrize(
    ("hostile", "inert"),
    [
        ("<img src=x onerror=alert(1)>", r"\<img src\=x onerror\=alert\(1\)\>"),
        ("[a](javascript:alert(1))", r"\[a\]\(javascript\:alert\(1\)\)"),
        ("![a](https://x.example/track.png)", r"\!\[a\]\(https\://x.example/track.png\)"),
        ("a\n# heading\n- item", r"a \# heading - item"),
        ("`code` **bold** ~~gone~~ | a |", r"\`code\` \*\*bold\*\* \~\~gone\~\~ \| a \|"),
        ("&lt;b&gt; @team $x$", r"\&lt;b\&gt; \@team \$x\$"),
        ("\\<b>", r"\\\<b\>"),
        ("a\u202eb", "a⟨U\\+202E⟩b"),
    ],
)
def test_one_line_of_hostile_text_is_inert(hostile, inert):
    assert export.inert(hostile) == inert


def test_a_hostile_title_of_an_incident_or_an_alarm_is_inert(declared, fired, now):
    alarm = fired(title="[x](javascript:alert(1)) <script>")
    text = markdown(declared(title="<script>alert(1)</script>", alarms=[alarm]))

    assert "<script>" not in text.replace("\\<script\\>", "")
    assert "](" not in text


def test_the_files_come_with_their_own_type_and_a_name_of_ours(as_ada, declared):
    incident = declared(title='"; filename=evil.html\r\nX: y')
    response = as_ada.get(f"{incident.path}timeline.{MD}")
    assert response.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert response.headers["Content-Disposition"] == 'attachment; filename="incident-1.' + MD + '"'
    assert response.headers["X-Content-Type-Options"] == "nosniff"

    assert as_ada.get(f"{incident.path}timeline.json").headers["Content-Type"] == "application/json; charset=utf-8"
    assert as_ada.get(f"{incident.path}timeline.html").status_code == 404


def test_a_timeline_as_json(as_ada, declared, grace, now):
    incident = declared(summary="Since 02:10.")
    assigning.take(incident=incident, role="scribe", by=grace, now=now)
    out = BytesIO()
    Image.new("RGB", (3, 2)).save(out, "PNG")
    as_ada.post(f"{incident.path}note/", {"text": "look", "picture": SimpleUploadedFile("a.png", out.getvalue())})

    found = json.loads(as_ada.get(f"{incident.path}timeline.json").content)
    assert (found["number"], found["state"], found["time_zone"]) == (1, "investigating", "America/Los_Angeles")
    assert (found["summary"], found["roles"]) == (
        "Since 02:10.", [{"role": "scribe", "person": "Grace Okafor", "since": "2027-03-23T03:10:00Z"}],
    )  # fmt: skip
    first, _, second = found["timeline"]
    assert (first["at"], first["at_local"]) == ("2027-03-23T03:10:00Z", "2027-03-22T20:10:00-07:00")
    assert (first["kind"], first["number"], first["person"]) == ("declared", 1, "Ada Moreno")
    assert (second["kind"], second["text"], second["person"]) == ("note", "look", "Ada Moreno")
    assert second["picture"].endswith(f"/incidents/1/pictures/{Picture.objects.get().pk}/")


def test_the_paper_has_every_line_oldest_first_and_no_buttons(as_ada, declared, grace, now):
    incident = declared()
    for n in range(205):
        services.write(incident, "note", f"line {n}", person=grace, now=now + timedelta(seconds=n))

    text = as_ada.get(f"{incident.path}paper/").content.decode()
    assert text.index('id="e1"') < text.index('id="e2"') < text.index('id="e206"')
    assert "Correct line" not in text
    assert '<form method="post" action="/incidents' not in text


def test_a_bare_name_of_a_site_is_no_link_for_whoever_renders_it():
    assert export.inert("Look at www.evil.example now") == r"Look at www\.evil.example now"
