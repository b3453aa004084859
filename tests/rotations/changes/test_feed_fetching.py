"""Fetching from an address that anybody may give: only from outside, in time, and no more than there may be."""

import gzip
import socket
import time

import pytest

from rotations.changes import feed_fetching
from rotations.changes.feed_fetching import BadAddress, Unfetched, fetch, is_outside, parse
from tests.rotations.changes.calendars_server import CALENDAR, MEBIBYTE, serving


@pytest.fixture
def server():
    yield from serving()


def get(server, path: str, **choices) -> bytes:
    return fetch(server.url(path), allowed=[server.host], **choices)


@pytest.mark.parametrize("path", ["good", "chunked", "zipped", "good?token=a%20b"])
def test_a_calendar_is_fetched(server, path):
    assert get(server, path) == CALENDAR


def test_we_say_who_asks_and_ask_for_nothing_packed(server):
    get(server, "good")

    ((path, headers),) = server.asked
    assert (path, headers["Host"], headers["Accept-Encoding"]) == ("/good", server.host, "identity")
    assert "Authorization" not in headers


@pytest.mark.parametrize("path", ["silent", "drip", "drip_headers"])
def test_what_never_ends_is_given_up_at_the_deadline(server, path):
    """A drip of bytes would go on for ever: no single read of it ever waits."""
    with pytest.raises(Unfetched, match=r"^The calendar at 127\.0\.0\.1 did not answer within 0\.5 s\.$"):
        get(server, path, deadline_s=0.5)


def test_a_host_that_takes_no_connection_is_given_up_at_the_deadline():
    full = socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    waiting = [socket.socket() for _ in range(4)]
    for one in waiting:  # its queue is full
        one.setblocking(False)
        one.connect_ex(full.getsockname())
    host = f"127.0.0.1:{full.getsockname()[1]}"

    with pytest.raises(Unfetched, match=r"did not answer within 0\.5 s\."):
        fetch(f"http://{host}/", allowed=[host], deadline_s=0.5)

    for one in [*waiting, full]:
        one.close()


def test_a_name_that_nobody_can_resolve_in_time_is_given_up(monkeypatch):
    def slowly(*_, **__):
        time.sleep(2)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slowly)

    with pytest.raises(Unfetched, match=r"slow\.example\.org did not answer within 0\.2 s\."):
        fetch("https://slow.example.org/", deadline_s=0.2)


def test_of_500_mb_no_more_is_taken_than_there_may_be(server):
    with pytest.raises(Unfetched, match=r"^The calendar at 127\.0\.0\.1 is larger than 5 MB\. Give a smaller one\.$"):
        get(server, "huge")

    assert server.sent < 30 * MEBIBYTE  # what the sockets hold between us


def test_what_says_that_it_is_too_large_is_not_read(server):
    with pytest.raises(Unfetched, match="is larger than 5 MB"):
        get(server, "huge_said")


def test_what_unpacks_to_500_mb_is_not_unpacked(server):
    server.bomb = gzip.compress(b"X" * MEBIBYTE * 50) * 10

    with pytest.raises(Unfetched, match="is larger than 5 MB"):
        get(server, "bomb")


def test_what_breaks_off_is_not_taken_for_whole(server):
    with pytest.raises(Unfetched, match="broke off"):
        get(server, "short")


def test_what_is_packed_in_another_way_is_refused(server):
    with pytest.raises(Unfetched, match="packed in a way we do not read"):
        get(server, "brotli")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "refuses us (401). Make a new private address there."),
        (403, "refuses us (403). Make a new private address there."),
        (404, "There is no calendar at that address of 127.0.0.1 (404)."),
        (500, "answered 500 instead of a calendar."),
        (204, "answered 204 instead of a calendar."),
    ],
)
def test_any_answer_but_a_calendar_is_said(server, status, words):
    with pytest.raises(Unfetched) as refusal:
        get(server, f"status/{status}")

    assert words in str(refusal.value)


def test_nobody_at_home_is_said():
    free = socket.socket()
    free.bind(("127.0.0.1", 0))
    host = f"127.0.0.1:{free.getsockname()[1]}"
    free.close()

    with pytest.raises(Unfetched, match="could not be reached"):
        fetch(f"http://{host}/", allowed=[host])


def test_a_name_that_does_not_exist_is_said():
    with pytest.raises(Unfetched, match=r"There is no host called calendar\.invalid"):
        fetch("https://calendar.invalid/x.ics")


def test_three_redirects_are_followed(server):
    assert get(server, "hops/3") == CALENDAR


def test_a_fourth_is_not(server):
    with pytest.raises(Unfetched, match="sends us on more than 3 times"):
        get(server, "hops/4")


@pytest.mark.parametrize(
    "inside",
    ["http://169.254.169.254/latest/meta-data/", "http://127.0.0.1/", "http://localhost/", "http://[::1]/",
     "http://10.0.0.1/", "http://0/", "http://127.1/", "http://2130706433/", "http://0177.0.0.1/"],
)  # fmt: skip
def test_a_redirect_does_not_lead_inside(server, inside):
    with pytest.raises(BadAddress, match="is not on the open internet"):
        get(server, f"to/{inside}")


@pytest.mark.parametrize("elsewhere", ["file:///etc/passwd", "ftp://example.org/", "gopher://example.org/"])
def test_a_redirect_does_not_lead_to_something_else_than_the_web(server, elsewhere):
    with pytest.raises(BadAddress, match="must begin with https"):
        get(server, f"to/{elsewhere}")


