"""The provider's network misbehaves in every way it can, over real sockets: what we know afterwards, and how soon.

Nothing here asks how fast: where it matters a limit of half a second is set, and a server that would hold a thread for
a minute is left.
"""

import re
import socket
import ssl
import threading
import time
import uuid
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from oncall.paging import twilio
from oncall.paging.channels import LookupFailed, Order, Verdict
from oncall.paging.codes import Then

MINUTE = 60.0
ANSWER = b'{"sid": "SM' + b"1" * 32 + b'", "status": "queued"}'
HEAD = b"HTTP/1.1 201 CREATED\r\nContent-Type: application/json\r\nContent-Length: %d\r\n" % len(ANSWER)


@contextmanager
def server(behave, *, context=None):
    """A server that lets `behave` loose on each connection; yields its address and what it was sent."""
    heard: list[bytes] = []
    stop = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(connection):
        with suppress(OSError), connection:
            if context is not None:
                connection = context.wrap_socket(connection, server_side=True)
            heard.append(whole_request(connection))
            behave(connection, stop)

    def listen():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=listen, daemon=True).start()
    try:
        yield f"{'https' if context else 'http'}://127.0.0.1:{listener.getsockname()[1]}", heard
    finally:
        stop.set()
        listener.close()


def whole_request(connection):
    """Read to the end of the body, which may come in a packet of its own."""
    request = b""
    while b"\r\n\r\n" not in request or len(request.split(b"\r\n\r\n", 1)[1]) < length(request):
        part = connection.recv(65536)
        if not part:
            break
        request += part
    return request


def length(request):
    found = re.search(rb"Content-Length: (\d+)", request)
    return int(found[1]) if found else 0


def works(connection, stop):
    connection.sendall(HEAD + b"\r\n" + ANSWER)


def hangs(connection, stop):
    stop.wait(MINUTE)


def drips_its_head(connection, stop):
    for byte in HEAD * 20:
        connection.sendall(bytes([byte]))
        if stop.wait(0.05):
            return


def drips_its_body(connection, stop):
    connection.sendall(b"HTTP/1.1 201 CREATED\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n")
    drips_its_head(connection, stop)


def drips_its_body_and_means_to_close(connection, stop):
    connection.sendall(b"HTTP/1.1 201 CREATED\r\nConnection: close\r\nContent-Type: application/json\r\n\r\n")
    drips_its_head(connection, stop)


def hangs_up(connection, stop):
    connection.close()


def hangs_up_in_the_middle(connection, stop):
    connection.sendall(HEAD + b"\r\n" + ANSWER[:10])


def speaks_no_json(connection, stop):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n<html>welcome</html>")


def speaks_no_http(connection, stop):
    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")


@pytest.fixture(autouse=True)
def _account(settings):
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_API_KEY, settings.TWILIO_API_SECRET = "AC" + "1" * 32, "SK1", "s"
    settings.TWILIO_API_BASE_OTHER, settings.TWILIO_SECOND_ACCOUNT_SID = "", ""
    settings.TWILIO_FROM, settings.TWILIO_MESSAGING_SERVICE_SID = "+15005550006", ""
    twilio._local.__dict__.clear()
    yield
    twilio._local.__dict__.clear()


@pytest.fixture
def order():
    return Order(
        attempt_id=uuid.uuid4(), channel="sms", address="+14155550101", subject="", body="Fault", reference="KZQT",
        answer_path="/hooks/twilio/voice/", started_at=datetime(2027, 3, 23, tzinfo=UTC),
        valid_for=timedelta(seconds=60), ring_for=timedelta(seconds=25), talk_for=timedelta(seconds=180),
    )  # fmt: skip


def send(order, settings, base):
    settings.TWILIO_API_BASE = base
    return twilio.Sms().send(order)


def test_a_server_that_works_is_heard(order, settings):
    with server(works) as (base, heard):
        outcome = send(order, settings, base)

    assert (outcome.verdict, outcome.sid) == (Verdict.ACCEPTED, "SM" + "1" * 32)
    assert len(heard) == 1


@pytest.mark.parametrize(
    "behave", [hangs, drips_its_head, drips_its_body, drips_its_body_and_means_to_close], ids=lambda way: way.__name__
)
def test_a_server_that_hangs_or_drips_is_cut_off_and_nobody_knows_what_it_did(order, settings, monkeypatch, behave):
    """F26: reads that each come in time do not add up to a minute."""
    monkeypatch.setattr(twilio, "TIMEOUT_S", 0.5)
    with server(behave) as (base, _):
        began = time.monotonic()
        outcome = send(order, settings, base)
        took = time.monotonic() - began

    assert (outcome.verdict, outcome.code) == (Verdict.UNKNOWN, "timeout")
    assert took < MINUTE / 2  # a thread that was not cut off would be here after a minute


@pytest.mark.parametrize("behave", [hangs_up, hangs_up_in_the_middle], ids=lambda way: way.__name__)
def test_a_connection_that_breaks_after_the_request_leaves_it_unknown(order, settings, behave):
    """F24: the request was read, so it may have been accepted."""
    with server(behave) as (base, _):
        outcome = send(order, settings, base)

    assert (outcome.verdict, outcome.code) == (Verdict.UNKNOWN, "reset")


