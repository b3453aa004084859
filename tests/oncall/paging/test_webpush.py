"""Pages as notifications: encrypted for one browser, sent to push services alone, and delivered is not answered."""

import base64
import json
import uuid
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from deploy.supervisor import free_port
from oncall import clock
from oncall.limits import queries as limits
from oncall.paging import answer_links, claims, outbox, services, subscriptions
from oncall.paging.channels import Order, Verdict
from oncall.paging.models import ContactMethod, Notice, NotificationRule
from oncall.paging.push_hosts import is_push_service
from oncall.paging.webpush import Push, notification
from oncall.troubles.models import Trouble
from tests.conftest import NOW, make_person
from tests.outside import stand_ins

ATTEMPT = uuid.UUID("00000000-0000-4000-8000-00000000b0b0")


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


KEY = ec.generate_private_key(ec.SECP256R1())
PRIVATE = b64(KEY.private_numbers().private_value.to_bytes(32, "big"))
PUBLIC = b64(KEY.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    with stand_ins(tmp_path_factory.mktemp("outside"), vapid_public_key=PUBLIC) as running:
        yield running


@pytest.fixture(autouse=True)
def _keys(settings, outside):
    settings.PUSH, settings.VAPID_PRIVATE_KEY, settings.VAPID_PUBLIC_KEY = True, PRIVATE, PUBLIC
    settings.VAPID_SUBJECT = "mailto:oncall@example.org"
    settings.PUSH_HOSTS = [urlsplit(outside.base).netloc]
    settings.PUBLIC_BASE_URL = "https://oncall.example.org"


@pytest.fixture
def browser(outside):
    """A browser that says nothing by itself: what it shows, the tests report."""
    made = outside.browser()
    outside.browser_is(made, "off")
    return made


@pytest.fixture
def contact(ada, browser):
    return subscribed(ada, browser)


def subscribed(person, browser, **changes):
    fields = {"endpoint": browser["endpoint"], **browser["keys"], "label": "Firefox on Linux", "now": NOW} | changes
    return subscriptions.subscribe(person=person, **fields)


def order(contact, **changes) -> Order:
    usual = Order(
        attempt_id=ATTEMPT,
        channel="push",
        address=contact.address,
        subject="[SEV-1] No alerts",
        body="SEV-1 No alerts\n\nThe alarm",
        reference="KZQT",
        answer_path="/",
        started_at=NOW,
        valid_for=timedelta(minutes=5),
        ring_for=timedelta(),
        talk_for=timedelta(),
    )
    return replace(usual, **changes)


@pytest.mark.django_db
def test_the_browser_alone_can_read_it_and_it_is_urgent_and_short_lived(outside, browser, contact):
    outcome = Push().send(order(contact))

    (shown,) = outside.notifications(browser)
    assert (outcome.verdict, outcome.status) == (Verdict.ACCEPTED, "accepted")
    assert (shown["title"], shown["body"]) == ("[SEV-1] No alerts", "SEV-1 No alerts The alarm")
    assert shown["url"].startswith("https://oncall.example.org/answer/")
    assert shown["receipt"].startswith("https://oncall.example.org/hooks/push/")
    assert (shown["ttl"], shown["urgency"], shown["topic"]) == (300, "high", "KZQT")


@pytest.mark.django_db
def test_a_notice_leads_home_and_wakes_nobody(outside, browser, contact):
    Push().send(order(contact, reference="", body="Your shift begins"))

    (shown,) = outside.notifications(browser)
    assert (shown["body"], shown["url"], shown["urgency"]) == (
        "Your shift begins", "https://oncall.example.org/", "normal",
    )  # fmt: skip
    assert shown["receipt"].startswith("https://oncall.example.org/hooks/push/")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("mode", "verdict", "dead", "patience"),
    [
        ("gone", "refused", True, None),
        ("missing", "refused", True, None),
        ("busy", "refused", False, timedelta(seconds=2)),
        ("broken", "unknown", False, None),
    ],
)
def test_what_a_push_services_no_means(outside, browser, contact, mode, verdict, dead, patience):
    outside.browser_is(browser, mode)

    outcome = Push().send(order(contact))

    assert (outcome.verdict, bool(outcome.dead_address), outcome.retry_after) == (verdict, dead, patience)


@pytest.mark.django_db
def test_a_key_that_the_service_does_not_know_is_our_own_fault(contact, settings):
    other = ec.generate_private_key(ec.SECP256R1())
    settings.VAPID_PRIVATE_KEY = b64(other.private_numbers().private_value.to_bytes(32, "big"))

    outcome = Push().send(order(contact))

    assert (outcome.verdict, outcome.misconfigured) == (Verdict.REFUSED, True)


