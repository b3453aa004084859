"""What home says of the pager itself: red with words where it is broken, UNKNOWN where nobody knows."""

from datetime import timedelta

import pytest

from oncall import clock
from oncall.limits import queries as limits
from oncall.troubles import auditing
from oncall.troubles import services as troubles
from oncall.troubles.models import Audit, Drill, Heartbeat
from tests.conftest import NOW

NOT_WELL = "The pager itself is not well"


@pytest.fixture(autouse=True)
def _at_now(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def home(client, ada):
    """Home as Ada sees it, in one line."""
    client.force_login(ada)
    return lambda: " ".join(client.get("/").content.decode().split())


@pytest.fixture
def works(db):
    for name in ("pulse", "celery", "engine", "sender", "canary"):
        troubles.beat(name=name, now=NOW)
    auditing.audit(now=NOW, limits=limits.at(NOW))


def found(**fields) -> None:
    one: dict[str, object] = {
        "id": "I1",
        "text": "The next step of an open alarm is not late by a minute",
        "url": "/alarms/7/",
    }
    one |= {"rows": ["7", "8"], "gravity": "pager", "says": "", "sure": True}
    Audit.objects.update(broken=[one | fields])


def test_where_everything_has_just_worked_all_holds(works, home):
    page = home()

    assert NOT_WELL not in page
    assert "audit: all holds" in page
    assert "canary page: landed 0 s ago" in page


def test_what_is_broken_stands_there_with_words_and_a_link(works, home):
    found()

    page = home()

    assert NOT_WELL in page
    assert "BROKEN I1</span> This must always be so, and is not: The next step of an open alarm is not late" in page
    assert '2 rows, <a href="/alarms/7/">look at the first</a>' in page
    assert "audit: 1 broken" in page


def test_what_one_audit_alone_has_seen_is_not_yet_red_and_no_more_green(works, home):
    found(sure=False)

    page = home()

    assert NOT_WELL not in page
    assert 'badge warn">audit: 1 being looked at again' in page
    assert "all holds" not in page


@pytest.mark.parametrize("part", ["engine", "sender", "auditor", "canary"])
@pytest.mark.parametrize("age", [timedelta(hours=1), timedelta(hours=-10)])
def test_it_is_not_well_without_a_fresh_sign_of_each_part(works, home, part, age):
    """Loops that beat are no evidence that the parts in them work; nor is a sign from the future."""
    Heartbeat.objects.filter(name=part).update(at=NOW - age)

    page = home()

    assert NOT_WELL in page
    assert "Nothing is open.</p>" not in page


def test_before_the_first_canary_it_is_unknown_and_neither_red_nor_green(works, home):
    Heartbeat.objects.filter(name="canary").delete()

    page = home()

    assert "Not yet known whether pages go out" in page
    assert NOT_WELL not in page
    assert "Nothing is open.</p>" not in page


def test_a_canary_that_never_landed_is_red_once_this_has_run_for_five_minutes(works, home):
    Heartbeat.objects.filter(name="canary").delete()
    Audit.objects.create(at=NOW - timedelta(seconds=301), duration_ms=1, asked=9)
    auditing.audit(now=NOW, limits=limits.at(NOW))

    page = home()

    assert NOT_WELL in page
    assert "No canary page has ever landed" in page


def test_an_audit_made_before_the_clock_went_back_is_not_the_newest(works, home):
    Audit.objects.update(at=NOW + timedelta(hours=10))
    auditing.audit(now=NOW, limits=limits.at(NOW))

    assert "audit: all holds" in home()


def test_an_audit_that_is_too_old_is_unknown_and_never_green(works, home):
    """F52."""
    Audit.objects.update(at=NOW - timedelta(seconds=95))

    page = home()

    assert NOT_WELL in page
    assert "Nobody has checked the pager for 1 min 35 s" in page
    assert "audit: unknown for 1 min 35 s" in page
    assert "all holds" not in page


def test_before_the_first_audit_it_is_unknown(home):
    page = home()

    assert "Nobody has ever checked the pager" in page
    assert "canary page: never landed" in page


def test_a_site_that_stands_by_says_who_has_the_pager(works, home, settings):
    """W3."""
    settings.SITE = "summit"
    troubles.promote(site="base", now=NOW)

    assert "base has the pager since epoch 2; this is summit and stands by." in home()


def test_a_part_that_stands_still_is_named(works, home):
    Heartbeat.objects.filter(name="sender").update(at=NOW - timedelta(minutes=2))

    assert "sender: no cycle for 2 min" in home()


def test_advice_is_said_without_red(works, home):
    found(id="I12", text="Who is on call has two proved ways", gravity="advice", url="/people/7/")

    page = home()

    assert NOT_WELL not in page
    assert 'Not so for 2: Who is on call has two proved ways. <a href="/people/7/">' in page


@pytest.mark.parametrize(
    ("url", "age", "said"),
    [
        ("", None, "Nobody outside watches"),
        ("https://watcher.example.org/x", None, "The watcher outside has never heard from us."),
        ("https://watcher.example.org/x", 20, "The watcher outside heard from us 20 s ago."),
        ("https://watcher.example.org/x", 600, "The watcher outside has not heard from us for 10 min."),
    ],
)
def test_the_watcher_outside(works, home, settings, url, age, said):
    settings.HEARTBEAT_URL = url
    if age is not None:
        troubles.beat(name="outward", now=NOW - timedelta(seconds=age))

    assert said in home()


def test_the_last_drill_is_shown_with_its_times(works, home):
    """W4."""
    assert "No drill was ever held." in home()
    Drill.objects.create(
        kind="modem", started_at=NOW - timedelta(days=2), ended_at=NOW, text_s=8, call_s=71, passed=True
    )

    assert "passed, text in 8 s, call in 1 min 11 s." in home()
