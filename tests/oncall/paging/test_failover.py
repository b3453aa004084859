"""Two providers behind the same protocol: real claims and sends, over HTTP, to a telephone company that works and one
that does not.
"""

import socket
from datetime import timedelta

import pytest

from oncall import clock
from oncall.limits import queries as limits
from oncall.paging import claims, health, outbox, providers, sender, services, twilio
from oncall.paging.breaker import State
from oncall.paging.channels import Outcome, Report, Verdict
from oncall.paging.codes import row_of
from oncall.paging.models import Attempt, Breaker, ContactMethod, NotificationRule
from oncall.troubles.models import Trouble
from tests.conftest import NOW
from tests.oncall.paging.test_wire import hangs, hangs_up, server
from tests.oncall.simulator import conftest as stand_in
from tests.oncall.simulator.conftest import ACCOUNT, KEY, NUMBER, SECRET

pytestmark = pytest.mark.django_db
reception, running, simulator, number = stand_in.reception, stand_in.running, stand_in.simulator, stand_in.number


@pytest.fixture(autouse=True)
def second(settings, simulator):
    """The second account is with a telephone company that works; the first is set up by each test."""
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_API_KEY, settings.TWILIO_API_SECRET = "AC" + "1" * 32, "SK1", "s"
    settings.TWILIO_API_BASE_OTHER, settings.TWILIO_FROM, settings.TWILIO_MESSAGING_SERVICE_SID = "", NUMBER, ""
    settings.TWILIO_SECOND_API_BASE, settings.TWILIO_SECOND_API_BASE_OTHER = simulator.base, ""
    settings.TWILIO_SECOND_ACCOUNT_SID, settings.TWILIO_SECOND_API_KEY = ACCOUNT, KEY
    settings.TWILIO_SECOND_API_SECRET, settings.TWILIO_SECOND_FROM = SECRET, NUMBER
    settings.TWILIO_SECOND_MESSAGING_SERVICE_SID = ""
    settings.PUBLIC_BASE_URL = "http://127.0.0.1:9"
    twilio._local.__dict__.clear()
    yield
    twilio._local.__dict__.clear()


@pytest.fixture
def nobody_there(settings):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        settings.TWILIO_API_BASE = f"http://127.0.0.1:{taken.getsockname()[1]}"
        yield


@pytest.fixture
def page(ada, number):
    contact = ContactMethod.objects.get(person=ada)
    ContactMethod.objects.filter(pk=contact.pk).update(address=number)
    for delay_s, channel in ((0, "sms"), (300, "voice")):
        NotificationRule.objects.create(person=ada, urgency="high", delay_s=delay_s, channel=channel, contact=contact)
    return begin(ada)


def begin(person, key="test:1", severity=1):
    return services.page(
        key=key, person=person, severity=severity, title="Fault", text="", url="", answer_path="/x/", now=clock.now()
    )


def send_due():
    """Claim and send what is due, as a sender's thread does; return what became of it."""
    in_force = limits.at(clock.now())
    claimed = claims.claim_pages(now=clock.now(), limits=in_force, at_most=5)
    for attempt, order in claimed:
        sender._send(attempt, order, in_force)
        attempt.refresh_from_db()
    return [(attempt.channel, attempt.provider, attempt.state) for attempt, _ in claimed]


def test_a_provider_nobody_answers_at_is_left_for_the_other_at_once(nobody_there, page, number, simulator):
    """F27: one text arrives."""
    assert send_due() == [("sms", "twilio", "refused")]
    assert send_due() == [("sms", "second", "accepted")]

    results = simulator.api("GET", f"messages/?to=%2B{number[1:]}")["results"]
    assert len(results) == 1
    assert f"oncall {page.reference} SEV1" in results[0]["body"]


def test_credentials_that_are_refused_send_every_page_by_the_other_provider(settings, simulator, page, ada):
    """F28: a rotated key."""
    settings.TWILIO_API_BASE = simulator.base  # which does not know the first account
    assert send_due() == [("sms", "twilio", "refused")]
    assert send_due() == [("sms", "second", "accepted")]
    assert "refuses our account" in Trouble.objects.get(kind="account", key="twilio", until=None).text

    begin(ada, key="test:2")
    assert send_due() == [("sms", "second", "accepted")]