@pytest.mark.parametrize("behave", [speaks_no_json, speaks_no_http], ids=lambda way: way.__name__)
def test_an_answer_nobody_can_read_leaves_it_unknown(order, settings, behave):
    with server(behave) as (base, _):
        assert send(order, settings, base).verdict is Verdict.UNKNOWN


def test_nobody_listening_is_surely_not_accepted(order, settings):
    """F27."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        outcome = send(order, settings, f"http://127.0.0.1:{taken.getsockname()[1]}")

    assert (outcome.verdict, outcome.code, outcome.row.then) == (Verdict.REFUSED, "connection", Then.ELSEWHERE)


def test_a_name_that_is_not_found_is_surely_not_accepted(order, settings):
    """F27."""
    outcome = send(order, settings, "http://nobody.invalid")

    assert (outcome.verdict, outcome.code) == (Verdict.REFUSED, "dns")


@pytest.fixture
def certificate(tmp_path):
    """Make the TLS context of a server whose certificate is self-signed, or ended yesterday."""

    def make(days):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
        today = datetime.now(UTC)  # noqa: TID251 -- certificates live by the machine's clock
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(today - timedelta(days=30))
            .not_valid_after(today + timedelta(days=days))
            .sign(key, hashes.SHA256())
        )
        file = tmp_path / "server.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + made.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    return make


@pytest.mark.parametrize("days", [30, -1], ids=["self-signed", "expired"])
def test_a_certificate_that_is_not_to_be_trusted_is_surely_not_accepted(order, settings, certificate, days):
    """F27: the key was never sent."""
    with server(works, context=certificate(days)) as (base, heard):
        outcome = send(order, settings, base)

    assert (outcome.verdict, outcome.code) == (Verdict.REFUSED, "tls")
    assert heard == []


def test_where_one_edge_cannot_be_reached_the_other_is_asked_at_once(order, settings):
    """F27: nothing was accepted, so nothing can arrive twice."""
    with server(works) as (base, heard):
        settings.TWILIO_API_BASE_OTHER = base
        outcome = send(order, settings, "http://nobody.invalid")

    assert outcome.verdict is Verdict.ACCEPTED
    assert len(heard) == 1


def test_a_lost_answer_is_not_sent_to_the_other_edge(order, settings):
    """F24."""
    with server(works) as (other, heard), server(hangs_up) as (base, _):
        settings.TWILIO_API_BASE_OTHER = other
        outcome = send(order, settings, base)

    assert outcome.verdict is Verdict.UNKNOWN
    assert heard == []


def test_a_lookup_goes_to_the_other_edge_where_the_first_cannot_be_reached(order, settings):
    with server(speaks_no_json) as (base, heard):
        settings.TWILIO_API_BASE, settings.TWILIO_API_BASE_OTHER = "http://nobody.invalid", base
        with pytest.raises(LookupFailed):
            twilio.Sms().find(order)

    assert len(heard) == 1


def test_after_a_cut_off_the_next_request_works_on_a_new_connection(order, settings, monkeypatch):
    answers = iter([hangs, works])

    def first_hangs(connection, stop):
        next(answers)(connection, stop)

    with server(first_hangs) as (base, heard):
        monkeypatch.setattr(twilio, "TIMEOUT_S", 0.5)
        assert send(order, settings, base).verdict is Verdict.UNKNOWN
        monkeypatch.undo()
        assert send(order, settings, base).verdict is Verdict.ACCEPTED
    assert len(heard) == 2


def test_the_environment_does_not_change_where_pages_go(order, settings, monkeypatch):
    """The library reads TWILIO_EDGE and TWILIO_REGION by itself."""
    monkeypatch.setenv("TWILIO_EDGE", "dublin")
    monkeypatch.setenv("TWILIO_REGION", "ie1")
    with server(works) as (base, heard):
        assert send(order, settings, base).verdict is Verdict.ACCEPTED

    assert b"Host: 127.0.0.1" in heard[0]


def test_each_thread_keeps_its_own_answer_s_headers(order, settings):
    """F25: told to wait 3 and 7 s at the same moment, each waits its own."""
    both = threading.Barrier(2, timeout=60)

    def asks_for(seconds):
        body = b'{"code": 20429, "message": "slower", "status": 429}'
        return b"HTTP/1.1 429 TOO MANY\r\nRetry-After: %d\r\nContent-Length: %d\r\n\r\n" % (seconds, len(body)) + body

    found = {}

    def on(seconds):
        def answer(connection, stop):
            both.wait()
            connection.sendall(asks_for(seconds))

        return answer

    with server(on(3)) as (three, _), server(on(7)) as (seven, _):
        settings.TWILIO_API_BASE, settings.TWILIO_SECOND_API_BASE = three, seven
        settings.TWILIO_SECOND_ACCOUNT_SID, settings.TWILIO_SECOND_API_KEY = "AC" + "2" * 32, "SK2"
        settings.TWILIO_SECOND_API_SECRET, settings.TWILIO_SECOND_API_BASE_OTHER = "s", ""

        def ask(account):
            found[account] = twilio.Sms(account).send(order).retry_after

        threads = [threading.Thread(target=ask, args=(name,)) for name in ("twilio", "second")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

    assert found == {"twilio": timedelta(seconds=3), "second": timedelta(seconds=7)}
