"""What texts and calls cost, and the cap that stops what is not urgent and never what is."""

from datetime import timedelta
from decimal import Decimal

import pytest

from oncall.limits import queries as limits
from oncall.limits import services as limit_services
from oncall.paging import claims, services, spending
from oncall.paging.models import Attempt, ContactMethod, Notice, Page
from oncall.troubles.models import Trouble
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
S = timedelta(seconds=1)
MIDNIGHT = NOW.replace(day=24, hour=0, minute=0)


@pytest.fixture(autouse=True)
def _prices(ada):
    ContactMethod.objects.filter(kind="email").delete()
    for name, value in {
        "sms_segment_price": 1, "call_minute_price": 3, "spend_cap_day": 10, "spend_cap_month": 100,
    }.items():  # fmt: skip
        limit_services.set_limit(name=name, value=value, effective_from=NOW - timedelta(days=60))


def sent(*, channel="sms", body="x", state="accepted", at=NOW, talked_s=None, n=1):
    """Something that went out, which nothing else here is about."""
    note = Notice.objects.create(
        key=f"{channel}{at}{n}", person_id=_somebody(), channel=channel, address="+14155550999", text="", created_at=at
    )
    ended = state in ("refused", "finished")
    Attempt.objects.create(
        notice=note, n=n, channel=channel, lane="notice", address=note.address, body=body, state=state, started_at=at,
        sid="" if state == "refused" else f"SM{note.pk.hex[:20]}", accepted_at=at,
        told_at=None if talked_s is None else at, look_at=None if ended else at,
        ended_at=at + timedelta(seconds=talked_s or 0) if ended else None,
    )  # fmt: skip


def _somebody():
    return ContactMethod.objects.values_list("person_id", flat=True)[0]


def spent(now=NOW):
    return [(one.span, one.spent, one.cap) for one in spending.so_far(now=now, limits=limits.at(now))]


def look(now=NOW):
    spending.watch(now=now, limits=limits.at(now))
    return sorted(Trouble.objects.open().filter(kind="spending").values_list("key", flat=True))


def page(ada, severity, now=NOW):
    return services.page(
        key=f"{severity}{now}", person=ada, severity=severity, title="Fault", text="", url="", answer_path="/", now=now
    )


def claim(now=NOW):
    return [attempt.channel for attempt, _ in claims.claim_pages(now=now, limits=limits.at(now), at_most=10)]


def reach_the_cap():
    for n in range(10):
        sent(n=n + 1)
    assert "day:cap" in look()


def test_a_text_costs_by_its_segments_and_a_call_by_the_minutes_it_was_answered():
    sent(body="x" * 160)
    sent(body="x" * 161, n=2)
    sent(channel="voice", state="finished", talked_s=61)
    sent(channel="voice", state="finished", n=2)
    sent(channel="email", n=3)

    assert spent() == [("day", Decimal(3 + 2 * 3), Decimal(10)), ("month", Decimal(9), Decimal(100))]


def test_what_the_provider_refused_costs_nothing():
    sent(state="refused")

    assert spent()[0][1] == 0


def test_the_day_is_utc_s_and_the_month_keeps_what_the_day_forgets():
    sent(at=NOW.replace(hour=0, minute=0))
    sent(at=NOW.replace(hour=0, minute=0) - S)
    sent(at=NOW.replace(day=1, hour=0, minute=0) - S)

    assert spent() == [("day", 1, 10), ("month", 2, 100)]


def test_it_is_told_at_four_fifths_of_the_cap_and_again_at_the_cap():
    for n in range(7):
        sent(n=n + 1)
    assert look() == []
    sent(n=8)
    assert look() == ["day:warn"]
    sent(n=9)
    sent(n=10)

    assert look() == ["day:cap", "day:warn"]
    assert "10.00 of 10.00 are spent" in Trouble.objects.get(key="day:cap").text


def test_it_is_told_once_and_is_over_with_the_day():
    reach_the_cap()
    look(NOW + 30 * S)
    assert Trouble.objects.get(key="day:cap").count == 1

    assert look(MIDNIGHT) == []


@pytest.mark.parametrize("severity", [1, 2])
def test_no_cap_ever_stops_an_urgent_page(ada, severity):
    reach_the_cap()
    page(ada, severity)

    assert claim() == ["sms"]
    assert claim(NOW + 60 * S) == ["voice"]


def test_past_the_cap_low_urgency_goes_by_mail_instead(ada):
    reach_the_cap()
    ContactMethod.objects.create(person=ada, kind="email", address="ada@example.org", created_at=NOW)
    one = page(ada, 4)

    assert claim() == ["email"]
    Attempt.objects.filter(page=one).update(state="finished", accepted_at=NOW, ended_at=NOW, look_at=None)
    assert claim(NOW + 60 * S) == []
    one.refresh_from_db()
    assert one.state == "calling"


def test_who_can_only_be_texted_waits_until_the_day_is_over_and_it_is_shown(ada):
    reach_the_cap()
    one = page(ada, 4)

    assert claim() == []
    one.refresh_from_db()
    assert (one.held_until, one.held_why) == (MIDNIGHT, "what may be spent in a day is spent")
    assert claim(MIDNIGHT) == ["sms"]
    assert claim(MIDNIGHT + 59 * S) == []
    assert claim(MIDNIGHT + 60 * S) == ["voice"]


def test_with_the_cap_raised_what_waited_goes_on_at_once(ada):
    reach_the_cap()
    page(ada, 4)
    assert claim() == []
    limit_services.set_limit(name="spend_cap_day", value=50, effective_from=NOW + 60 * S)

    look(NOW + 60 * S)

    assert claim(NOW + 60 * S)[0] == "sms"


def test_past_the_cap_notices_go_by_mail_or_wait_and_replies_go(ada, grace):
    ContactMethod.objects.filter(person=grace).delete()
    ContactMethod.objects.create(person=grace, kind="email", address="g@example.org", created_at=NOW)
    reach_the_cap()
    services.notice(key="a", person=ada, text="a", now=NOW)
    services.notice(key="r", person=ada, text="r", lane="reply", now=NOW)
    services.notice(key="g", person=grace, text="g", channel="sms", address="+14155550102", now=NOW)

    found = claims.claim_notices(now=NOW, limits=limits.at(NOW), at_most=10)

    assert sorted((attempt.channel, attempt.body) for attempt, _ in found) == [("email", "g"), ("sms", "r")]
    assert Notice.objects.get(key="a").next_due == MIDNIGHT


def test_no_cap_is_no_cap(ada):
    for span in ("day", "month"):
        limit_services.set_limit(name=f"spend_cap_{span}", value=0, effective_from=NOW - timedelta(days=1))
    for n in range(50):
        sent(n=n + 1)

    assert look() == []
    page(ada, 4)
    assert claim() == ["sms"]
    assert Page.objects.get().held_until is None
