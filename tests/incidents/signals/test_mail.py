"""What a mail says: subject to title and key, words to severity, an end where it says so; and no loop."""

import json
from email.message import EmailMessage
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.signals.payloads import mail, mail_providers, mime
from incidents.signals.payloads.items import Item, Unreadable


def mail_of(subject: str = "Disk full", body: str = "df says 100 %", **headers: str) -> bytes:
    message = EmailMessage()
    message["From"] = "Nagios <nagios@example.org>"
    message["Subject"] = subject
    message["Message-ID"] = "<1@example.org>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(body)
    return message.as_bytes()


def read(raw: bytes):
    (item,) = mail.parse(mime.written(mime.envelope(raw))).items
    return item


def test_the_subject_is_the_title_and_the_text_the_description():
    item = read(mail_of())

    assert (item.firing, item.title, item.key, item.severity) == (True, "Disk full", "subject:disk full", None)
    assert item.description == "df says 100 %\n\nFrom Nagios <nagios@example.org>"


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        ("[FIRING:1] HighLatency (web)", "[RESOLVED] HighLatency (web)"),
        ("[FIRING:2] HighLatency (web)", "Re: [RESOLVED:2] HighLatency (web)"),
        ("** PROBLEM Service Alert: web1/HTTP is CRITICAL **", "** RECOVERY Service Alert: web1/HTTP is OK **"),
        ("Problem: Disk full", "Resolved in 5m 3s: Disk full"),
        ("WARNING: lamp", "OK: lamp"),
        ("[Alerting] Flux", "[OK] Flux"),
        ("Fwd: AW: Down: link", "up: link"),
        ("CRITICAL - lamp", "OK - lamp"),
        ("[🔴 Down] link", "[✅ Up] link"),
        ("⚠ Problem: lamp", "✅ Recovered: lamp"),
    ],
)
def test_what_a_monitor_writes_at_the_end_ends_what_it_began(begins, ends):
    first, last = read(mail_of(begins)), read(mail_of(ends))

    assert (first.firing, last.firing) == (True, False)
    assert first.key == last.key


@pytest.mark.parametrize(
    "subject",
    [
        "OK to open the dome?", "Upload failed", "Closed loop lost", "It is not resolved",
        "Recovery of the APDB failed", "Cleared cache too small on sdf-01", "Resolved hosts file is broken",
        "RECOVERY MODE entered by array 3", "Recovered disk is failing again", "Up-link lost", "[OK to ship] parcel",
    ],
)  # fmt: skip
def test_words_that_only_look_like_an_end_are_none(subject):
    assert read(mail_of(subject)).firing is True


@pytest.mark.parametrize(
    ("subject", "severity"),
    [
        ("CRITICAL: disk", 1), ("disk warning", 3), ("SEV-2 disk", 2), ("Severity 4: disk", 4), ("disk error", 2),
        ("warning, then critical", 1), ("a page of text, low on ink", None), ("terrorist", None),
    ],
)  # fmt: skip
def test_severity_words_stand_in_the_subject(subject, severity):
    assert read(mail_of(subject, body="critical emergency")).severity == severity


def test_the_end_of_what_never_began_is_a_thing_of_its_own():
    item = mail.parse(b'{"subject": "Closed: dome closed, critical", "text": "x", "unbegun": true}').items[0]

    assert (item.firing, item.severity, item.key) == (True, None, "unbegun:subject:dome")
    assert item.description.startswith("It reads as the end of something")


def test_a_reply_is_about_the_same_thing():
    assert read(mail_of("Re: Re: Disk full", References="<0@example.org>")).key == read(mail_of("Disk full")).key


def test_without_a_subject_the_thread_is_the_key():
    first = read(mail_of("", body="Something\nelse"))
    reply = read(mail_of("", References="<1@example.org> <2@example.org>"))

    assert (first.title, first.key, reply.key) == ("Something", "thread:<1@example.org>", "thread:<1@example.org>")


