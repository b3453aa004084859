"""What a call says that carries a code: to the number it was made to, with the telephone company's signature."""

import re
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from twilio.request_validator import RequestValidator

from oncall.limits import queries as limits
from oncall.paging import verification
from oncall.paging.models import Attempt, Notice
from oncall.paging.noticing import claim_notices
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
ACCOUNT, TOKEN, BASE = "AC" + "a" * 32, "the-token", "https://oncall.example.org"
NUMBER = "+14155550101"


@pytest.fixture(autouse=True)
def _account(settings):
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKENS, settings.PUBLIC_BASE_URL = ACCOUNT, [TOKEN], BASE


@pytest.fixture
def call(ada) -> Attempt:
    """The call that carries a code to Ada, picked up."""
    verification.send_code(contact=ada.contact_methods.get(), channel="voice", now=NOW)
    [(attempt, _)] = claim_notices(now=NOW, limits=limits.at(NOW), at_most=1)
    return attempt


def said(client, attempt_id, *, to=NUMBER, token=TOKEN) -> str:
    path, form = f"/hooks/twilio/notice/{attempt_id}/start/", {"AccountSid": ACCOUNT, "To": to}
    signature = RequestValidator(token).compute_signature(BASE + path, form)
    answer = client.post(path, form, headers={"X-Twilio-Signature": signature})
    if answer.status_code != 200:
        return str(answer.status_code)
    return " ".join(element.text or "" for element in ElementTree.fromstring(answer.content).iter("Say"))


def test_a_code_is_spelled_twice_and_proves_the_number_it_was_spoken_to(client, ada, call):
    words = said(client, call.pk)
    [first, again] = [re.sub(r"\D", "", part) for part in re.findall(r"(?:is|Again:) ([\d, ]+)\.", words)]
    assert words.startswith("This is oncall, calling Ada.")
    assert first == again
    assert verification.check_code(contact=ada.contact_methods.get(), code=first, now=NOW).proved


def test_another_number_hears_no_code(client, call):
    assert said(client, call.pk, to="+14155550199") == "This call is not known here. Good bye."


def test_without_the_signature_nothing_is_said(client, call):
    assert said(client, call.pk, token="guessed") == "403"


def test_an_attempt_that_is_not_there_is_told_nothing(client, call):
    assert said(client, "6f6e6361-6c6c-4000-8000-706167657321") == "This call is not known here. Good bye."


def test_a_call_picked_up_after_the_code_was_wiped_says_that_it_is_too_late(client, call):
    Attempt.objects.update(state="finished", look_at=None, ended_at=NOW)
    late = NOW + timedelta(minutes=11)
    verification.wipe_codes(now=late, limits=limits.at(late))
    assert said(client, call.pk) == "This is oncall. This call comes too late. Good bye."
    assert not re.search(r"\d", Notice.objects.get().text)