def test_a_password_goes_to_the_host_it_was_given_for(server):
    fetch(f"http://ada:s%40cret@{server.host}/good", allowed=[server.host])

    assert server.asked[0][1]["Authorization"] == "Basic YWRhOnNAY3JldA=="  # ada:s@cret


def test_a_password_does_not_follow_a_redirect_elsewhere(server):
    for other in serving():
        fetch(f"http://ada:secret@{server.host}/to/{other.url('good')}", allowed=[server.host, other.host])

        assert "Authorization" not in other.asked[0][1]


@pytest.mark.parametrize(
    "path", ["status/404", "status/500", "silent", "short", "brotli", "hops/9", "to/http://10.0.0.1/"]
)
def test_an_error_names_the_host_and_no_secret(server, path):
    url = f"http://ada:hunter2@{server.host}/{path}?key=private-1234"

    with pytest.raises(Unfetched) as refusal:
        fetch(url, allowed=[server.host], deadline_s=0.5)

    for secret in ("hunter2", "private-1234", path, "http:"):
        assert secret not in str(refusal.value)
    assert refusal.value.__cause__ is None


# --- Inside and outside -----------------------------------------------------------------------------------------------

INSIDE = """
127.0.0.1 127.255.255.254 0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 169.254.169.254
169.254.0.1 100.64.0.1 100.100.100.200 100.127.255.255 192.0.0.192 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1
224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 168.63.129.16
:: ::1 ::ffff:10.0.0.1 ::ffff:127.0.0.1 ::127.0.0.1 ::ffff:169.254.169.254 64:ff9b::10.0.0.1 64:ff9b::7f00:1
64:ff9b:1::a00:1 2002:a00:1:: 2002:7f00:1:: 2001:db8::1 2001::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1
ff02::1 ::ffff:0:10.0.0.1 ::ffff:0:127.0.0.1 192.88.99.1 3fff::1 5f00::1 64:ff9b::c0a8:101 nonsense
""".split()


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_not_asked(address):
    assert not is_outside(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]
)
def test_an_address_outside_may_be_asked(address):
    assert is_outside(address)


def answering(*rounds: list[str]):
    """A resolver that gives other answers each time it is asked."""
    left = list(rounds)

    def getaddrinfo(host, port, *_, **__):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in left.pop(0)]

    return getaddrinfo


def test_a_name_that_leads_inside_is_refused(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", answering(["127.0.0.1", "10.0.0.1"]))

    with pytest.raises(BadAddress, match=r"rebind\.example\.org is not on the open internet"):
        fetch("http://rebind.example.org/")


def test_a_name_is_looked_up_once_and_that_address_is_asked(monkeypatch):
    """First outside, then inside: whoever looked it up twice would connect to the second."""
    asked = []

    def connect(address, **_):
        asked.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", answering(["93.184.215.14"], ["127.0.0.1"]))
    monkeypatch.setattr(socket, "create_connection", connect)

    with pytest.raises(Unfetched, match="could not be reached"):
        fetch("http://rebind.example.org/")

    assert asked == [("93.184.215.14", 80)]


def test_of_several_addresses_those_inside_are_passed_over(monkeypatch):
    asked = []

    def connect(address, **_):
        asked.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", answering(["10.0.0.1", "93.184.215.14", "127.0.0.1", "1.1.1.1"]))
    monkeypatch.setattr(socket, "create_connection", connect)

    with pytest.raises(Unfetched):
        fetch("http://several.example.org/")

    assert asked == ["93.184.215.14", "1.1.1.1"]


@pytest.mark.parametrize("port", [22, 25, 5432, 6379, 8080])
def test_only_the_ports_of_the_web_are_asked(port):
    with pytest.raises(BadAddress, match=f"ports 80 and 443 only, and calendar.example.org is to be asked at {port}"):
        fetch(f"https://calendar.example.org:{port}/")


def test_a_server_without_a_certificate_is_said(server):
    with pytest.raises(Unfetched, match="has no valid certificate"):
        fetch(f"https://{server.host}/good", allowed=[server.host])


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.org/a.ics", ("https", "example.org", 443, "/a.ics")),
        ("webcal://example.org/a.ics", ("https", "example.org", 443, "/a.ics")),
        ("WEBCAL://Example.ORG", ("https", "example.org", 443, "/")),
        ("http://example.org:8080/a?b=c&d=%20e", ("http", "example.org", 8080, "/a?b=c&d=%20e")),
        ("https://bücher.example/ä", ("https", "xn--bcher-kva.example", 443, "/%C3%A4")),
        ("https://[2606:4700::1]/a", ("https", "2606:4700::1", 443, "/a")),
    ],
)
def test_an_address_is_taken_apart(url, expected):
    target = parse(url)

    assert (target.scheme, target.host, target.port, target.path) == expected


@pytest.mark.parametrize(
    "url",
    ["", "example.org", "file:///etc/passwd", "javascript:alert(1)", "https://", "https:///path", "http://a b/",
     "http://example.org/\r\nX: y", "http://example.org:99999/", "http://[::1", "https://" + "a" * 2000],
)  # fmt: skip
def test_what_is_no_address_is_refused(url):
    with pytest.raises(BadAddress, match="Write it as https://calendar"):
        parse(url)


def test_the_deadline_and_the_size_are_those_we_promise():
    assert (feed_fetching.DEADLINE_S, feed_fetching.LARGEST) == (10.0, 5 * MEBIBYTE)