def test_an_encoded_subject_is_read():
    assert read(b"Subject: =?iso-8859-1?q?Gr=FC=DFe?= =?utf-8?b?4piD?=\n\nx").title == "Grüße☃"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"Subject: a\nContent-Type: text/plain; charset=iso-8859-1\n\nGr\xfc\xdfe", "Grüße"),
        (b"Subject: a\nContent-Type: text/plain; charset=no-such\n\nGr\xc3\xbc\xc3\x9fe", "Grüße"),
        (b"Subject: a\nContent-Type: text/plain; charset=utf-8\n\nGr\xfc\xdfe", "Grüße"),
        (b"Subject: a\nContent-Transfer-Encoding: base64\n\nR3LDvMOfZQ==", "Grüße"),
        (b"Subject: a\nContent-Transfer-Encoding: quoted-printable\n\nGr=C3=BC=C3=9Fe", "Grüße"),
        (b"Subject: a\nContent-Transfer-Encoding: base64\n\n!!!", "!!!"),
        (b"Subject: a\nContent-Type: text/html\n\n<style>p{}</style><p>3 &lt; 4<br>now</p>", "3 < 4\nnow"),
        (b"Subject: a\nContent-Type: text/html\n\n<head>never ends <p>all of it", "never ends\nall of it"),
        (b"Subject: a\nContent-Type: text/html\n\nx<!-- a > b -->y", "xy"),
    ],
)
def test_the_text_is_read_in_whatever_it_came(raw, text):
    assert mime.envelope(raw)["text"] == text


def test_plain_text_goes_before_html_and_what_is_attached_is_named_only():
    message = MIMEMultipart()
    both = MIMEMultipart("alternative")
    both.attach(MIMEText("<p>rich</p>", "html"))
    both.attach(MIMEText("plain", "plain"))
    message.attach(both)
    plot = MIMEBase("image", "png", name="plot.png")
    plot.set_payload(b"\x89PNG secret bytes")
    message.attach(plot)
    message["Subject"] = "Plots"

    parts = mime.envelope(message.as_bytes())

    assert parts["text"] == "plain"
    assert parts["attachments"] == ["plot.png (image/png, 17 B)"]
    assert b"secret bytes" not in mime.written(parts)


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"X_Autoreply": "yes"},
        {"Precedence": "auto_reply"},
        {"In_Reply_To": "<00000000-0000-4000-8000-00000000a11e@oncall>"},
        {"References": "<x@y> <00000000-0000-4000-8000-00000000a11e@oncall>"},
    ],
)
def test_automatic_answers_and_our_own_raise_nothing(headers):
    with pytest.raises(mail.Unwanted):
        read(mail_of("Re: [SEV-1] No alerts", **headers))


def test_our_own_page_coming_back_raises_nothing():
    with pytest.raises(mail.Unwanted, match="of our own"):
        read(b"Message-ID: <00000000-0000-4000-8000-00000000a11e@oncall>\nSubject: [SEV-1] No alerts\n\nx")


def test_a_bounce_raises_nothing():
    with pytest.raises(mail.Unwanted, match="not delivered"):
        read(b"Subject: Failure\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b--\n")


def test_what_a_program_says_of_itself_raises():
    assert read(mail_of("Disk full", Auto_Submitted="auto-generated")).firing is True


def test_a_mail_that_says_nothing_is_said_to_be_empty():
    with pytest.raises(Unreadable, match="neither subject nor text"):
        read(b"\n\n")


# Providers ---------------------------------------------------------------------------------------------------------


def test_a_form_is_read_each_field_in_its_character_set():
    parts = mail_providers.of_form(
        {
            "headers": b"Message-ID: <1@example.org>\nAuto-Submitted: auto-generated\n",
            "from": b"Nagios <nagios@example.org>",
            "subject": "Grüße".encode("latin-1"),
            "text": "Grüße".encode(),
            "charsets": b'{"subject": "ISO-8859-1", "text": "UTF-8"}',
            "attachment-info": b'{"attachment1": {"filename": "plot.png", "type": "image/png"}}',
        }
    )

    assert (parts["subject"], parts["text"], parts["message_id"]) == ("Grüße", "Grüße", "<1@example.org>")
    assert parts["attachments"] == ["plot.png (image/png)"]


def test_a_form_may_hold_the_whole_mail():
    assert mail_providers.of_form({"email": mail_of("Disk full")})["subject"] == "Disk full"


POSTMARK = {
    "FromName": "Nagios",
    "From": "nagios@example.org",
    "OriginalRecipient": "x@inbound.example.org",
    "Subject": "Disk full",
    "MessageID": "22c74902-a0c1-4511-804f-341342852c90",
    "TextBody": "",
    "HtmlBody": "<p>df says <b>100 %</b></p>",
    "Headers": [{"Name": "Message-ID", "Value": "<1@example.org>"}, {"Name": "References", "Value": "<0@example.org>"}],
    "Attachments": [{"Name": "plot.png", "Content": "c2VjcmV0", "ContentType": "image/png", "ContentLength": 6}],
}  # after https://postmarkapp.com/developer/webhooks/inbound-webhook