def test_lookups_and_polls_ask_the_provider_that_was_asked_to_send(nobody_there, page):
    send_due()
    send_due()
    attempt = Attempt.objects.get(provider="second")
    Attempt.objects.filter(pk=attempt.pk).update(look_at=clock.now())

    in_force = limits.at(clock.now())
    for claimed, order in claims.claim_unsettled(now=clock.now(), limits=in_force, at_most=5):
        sender._look(claimed, order, in_force)

    attempt.refresh_from_db()
    assert attempt.sid.startswith("SM")
    assert attempt.lease_token is None
    assert attempt.status in {"queued", "sending", "sent", "delivered"}


def test_five_failures_open_the_breaker_and_every_loop_knows_it(settings, ada, page):
    """F24: each page that fails is looked up; the next ones go by the other provider."""
    with server(hangs_up) as (base, heard):
        settings.TWILIO_API_BASE = base
        for n in range(4):
            begin(ada, key=f"more:{n}")
        went = send_due()
        assert {provider for _, provider, _ in went} == {"twilio"}
        begin(ada, key="last")
        assert [provider for _, provider, _ in send_due()] == ["second"]

    assert len(heard) == 5
    assert "reset" in Trouble.objects.get(kind="provider", key="twilio", until=None).text


def test_a_slow_provider_does_not_hold_what_goes_by_the_other(settings, ada, page, monkeypatch):
    """F26."""
    monkeypatch.setattr(twilio, "TIMEOUT_S", 0.3)
    with server(hangs) as (base, _):
        settings.TWILIO_API_BASE = base
        assert send_due() == [("sms", "twilio", "unknown")]
    monkeypatch.undo()
    soon = clock.now() + timedelta(seconds=60)
    Breaker.objects.filter(provider="twilio").update(opened_at=clock.now(), probe_at=soon)
    begin(ada, key="other", severity=2)

    assert send_due() == [("sms", "second", "accepted")]


# --- The breaker's row ------------------------------------------------------------------------------------------------

BAD = Outcome(Verdict.UNKNOWN, code="timeout", text="No answer.", row=row_of("timeout"))
GOOD = Outcome(Verdict.ACCEPTED, sid="SM1", status="queued")
LOCKED = Outcome(Verdict.REFUSED, code="20003", text="Authenticate", row=row_of("20003", status=401))


def note(outcome, after=0.0, provider="twilio"):
    now = NOW + timedelta(seconds=after)
    return health.note(provider=provider, outcome=outcome, now=now, limits=limits.at(now))


def board(after=0.0):
    now = NOW + timedelta(seconds=after)
    return providers.Board(now=now, limits=limits.at(now))


def test_a_provider_that_does_well_has_no_row(db):
    note(GOOD)

    assert not Breaker.objects.exists()


def test_while_it_is_open_there_is_a_trouble_and_afterwards_there_is_none(db):
    for n in range(5):
        note(BAD, after=n)
    assert Trouble.objects.filter(kind="provider", key="twilio", until=None).exists()

    note(GOOD, after=20)
    assert not Trouble.objects.filter(until=None).exists()
    assert Breaker.objects.get().opened_at is None


def test_a_number_that_is_wrong_says_nothing_against_the_provider(db):
    wrong = Outcome(Verdict.REFUSED, code="21211", text="no", row=row_of("21211"))
    for n in range(9):
        assert note(wrong, after=n) == State()


def test_one_page_in_15_seconds_tries_a_provider_that_is_left_alone(db):
    note(LOCKED)

    assert board(14).choose("sms") == "second"
    assert [board(15).choose("sms"), board(15).choose("sms")] == ["twilio", "second"]
    assert board(29).choose("sms") == "second"
    assert board(30).choose("voice") == "twilio"


def test_with_both_left_alone_pages_are_sent_all_the_same(db):
    note(LOCKED)
    note(LOCKED, provider="second")

    assert board(1).choose("sms") == "twilio"
    assert board(1).broken("sms")
    assert not board(1).broken("email")


