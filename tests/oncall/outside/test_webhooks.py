"""Outgoing webhooks: signed so that anybody can check it, posted outside alone, tried again, given up aloud."""

import base64
import hashlib
import hmac
import json
import socket
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from deploy.supervisor import free_port
from oncall import clock
from oncall.limits import queries as limits
from oncall.outside import deliveries, dispatch, services, signing
from oncall.outside.models import Delivery, Webhook
from oncall.people.models import Person
from oncall.troubles.models import Trouble
from tests.conftest import NOW
from tests.outside import stand_ins


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    with stand_ins(tmp_path_factory.mktemp("outside")) as running:
        yield running


@pytest.fixture(autouse=True)
def _night(settings, db, outside):
    clock.travel(NOW - clock.now())
    settings.WEBHOOK_HOSTS = [urlsplit(outside.base).netloc]


@pytest.fixture
def admin(db) -> Person:
    return Person.objects.create_user("root", "a long password", name="Ada Minton", is_superuser=True)


@pytest.fixture
def webhook(request, admin, outside) -> Webhook:
    return make(admin, f"{outside.base}/received/{name_of(request)}")


def name_of(request) -> str:
    return hashlib.sha256(request.node.name.encode()).hexdigest()[:10]


@pytest.fixture
def name(request) -> str:
    """Under which the receiver keeps what this test posts."""
    return name_of(request)


def make(admin, url, *, called="Operations", events=("alarm.fired",)) -> Webhook:
    return services.add(name=called, url=url, events=events, by=admin, now=NOW)[0]


def tell(event="alarm.fired", **data):
    deliveries.tell(event=event, data=data or {"title": "No alerts"}, now=clock.now())


# --- Signatures -------------------------------------------------------------------------------------------------------


def reference(secret: str, id: str, timestamp: str, body: str) -> str:
    """The specification's own recipe, written down by itself."""
    key = base64.b64decode(secret[len("whsec_") :])
    digest = hmac.new(key, f"{id}.{timestamp}.{body}".encode(), hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def test_the_signature_is_the_one_of_the_specifications_example():
    # From the Standard Webhooks reference libraries' tests.
    signed = signing.signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", id="msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp=1614265330,
        body=b'{"test": 2432232314}',
    )  # fmt: skip

    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_delivery_is_signed_over_id_time_and_body(outside, webhook, name):
    tell(title="No alerts")
    dispatch.post_due()

    (heard,) = outside.received(name)
    assert json.loads(heard["body"])["data"] == {"title": "No alerts"}
    assert heard["webhook-id"] == str(Delivery.objects.get().pk)
    assert heard["webhook-signature"] == reference(
        webhook.secret, heard["webhook-id"], heard["webhook-timestamp"], heard["body"]
    )


def test_the_timestamp_is_of_now_however_far_our_clock_has_travelled(outside, webhook, name):
    tell()
    dispatch.post_due()

    (heard,) = outside.received(name)
    assert abs(int(heard["webhook-timestamp"]) - clock.reading().timestamp()) < 300


def test_during_a_rotation_both_secrets_sign(outside, webhook, name):
    old, new = webhook.secret, services.rotate(webhook=webhook, by=webhook.created_by, now=NOW)
    tell()
    dispatch.post_due()

    (heard,) = outside.received(name)
    parts = heard["webhook-id"], heard["webhook-timestamp"], heard["body"]
    assert heard["webhook-signature"].split() == [reference(new, *parts), reference(old, *parts)]


def test_a_day_later_the_old_secret_signs_no_more(webhook):
    new = services.rotate(webhook=webhook, by=webhook.created_by, now=NOW)
    webhook.refresh_from_db()

    assert webhook.secrets_at(NOW + timedelta(days=1)) == [new]


def test_sent_again_it_has_the_same_id(outside, webhook, name):
    outside.answers(name, 500)
    tell()
    dispatch.post_due()
    clock.travel(timedelta(seconds=11))
    dispatch.post_due()

    ids = [one["webhook-id"] for one in outside.received(name)]
    assert len(ids) == 2
    assert ids[0] == ids[1]


# --- The outbox -------------------------------------------------------------------------------------------------------


def test_who_does_not_want_to_hear_it_is_not_told(webhook):
    tell("alarm.resolved")

    assert not Delivery.objects.exists()


def test_who_is_switched_off_is_not_told_and_what_waits_is_given_up(webhook):
    tell()
    services.switch(webhook=webhook, on=False, by=webhook.created_by, now=NOW)
    tell()

    assert [one.state for one in Delivery.objects.all()] == ["given_up"]