@pytest.mark.django_db
def test_without_a_connection_it_is_surely_not_taken_and_the_address_is_not_repeated(contact, settings):
    host = f"127.0.0.1:{free_port()}"
    settings.PUSH_HOSTS = [host]
    ContactMethod.objects.filter(pk=contact.pk).update(
        details=contact.details | {"endpoint": f"http://{host}/push/a-secret"}
    )

    outcome = Push().send(order(contact))

    assert (outcome.verdict, outcome.code) == (Verdict.REFUSED, "connection")
    assert "a-secret" not in outcome.text


@pytest.mark.django_db
def test_an_address_that_is_no_longer_allowed_is_not_asked(contact, settings, outside, browser):
    settings.PUSH_HOSTS = []

    assert Push().send(order(contact)).dead_address
    assert outside.notifications(browser) == []


def test_long_words_stay_within_what_services_take(settings):
    long = order(ContactMethod(address="x"), subject="é" * 900, body="é" * 9000)

    assert len(json.dumps(notification(long), ensure_ascii=False).encode()) < 3900


# --- A browser that is gone is said aloud, by another way (complaint 35) ----------------------------------------------


@pytest.mark.django_db
def test_a_browser_that_is_gone_is_taken_out_of_use_and_its_owner_is_told_by_another_way(
    outside, ada, browser, contact
):
    outside.browser_is(browser, "gone")
    NotificationRule.objects.create(person=ada, delay_s=0, channel="push", contact=contact)
    services.page(key="x", person=ada, severity=1, title="x", text="", url="", answer_path="/", now=NOW)
    ((attempt, made),) = claims.claim_pages(now=NOW, limits=limits.at(NOW), at_most=5)
    assert attempt.lease_token is not None

    outbox.record_outcome(
        attempt_id=attempt.pk, lease=attempt.lease_token, outcome=Push().send(made), now=NOW, limits=limits.at(NOW)
    )

    contact.refresh_from_db()
    notice = Notice.objects.exclude(key__startswith="push:").get()
    assert contact.disabled_at == NOW
    assert Trouble.objects.get(kind="contact").key == str(contact.pk)
    assert (notice.channel, notice.address) == ("email", "ada@example.org")
    assert "does not take our notifications any more" in notice.text


# --- Agreeing, and taking it back -------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_browser_agrees_and_takes_it_back(client, ada, browser):
    client.force_login(ada)
    fields = {"endpoint": browser["endpoint"], **browser["keys"], "label": "Firefox on Linux"}

    assert client.post("/me/push/", fields).status_code == 201
    contact = ContactMethod.objects.get(kind="push")
    assert (contact.person, contact.label, contact.proved) == (ada, "Firefox on Linux", False)
    assert browser["endpoint"] not in contact.address

    assert client.post("/me/push/remove/", {"endpoint": browser["endpoint"]}).status_code == 204
    assert not ContactMethod.objects.filter(kind="push").exists()


@pytest.mark.django_db
def test_a_browser_is_proved_by_the_first_notification_that_it_shows(client, ada, browser, contact):
    now = NOW + timedelta(seconds=1)
    clock.travel(now - clock.now())
    assert not contact.proved
    ((attempt, made),) = claims.claim_notices(now=now, limits=limits.at(now), at_most=5)
    sent = notification(made)

    client.post(urlsplit(sent["receipt"]).path)

    contact.refresh_from_db()
    attempt.refresh_from_db()
    assert sent["body"] == "Notifications work: this browser shows your pages from now on."
    assert contact.proved
    assert contact.verified_at is not None


@pytest.mark.django_db
def test_a_proved_browser_that_agrees_again_stays_proved_and_hears_nothing(ada, browser, contact):
    ContactMethod.objects.update(verified_at=NOW)
    Notice.objects.all().delete()

    assert subscribed(ada, browser).proved
    assert not Notice.objects.exists()


@pytest.mark.django_db
def test_agreeing_twice_is_one_browser(ada, browser, contact):
    assert subscribed(ada, browser) == contact


@pytest.mark.django_db
def test_a_browser_that_was_gone_is_used_again_when_it_agrees_anew(ada, browser, contact):
    services.disable_contact(contact=contact, reason="gone", now=NOW)

    subscribed(ada, browser)

    contact.refresh_from_db()
    assert contact.disabled_at is None
    assert not Trouble.objects.open().filter(kind="contact").exists()


