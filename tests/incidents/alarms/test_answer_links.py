"""A link answers one page, for one person, by a press, once; looking at it changes nothing (security.md S7, S8)."""

import io
import logging
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from incidents.alarms import engine, services, work
from incidents.alarms.models import PEOPLE, Alarm, LogEntry
from oncall import clock
from oncall.limits import queries as limits
from oncall.paging import answer_links, claims, outbox
from oncall.paging import services as paging
from oncall.paging.channels import Outcome, Verdict
from oncall.paging.models import Attempt, ContactMethod, NotificationRule, Page
from oncall.people.logs import HideSecrets
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _night(settings, db):
    clock.travel(NOW - clock.now())
    settings.PUBLIC_BASE_URL = "https://oncall.example.org"


@pytest.fixture
def by_mail(ada):
    contact = ContactMethod.objects.create(person=ada, kind="email", address="ada@example.org", created_at=NOW)
    NotificationRule.objects.create(person=ada, delay_s=0, channel="email", contact=contact)


@pytest.fixture
def alarm(policy, by_mail):
    firing = services.Firing(title="No alerts", severity=1, source_id=PEOPLE, source="test", key="k")
    return services.fire(firing=firing, policy=policy, now=clock.now())


def mailed() -> Attempt:
    """Take the step, and hand the mail to its server."""
    now = clock.now()
    in_force = limits.at(now)
    engine.escalate_due(now=now, limits=in_force)
    ((attempt, _),) = claims.claim_pages(now=now, limits=in_force, at_most=5)
    assert attempt.lease_token is not None
    accepted = Outcome(Verdict.ACCEPTED, sid=f"mail-{attempt.pk.hex}", status="accepted")
    outbox.record_outcome(attempt_id=attempt.pk, lease=attempt.lease_token, outcome=accepted, now=now, limits=in_force)
    return attempt


@pytest.fixture
def attempt(alarm):
    return mailed()


@pytest.fixture
def path(attempt):
    return urlsplit(answer_links.answer_url(attempt.pk)).path


def state() -> list:
    """Everything that an answer could change."""
    return [list(model.objects.order_by("pk").values()) for model in (Alarm, LogEntry, Page, Attempt, ContactMethod)]


def test_it_shows_what_is_wrong_how_bad_and_why_you(client, path):
    page = client.get(path).content.decode()

    assert "No alerts" in page
    assert "SEV-1" in page
    assert "you answer as <strong>Ada Moreno</strong>" in page
    assert "You are called because: " in page


@pytest.mark.parametrize("method", ["get", "head", "options"])
@pytest.mark.parametrize("agent", ["Mozilla/5.0", "Slackbot-LinkExpanding 1.0", "Microsoft Office Outlook"])
def test_looking_changes_nothing(client, path, method, agent):
    before = state()

    getattr(client, method)(path, headers={"User-Agent": agent})
    client.get(f"{path}?what=acknowledge")

    assert state() == before


def test_a_press_acknowledges_without_signing_in(client, path, alarm, ada):
    response = client.post(path, {"what": "acknowledge"})

    alarm.refresh_from_db()
    assert (alarm.state, alarm.acknowledged_by) == ("acknowledged", ada)
    assert "Acknowledged. You have No alerts." in response.content.decode()


def test_a_second_press_says_already_and_changes_nothing(client, path):
    client.post(path, {"what": "acknowledge"})
    before = state()

    again = client.post(path, {"what": "escalate"})

    assert state() == before
    assert "You answered this already, at 03:10 UTC." in again.content.decode()


def test_an_answered_link_offers_nothing_more(client, path):
    client.post(path, {"what": "acknowledge"})

    assert "<button" not in client.get(path).content.decode()


def test_escalate_calls_the_next_step_now(client, path, alarm):
    client.post(path, {"what": "escalate"})

    alarm.refresh_from_db()
    assert alarm.state == "firing"
    assert alarm.next_due <= clock.now()


def test_i_cannot_calls_the_next_step_and_says_so_in_the_log(client, path, alarm):
    client.post(path, {"what": "cannot"})

    alarm.refresh_from_db()
    assert alarm.next_due <= clock.now()
    assert "Ada Moreno cannot take it." in [entry.text for entry in alarm.log.all()]


def test_any_other_word_is_refused(client, path):
    before = state()

    assert client.post(path, {"what": "resolve"}).status_code == 400
    assert state() == before


def test_it_answers_for_its_owner_whoever_is_signed_in(client, path, alarm, ada, grace):
    client.force_login(grace)

    client.post(path, {"what": "acknowledge"})

    alarm.refresh_from_db()
    assert alarm.acknowledged_by == ada