def test_a_2xx_is_delivered(webhook):
    tell()
    dispatch.post_due()

    one = Delivery.objects.get()
    assert (one.state, one.status_code, one.tries) == ("delivered", 204, 1)


@pytest.mark.parametrize("status", [301, 400, 404, 500])
def test_anything_else_is_tried_again_each_time_after_twice_as_long(outside, webhook, name, status, monkeypatch):
    outside.answers(name, status)
    tell()
    pauses, now = [], clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)  # the clock stands while it is told
    for _ in range(3):
        dispatch.post_due()
        one = Delivery.objects.get()
        assert one.next_due is not None
        pauses.append((one.next_due - now).total_seconds())
        now = one.next_due + timedelta(seconds=1)

    assert pauses == [10, 20, 40]


def test_in_the_end_it_is_given_up_and_said_aloud_until_it_works_again(outside, webhook, name):
    outside.answers(name, 500)
    tell()
    Delivery.objects.update(tries=7)
    dispatch.post_due()

    assert Delivery.objects.get().state == "given_up"
    assert Trouble.objects.open().get(kind="webhook").text == (
        "The webhook Operations was not told of alarm.fired: It answered 500. Look at its deliveries."
    )
    outside.answers(name, 204)
    tell()
    dispatch.post_due()
    assert not Trouble.objects.open().filter(kind="webhook").exists()


def test_nobody_there_is_tried_again(admin, settings):
    settings.WEBHOOK_HOSTS = [f"127.0.0.1:{free_port()}"]
    make(admin, f"http://{settings.WEBHOOK_HOSTS[0]}/x")
    tell()
    dispatch.post_due()

    one = Delivery.objects.get()
    assert (one.state, one.status_code) == ("waiting", None)
    assert one.error_text == "127.0.0.1 could not be reached, or broke off."


def claim():
    now = clock.now()
    return deliveries.claim(now=now, limits=limits.at(now))


def test_what_one_has_claimed_nobody_else_posts(webhook):
    tell()

    assert claim() is not None
    assert claim() is None


def test_one_that_is_slow_delays_only_itself(admin, webhook, outside):
    other = make(admin, f"{outside.base}/received/other", called="Other")
    tell()
    tell()
    first = claim()

    second = claim()

    assert {first.url, second.url} == {webhook.url, other.url}
    assert claim() is None


def test_who_died_while_posting_is_looked_after_by_another(webhook):
    tell()
    claim()
    clock.travel(timedelta(seconds=31))

    assert claim() is not None


def test_who_lost_the_lease_writes_nothing(webhook):
    tell()
    slow = claim()
    clock.travel(timedelta(seconds=31))
    claim()

    now = clock.now()
    deliveries.record(claimed=slow, status=204, error="", hopeless=False, now=now, limits=limits.at(now))

    assert Delivery.objects.get().state == "waiting"


def test_old_deliveries_are_forgotten_after_thirty_days(webhook):
    tell()
    dispatch.post_due()
    clock.travel(timedelta(days=29))
    dispatch.forget_old(now=clock.now(), limits=limits.at(clock.now()))
    assert Delivery.objects.count() == 1

    clock.travel(timedelta(days=1, minutes=1))
    dispatch.forget_old(now=clock.now(), limits=limits.at(clock.now()))
    assert Delivery.objects.count() == 0


# --- Only outside (S16) -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:10.0.0.1]/x",
        "http://0/x",
        "http://2130706433/x",
        "https://10.0.0.1/x",
        "https://example.org:8443/x",
        "https://name:word@example.org/x",
        "ftp://example.org/x",
        "example.org",
        "https://",
        "https://example.org/ x",
    ],
)
def test_what_can_be_seen_to_lead_inside_is_not_added(admin, url):
    with pytest.raises(services.BadWebhook):
        make(admin, url)


def test_in_production_nothing_goes_in_the_clear(admin, settings):
    settings.PRODUCTION = True

    with pytest.raises(services.BadWebhook, match="Use https"):
        make(admin, "http://example.org/x")


def test_a_name_that_leads_inside_later_is_not_asked(admin, monkeypatch):
    make(admin, "https://hooks.example.org/x")
    rows = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("169.254.169.254", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **choices: rows)
    monkeypatch.setattr(socket, "create_connection", lambda *args, **choices: pytest.fail("it was asked"))
    tell()

    dispatch.post_due()

    one = Delivery.objects.get()
    assert one.state == "given_up"
    assert "not on the open internet" in one.error_text