@pytest.mark.django_db
def test_a_shared_browser_shows_the_pages_of_who_agreed_last(browser, contact):
    bea = make_person("Bea")

    subscribed(bea, browser)

    assert [one.person for one in ContactMethod.objects.filter(kind="push")] == [bea]


@pytest.mark.django_db
def test_without_keys_of_the_site_nothing_is_offered(client, ada, browser, settings):
    settings.PUSH = False
    client.force_login(ada)

    answer = client.post("/me/push/", {"endpoint": browser["endpoint"], **browser["keys"]})

    assert answer.status_code == 400
    assert b'id="push"' not in client.get("/me/").content


@pytest.mark.django_db
@pytest.mark.parametrize(
    "changes",
    [
        {"endpoint": "http://169.254.169.254/latest/meta-data/"},
        {"endpoint": "https://example.org/push"},
        {"p256dh": "short"},
        {"p256dh": "é"},
        {"auth": ""},
    ],
)
def test_what_is_no_agreement_is_refused(ada, browser, changes):
    with pytest.raises(subscriptions.BadSubscription):
        subscribed(ada, browser, **changes)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc",
        "https://updates.push.services.mozilla.com/wpush/v2/abc",
        "https://web.push.apple.com/abc",
        "https://wns2-par02p.notify.windows.com/w/?token=abc",
        "http://127.0.0.1:8001/push/abc",
    ],
)
def test_the_push_services_of_the_browsers_are_allowed_and_what_settings_name(endpoint):
    assert is_push_service(endpoint, further=["127.0.0.1:8001"])


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/fcm/send/abc",
        "https://fcm.googleapis.com:8443/x",
        "https://fcm.googleapis.com.evil.example/x",
        "https://evil.example/fcm.googleapis.com",
        "https://notify.windows.com.evil.example/",
        "https://evilpush.apple.com.example/",
        "https://user@fcm.googleapis.com/x",
        "https://fcm.googleapis.com@127.0.0.1/x",
        "https://127.0.0.1/x",
        "https://[::ffff:10.0.0.1]/x",
        "http://127.0.0.1:9000/x",
        "ftp://127.0.0.1:8001/x",
        "file:///etc/passwd",
        "https://fcm.googleapis.com/ x",
        "https://fcm.googleapis.com:port/x",
        "https://",
        "",
        "https://fcm.googleapis.com/" + "x" * 1000,
    ],
)
def test_no_other_address_is_a_push_service(endpoint):
    assert not is_push_service(endpoint, further=["127.0.0.1:8001"])


# --- Receipts ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def sent(ada, contact):
    """A page that the push service took."""
    clock.travel(NOW - clock.now())
    NotificationRule.objects.create(person=ada, delay_s=0, channel="push", contact=contact)
    services.page(key="x", person=ada, severity=1, title="x", text="", url="", answer_path="/", now=NOW)
    ((attempt, made),) = claims.claim_pages(now=NOW, limits=limits.at(NOW), at_most=5)
    assert attempt.lease_token is not None
    outbox.record_outcome(
        attempt_id=attempt.pk, lease=attempt.lease_token, outcome=Push().send(made), now=NOW, limits=limits.at(NOW)
    )
    attempt.refresh_from_db()
    return attempt


def receipt(attempt) -> str:
    return urlsplit(answer_links.receipt_url(attempt.pk)).path


def test_accepted_by_the_push_service_is_not_delivered(sent):
    assert sent.known == "accepted"


def test_shown_by_the_browser_is_delivered_and_goes_on_calling(client, sent):
    assert client.post(receipt(sent)).status_code == 204

    sent.refresh_from_db()
    assert sent.known == "delivered"
    assert sent.page.state == "calling"


def test_a_receipt_told_twice_changes_nothing(client, sent):
    client.post(receipt(sent))
    client.post(receipt(sent))

    assert sent.callbacks.count() == 1


def test_looking_at_a_receipt_is_none(client, sent):
    assert client.get(receipt(sent)).status_code == 405
    sent.refresh_from_db()
    assert sent.known == "accepted"


def test_a_link_that_answers_is_no_receipt_and_the_other_way_round(client, sent):
    answer = urlsplit(answer_links.answer_url(sent.pk)).path.removeprefix("/answer/")

    assert client.post(f"/hooks/push/{answer}").status_code == 404
    sent.refresh_from_db()
    assert sent.known == "accepted"


@pytest.mark.parametrize("token", ["x", "é", "0" * 32, "0" * 32 + "." + "A" * 43])
def test_what_we_did_not_sign_is_no_receipt(client, db, token):
    assert client.post(f"/hooks/push/{token}/").status_code == 404