def test_who_comes_second_hears_who_has_it(client, path, alarm, grace):
    work.acknowledge(alarm=alarm, by=grace, now=clock.now())

    page = client.post(path, {"what": "acknowledge"}).content.decode()

    assert "Grace Okafor took this at 03:10 UTC. You have joined." in page


def test_what_joined_the_page_later_is_neither_shown_nor_answered(client, path, policy, alarm):
    firing = services.Firing(title="Disk full", severity=1, source_id=PEOPLE, source="test", key="later")
    later = services.fire(firing=firing, policy=policy, now=clock.now())
    engine.escalate_due(now=clock.now(), limits=limits.at(clock.now()))
    assert later.links.get().page == alarm.links.get().page

    assert "Disk full" not in client.get(path).content.decode()
    client.post(path, {"what": "acknowledge"})

    later.refresh_from_db()
    assert later.state == "firing"


def test_an_alarm_that_began_anew_is_not_answered_by_an_old_link(client, path, alarm, policy):
    services.resolve(alarm=alarm, now=clock.now())
    services.fire(
        firing=services.Firing(title="No alerts", severity=1, source_id=PEOPLE, source="test", key="k"),
        policy=policy,
        now=clock.now(),
    )

    page = client.post(path, {"what": "acknowledge"}).content.decode()

    alarm.refresh_from_db()
    assert (alarm.state, alarm.cycle) == ("firing", 2)
    assert "began anew since" in page


@pytest.mark.parametrize("place", [0, 31, 33, 60])
def test_one_changed_letter_makes_it_no_link(client, path, place):
    token = path.removeprefix("/answer/").removesuffix("/")
    changed = token[:place] + ("0" if token[place] != "0" else "1") + token[place + 1 :]

    response = client.post(f"/answer/{changed}/", {"what": "acknowledge"})

    assert response.status_code == 404
    assert "no link of ours" in response.content.decode()


def test_a_link_made_for_another_purpose_answers_nothing(client, attempt, alarm):
    receipt = urlsplit(answer_links.receipt_url(attempt.pk)).path.removeprefix("/hooks/push/")

    assert client.post(f"/answer/{receipt}", {"what": "acknowledge"}).status_code == 404
    alarm.refresh_from_db()
    assert alarm.state == "firing"


def test_after_a_day_it_has_expired(client, path, alarm):
    clock.travel(timedelta(days=1, seconds=1))

    response = client.post(path, {"what": "acknowledge"})

    assert response.status_code == 410
    alarm.refresh_from_db()
    assert alarm.state == "firing"


def test_no_limit_makes_it_last_longer_than_a_day(client, path):
    from oncall.limits.models import Limit

    Limit.objects.filter(name="answer_link_valid_s").update(value=10 * 86400)
    clock.travel(timedelta(days=1, seconds=1))

    assert client.get(path).status_code == 410


def test_its_address_goes_to_nobody_else(client, path):
    response = client.get(path)

    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "no-store"


def test_its_address_stands_in_no_log(path):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(HideSecrets())
    logger = logging.getLogger("test.answer_links")
    logger.addHandler(handler)
    try:
        logger.warning("Gone: %s", path)
    finally:
        logger.removeHandler(handler)

    assert stream.getvalue() == "Gone: /answer/…/\n"


def test_a_test_page_is_answered_and_no_alarm_is_changed(client, ada, by_mail):
    page = paging.page(key="t", person=ada, severity=3, title="Test", text="", url="", answer_path="/", now=clock.now())
    path = urlsplit(answer_links.answer_url(mailed().pk)).path

    assert "pages reach you here" in client.post(path, {"what": "acknowledge"}).content.decode()
    page.refresh_from_db()
    assert page.state == "answered"


@pytest.mark.parametrize(
    ("how", "why"), [("disabled", "is out of use"), ("removed", "was removed"), ("closed", "is closed")]
)
def test_a_link_to_what_is_not_theirs_any_more_answers_nothing(client, path, alarm, ada, how, why):
    if how == "disabled":
        ContactMethod.objects.filter(kind="email").update(disabled_at=NOW, disabled_reason="gone")
    elif how == "removed":
        ContactMethod.objects.filter(kind="email").delete()
    else:
        type(ada).objects.filter(pk=ada.pk).update(is_active=False)

    shown, response = client.get(path), client.post(path, {"what": "acknowledge"})

    alarm.refresh_from_db()
    assert (shown.status_code, response.status_code, alarm.state) == (404, 404, "firing")
    assert why in response.content.decode()