# --- Screens ----------------------------------------------------------------------------------------------------------


def test_an_administrator_adds_one_and_sees_its_secret_once(client, admin):
    client.force_login(admin)
    form = {"name": "Chat", "url": "https://chat.example.org/hook/a-secret-path", "events": ["alarm.fired"]}

    page = client.post("/webhooks/", form).content.decode()

    made = Webhook.objects.get()
    assert made.secret in page
    again = client.get(f"/webhooks/{made.pk}/").content.decode()
    assert made.secret not in again
    assert "a-secret-path" not in again


def test_a_wrong_address_is_said_beside_its_field(client, admin):
    client.force_login(admin)

    answer = client.post("/webhooks/", {"name": "Chat", "url": "https://10.0.0.1/x", "events": ["alarm.fired"]})

    assert answer.status_code == 400
    assert "10.0.0.1 is not on the open internet" in answer.content.decode()
    assert not Webhook.objects.exists()


@pytest.mark.parametrize("path", ["", "{id}/", "{id}/test/", "{id}/rotate/", "{id}/switch/"])
def test_nobody_else_sees_or_changes_any(client, ada, webhook, path):
    client.force_login(ada)
    before = list(Webhook.objects.values())

    address = "/webhooks/" + path.format(id=webhook.pk)
    assert {client.get(address).status_code, client.post(address).status_code} <= {403, 405}
    assert list(Webhook.objects.values()) == before
    assert not Delivery.objects.exists()


def test_a_test_is_posted_and_shown(client, admin, outside, webhook, name):
    client.force_login(admin)
    client.post(f"/webhooks/{webhook.pk}/test/")
    dispatch.post_due()

    assert json.loads(outside.received(name)[0]["body"])["type"] == "test"
    assert "answered 204, 1 try" in client.get(f"/webhooks/{webhook.pk}/").content.decode()


def test_a_name_is_given_once(client, admin, webhook):
    client.force_login(admin)
    form = {"name": "Operations", "url": "https://chat.example.org/x", "events": ["alarm.fired"]}

    assert "There is a webhook called Operations already." in client.post("/webhooks/", form).content.decode()


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("hooks.example.org:0", "at ports 80 and 443 only"),
        ("hooks..example.org", "is no name of a host"),
        (".example.org", "is no name of a host"),
        ("a" * 64 + ".example.org", "is no name of a host"),
        ("intranet", "is a short name"),
        ("localhost", "is a short name"),
        ("0x7f000001", "is no address we can read"),
        ("2130706433", "is no address we can read"),
        ("127.1", "is no address we can read"),
        ("0177.0.0.1", "is no address we can read"),
        ("hooks.example.0x1", "is no address we can read"),
        ("10.0.0.1", "is not on the open internet"),
    ],
)
def test_an_address_that_hides_where_it_leads_is_refused_when_it_is_typed(host, why):
    with pytest.raises(services.BadWebhook, match=why):
        services.check_url(f"https://{host}/x")


@pytest.mark.parametrize("url", ["https://hooks.example.org/x", "https://8.8.8.8/x", "https://h-1.example.org:443/"])
def test_a_plain_address_outside_is_kept_as_it_is(url):
    assert services.check_url(url) == url


def test_a_short_name_that_the_site_lists_is_asked(settings):
    settings.WEBHOOK_HOSTS = ["chat:8443"]

    assert services.check_url("http://chat:8443/x") == "http://chat:8443/x"


def test_a_second_new_secret_while_two_sign_is_refused_with_words(webhook, admin, client):
    first = services.rotate(webhook=webhook, by=admin, now=clock.now())
    client.force_login(admin)

    page = client.post(f"/webhooks/{webhook.pk}/rotate/", follow=True).content.decode()

    webhook.refresh_from_db()
    assert "It has a new secret already, and the old one signs until" in page
    assert webhook.secret == first


def test_who_gave_a_new_secret_and_who_switched_it_stands_in_the_log(webhook, admin, caplog):
    with caplog.at_level("INFO", logger="oncall.outside.services"):
        secret = services.rotate(webhook=webhook, by=admin, now=NOW)
        services.switch(webhook=webhook, on=False, by=admin, now=NOW)

    assert [one.getMessage() for one in caplog.records] == [
        f"webhook {webhook.pk}: new secret by {admin.pk}",
        f"webhook {webhook.pk}: switched off by {admin.pk}",
    ]
    assert secret not in caplog.text