def test_postmark_is_read():
    parts = mail_providers.of_postmark(POSTMARK)

    assert (parts["subject"], parts["text"], parts["message_id"]) == ("Disk full", "df says 100 %", "<1@example.org>")
    assert parts["references"] == ["<0@example.org>"]
    assert parts["attachments"] == ["plot.png (image/png)"]
    assert "c2VjcmV0" not in json.dumps(parts)


# Whatever comes ----------------------------------------------------------------------------------------------------

REAL = [
    mail_of(),
    mail_of("[FIRING:1] =?utf-8?q?Gr=C3=BC?=", References="<0@example.org>", Auto_Submitted="auto-generated"),
    b"Subject: =?iso-8859-1?q?Gr=FC=DFe?=\r\nContent-Type: text/html; charset=iso-8859-1\r\n\r\n<p>Gr\xfc\xdfe<br></p>",
    (
        b"From: a\nSubject: b\nContent-Type: multipart/mixed; boundary=q\n\n--q\nContent-Type: text/plain\n\nx\n--q\n"
        b"Content-Type: image/png; name*=utf-8''%E2%82%AC.png\nContent-Transfer-Encoding: base64\n\niVBORw0K\n--q--\n"
    ),
    b"Subject: f\nContent-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: message/rfc822\n\nSubject: i\n\nz\n",
]
WORDS = st.sampled_from(
    [
        b"\nContent-Type: ", b"=?utf-8?b?", b"?=", b"; charset=", b"; boundary=q", b"multipart/mixed", b"\n--q\n",
        b"\x00", b"\xff", b"\r\n\r\n", b"filename*0*=", b"<!--", b"<style", b"message/rfc822", b"idna", b"utf-7",
        b"''%FF", b"\xed\xa0\x80",
    ]
)  # fmt: skip


def said(body: bytes) -> tuple[list[Item], dict[str, list[str]]]:
    """What is read of it, or what is wrong with it in words; nothing else may come of it."""
    try:
        return mail.parse(body).items, {}
    except Unreadable as error:
        return [], error.errors


@given(
    st.sampled_from(REAL), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 30), WORDS | st.binary()), max_size=8)
)
@settings(max_examples=400, deadline=None)
def test_no_mail_breaks_the_reader(raw, cuts):
    for at, length, put in cuts:
        raw = raw[:at] + put + raw[at + length :]

    body = mime.written(mime.envelope(raw))

    assert "\x00" not in body.decode("utf-8")
    items, errors = said(body)
    assert bool(items) != bool(errors)
    for item in items:
        assert item.title.strip()
        assert len(item.key) <= 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20), lambda inner: st.lists(inner, max_size=4)
)


@given(st.dictionaries(st.sampled_from([*POSTMARK, "ReplyTo"]), JSON, max_size=8))
@settings(max_examples=200, deadline=None)
def test_no_postmark_json_breaks_the_reader(changed):
    items, errors = said(mime.written(mail_providers.of_postmark(POSTMARK | changed)))

    assert bool(items) != bool(errors)


@given(
    st.dictionaries(
        st.sampled_from(["headers", "from", "subject", "text", "html", "charsets", "attachment-info"]), st.binary()
    )
)
@settings(max_examples=200, deadline=None)
def test_no_form_breaks_the_reader(fields):
    items, errors = said(mime.written(mail_providers.of_form(fields)))

    assert bool(items) != bool(errors)


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: multipart/mixed; boundary=a\n\n" + b"--a\nContent-Type: multipart/mixed; boundary=a\n\n" * 3000,
        b"Subject: x\nContent-Type: text/html\n\n" + b"<" * 300_000,
        b"Subject: x\nContent-Type: text/html\n\n" + b"<!--" * 80_000,
        b"Subject: x\nContent-Type: text/html\n\n" + b"<script>" * 40_000,
        b"Subject: " + b"=?utf-8?q?x?= " * 30_000 + b"\n\nx",
        b"Subject: " + b"re:" * 30_000 + b"\n\nx",
        b"Subject: " + b"resolved in " + b"1 a" * 30_000 + b"\n\nx",
        b"References: " + b"<a@b> " * 50_000 + b"\n\nx",
    ],
    ids=["nested", "angles", "comments", "scripts", "words", "replies", "spans", "thread"],
)
@pytest.mark.timeout(20)
def test_what_is_made_to_keep_us_busy_does_not(raw):
    body = mime.written(mime.envelope(raw))
    try:
        mail.parse(body)
    except Unreadable:
        pass

    assert len(body) < 200_000