def test_with_both_left_alone_the_mail_comes_at_once(ada):
    """Never silent: it is tried by telephone all the same, and the next other way does not wait."""
    phone = ContactMethod.objects.get(person=ada)
    mail = ContactMethod.objects.create(person=ada, kind="email", address="ada@example.org", created_at=NOW)
    for delay_s, channel, contact in ((0, "sms", phone), (60, "voice", phone), (600, "email", mail)):
        NotificationRule.objects.create(person=ada, urgency="high", delay_s=delay_s, channel=channel, contact=contact)
    note(LOCKED)
    note(LOCKED, provider="second")
    services.page(key="t", person=ada, severity=1, title="x", text="", url="", answer_path="/", now=NOW)

    def goes_out(after):
        now = NOW + timedelta(seconds=after)
        claimed = claims.claim_pages(now=now, limits=limits.at(now), at_most=5)
        return [attempt.channel for attempt, _ in claimed]

    assert [goes_out(after) for after in (0, 0, 59, 60)] == [["sms"], ["email"], [], ["voice"]]


def test_a_provider_that_no_page_tries_for_a_minute_is_asked_and_comes_back(settings, simulator, db):
    """Else the trouble would stay for as long as nobody is paged."""
    settings.TWILIO_API_BASE, settings.TWILIO_ACCOUNT_SID = simulator.base, ACCOUNT
    settings.TWILIO_API_KEY, settings.TWILIO_API_SECRET = KEY, SECRET
    now = clock.now()
    health.note(provider="twilio", outcome=LOCKED, now=now, limits=limits.at(now))
    early, late = now + timedelta(seconds=59), now + timedelta(seconds=60)
    assert health.unprobed(now=early, limits=limits.at(early)) == []
    assert health.unprobed(now=late, limits=limits.at(late)) == ["twilio"]
    assert health.unprobed(now=late, limits=limits.at(late)) == []

    sender._ask("twilio", limits.at(late))
    assert Breaker.objects.get().opened_at is None


def test_a_provider_that_does_not_answer_the_question_is_left_alone_further(settings, db):
    note(LOCKED)
    with server(hangs_up) as (base, _):
        settings.TWILIO_API_BASE = base
        sender._ask("twilio", limits.at(NOW))

    assert Breaker.objects.get().opened_at == NOW


def test_a_trouble_about_a_code_that_did_not_come_again_for_a_day_is_over(db):
    health.complain(provider="twilio", code="21408", text="not permitted", now=NOW)
    for hours, still in ((23, True), (25, False)):
        later = NOW + timedelta(hours=hours)
        health.keep(now=later, limits=limits.at(later))
        assert Trouble.objects.filter(until=None).exists() == still


def test_a_report_about_an_attempt_of_the_other_account_is_not_taken(nobody_there, page, client, settings):
    """F33: signed by an account of ours, but not by the one that was asked."""
    from twilio.request_validator import RequestValidator

    settings.TWILIO_AUTH_TOKENS, settings.TWILIO_SECOND_AUTH_TOKENS = ["one"], ["two", "two-next"]
    send_due()
    send_due()
    attempt = Attempt.objects.get(provider="second")

    def post(account, token):
        fields = {"AccountSid": account, "MessageSid": attempt.sid, "MessageStatus": "delivered"}
        path = f"/hooks/twilio/sms/{attempt.pk}/"
        signature = RequestValidator(token).compute_signature(settings.PUBLIC_BASE_URL + path, fields)
        answer = client.post(path, fields, headers={"X-Twilio-Signature": signature})
        attempt.refresh_from_db()
        return answer.status_code, attempt.status == "delivered"

    assert post(settings.TWILIO_ACCOUNT_SID, "one") == (204, False)
    assert post(settings.TWILIO_ACCOUNT_SID, "two") == (403, False)
    assert post(ACCOUNT, "one") == (403, False)
    assert post(ACCOUNT, "two-next") == (204, True)


def test_a_callback_before_our_answer_binds_the_text_of_the_second_provider(page, nobody_there):
    """F32."""
    send_due()
    ((attempt, _),) = claims.claim_pages(now=clock.now(), limits=limits.at(clock.now()), at_most=5)
    outbox.apply_report(
        attempt_id=attempt.pk, report=Report("SM9", "sent", 30), now=clock.now(), limits=limits.at(NOW), callback=True
    )

    attempt.refresh_from_db()
    assert (attempt.provider, attempt.sid, attempt.state) == ("second", "SM9", "accepted")
