"""Answers that come late, by the wrong telephone, too often, or when we fail: each hears the truth, none is silent."""

from datetime import timedelta
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from django.db import OperationalError

from incidents.alarms import engine, replies, services, sms_answers, work
from incidents.alarms.models import PEOPLE
from oncall import clock
from oncall.limits import queries as limits
from oncall.limits.models import Limit
from oncall.paging import services as paging
from oncall.paging import text as words
from oncall.paging.models import InboundSms, Notice, Page
from oncall.troubles.models import Trouble
from tests.conftest import NOW, make_person
from tests.incidents.alarms.test_answers import _account, alarm, call, code, key, post, said, sms, start, texted  # noqa: F401

pytestmark = pytest.mark.django_db


def redirected(post, response, call):  # noqa: F811
    """Go where the call is sent, as the telephone company does."""
    target = urlsplit(next(ElementTree.fromstring(response.content).iter("Redirect")).text or "")
    return post(f"{target.path}?{target.query}", To=call.address, CallSid="CA1")


@pytest.fixture
def failing(monkeypatch):
    """Let the next answers fail at the database, so many times."""
    real = replies.answer
    left: list[None] = []

    def answer(**kwargs):
        if left:
            left.pop()
            raise OperationalError("the connection is gone")
        return real(**kwargs)

    monkeypatch.setattr(replies, "answer", answer)
    return lambda times: left.extend([None] * times)


def test_what_we_failed_to_record_is_said_and_tried_again_with_the_same_key(post, call, alarm, failing):  # noqa: F811
    start(post, call)
    failing(2)
    first = key(post, call, "4")
    assert said(first) == "This was not recorded. I try again."
    second = redirected(post, first, call)
    assert said(second) == "This was not recorded. I try again."
    third = redirected(post, second, call)

    alarm.refresh_from_db()
    assert alarm.state == "acknowledged"
    assert "Acknowledged. You have No alerts." in said(third)


def test_after_three_tries_of_ours_the_call_says_what_else_to_do_and_ends(post, call, alarm, failing):  # noqa: F811
    start(post, call)
    failing(4)
    response = key(post, call, "4")
    for _ in range(3):
        response = redirected(post, response, call)

    alarm.refresh_from_db()
    assert alarm.state == "firing"
    assert said(response).startswith("This was not recorded. Answer the text, or open the portal.")
    assert not list(ElementTree.fromstring(response.content).iter("Redirect"))


def test_a_confirmed_resolve_that_failed_is_tried_again_as_one(post, call, alarm, failing):  # noqa: F811
    start(post, call)
    failing(1)
    redirected(post, key(post, call, "6", query="turn=2&confirm=1"), call)

    alarm.refresh_from_db()
    assert alarm.state == "resolved"


def test_a_late_text_hears_who_has_it(post, texted, alarm, grace):  # noqa: F811
    work.acknowledge(alarm=alarm, by=grace, now=clock.now())
    sms(post, f"{code()} A")

    assert "Grace Okafor took this at 03:10 UTC. You have joined." in Notice.objects.get().text


@pytest.mark.parametrize("verb", "AER")
def test_a_late_text_hears_who_closed_it_and_when(post, texted, alarm, grace, verb):  # noqa: F811
    services.resolve(alarm=alarm, by=grace, now=clock.now())
    sms(post, f"{code()} {verb}")

    assert Notice.objects.get().text == "“No alerts” was resolved by Grace Okafor at 03:10 UTC."


def test_a_late_text_hears_that_a_machine_closed_it(post, texted, alarm):  # noqa: F811
    services.resolve(alarm=alarm, now=clock.now())
    sms(post, f"{code()} A")

    assert Notice.objects.get().text == "“No alerts” was resolved by test at 03:10 UTC."


def test_a_late_text_escalates_nothing_that_has_moved_on(post, texted, alarm):  # noqa: F811
    later, first = NOW + timedelta(minutes=6), code()
    clock.travel(later - clock.now())
    engine.escalate_due(now=later, limits=limits.at(later))
    sms(post, f"{first} E")

    assert Notice.objects.get().text == "The next step was called at 03:16 UTC already."


def test_a_text_to_an_older_cycle_is_refused(post, texted, alarm, policy):  # noqa: F811
    """F42."""
    later = NOW + timedelta(hours=1)
    work.acknowledge(alarm=alarm, by=alarm.links.get().page.person, now=NOW)
    clock.travel(later - clock.now())
    engine.escalate_due(now=later, limits=limits.at(later))
    sms(post, f"{Page.objects.order_by('created_at').first().reference} A")

    alarm.refresh_from_db()
    assert (alarm.state, alarm.cycle) == ("firing", 2)
    assert "has begun anew since that page. Answer the newer page." in Notice.objects.get().text


def test_a_code_from_another_telephone_is_refused_and_says_so(post, texted, alarm, grace):  # noqa: F811
    sms(post, f"{code()} A", sender="+14155550102")

    alarm.refresh_from_db()
    assert alarm.state == "firing"
    assert f"no page with the code {code()} was sent to this telephone" in Notice.objects.get(person=grace).text


@pytest.mark.parametrize("body", ["?", "menu", "KEYS"])
def test_who_asks_how_to_answer_is_told(post, texted, body):  # noqa: F811
    sms(post, body)

    assert Notice.objects.get().text.startswith("Reply with the code of the page and a letter: A to acknowledge")
    assert InboundSms.objects.get().understood


def test_no_word_by_which_one_asks_is_reserved_by_the_provider():
    assert not words.ASKS & (words.RESERVED | set(words.VERBS))


def test_what_we_say_about_ourselves_fits_one_segment_each():
    from incidents.alarms.sms_answers import HELP

    assert words.gsm(HELP) == HELP
    assert words.septets(HELP) <= words.SEGMENT


def test_too_many_replies_in_half_a_minute_rest_for_a_minute_and_acts_go_on(post, texted, alarm):  # noqa: F811
    """14107: as if two machines talked. What a text asks for is done all the same."""
    Limit.objects.filter(name="reply_loop_most").update(value=3)
    for nth in range(4):
        sms(post, "?", sid=f"SM{nth}")
    assert Notice.objects.count() == 3
    assert InboundSms.objects.get(sid="SM3").outcome.startswith("not answered: too many replies")

    clock.travel(timedelta(seconds=50))
    sms(post, f"{code()} A", sid="SM4")
    alarm.refresh_from_db()
    assert (alarm.state, Notice.objects.count()) == ("acknowledged", 3)

    clock.travel(timedelta(seconds=61))
    sms(post, "?", sid="SM5")
    assert Notice.objects.count() == 4


def test_a_few_replies_are_no_loop(post, texted):  # noqa: F811
    for nth in range(5):
        sms(post, "?", sid=f"SM{nth}")

    assert Notice.objects.count() == 5


def dial_in(post, sender):  # noqa: F811
    return said(post("/hooks/twilio/voice/inbound/", From=sender, To="+15005550006", CallSid="CA9"))


def test_who_calls_our_number_hears_that_a_page_waits_and_nothing_of_what_it_is(post, texted):  # noqa: F811
    text = dial_in(post, "+14155550101")

    assert text.startswith("This is oncall. 1 page is calling you. Answer the text with its code, or open the portal.")
    assert "No alerts" not in text


def test_who_calls_our_number_without_a_page_hears_so(post, ada):  # noqa: F811
    assert dial_in(post, "+14155550101") == (
        "This is oncall. No page is calling you. "
        "To raise an alarm by telephone, set a PIN under Me on the portal. Good bye."
    )


@pytest.mark.parametrize("sender", ["+14155559999", "", "anonymous"])
def test_a_stranger_who_calls_our_number_hears_nothing(post, ada, sender):  # noqa: F811
    assert dial_in(post, sender) == "This number calls people on duty. Nobody answers here. Good bye."


@pytest.fixture
def as_grace(client, grace):
    client.force_login(grace)
    return client


def again(policy):
    """The alarm of the screen has begun anew since the form was drawn."""
    firing = services.Firing(title="No alerts", severity=1, source_id=PEOPLE, source="test", key="k")
    return services.fire(firing=firing, policy=policy, now=clock.now())


@pytest.mark.parametrize("verb", ["acknowledge", "resolve", "escalate", "snooze"])
def test_a_form_drawn_for_an_older_cycle_changes_nothing(as_grace, alarm, policy, verb):  # noqa: F811
    """F42."""
    services.resolve(alarm=alarm, now=clock.now())
    again(policy)
    answer = as_grace.post(f"{alarm.path}{verb}/", {"cycle": "1", "minutes": "15"})

    alarm.refresh_from_db()
    assert (answer.status_code, alarm.state, alarm.cycle) == (409, "firing", 2)
    assert "has begun anew since" in answer.content.decode()


@pytest.mark.parametrize("verb", ["acknowledge", "resolve", "escalate", "snooze"])
def test_the_api_refuses_an_older_cycle(as_grace, alarm, policy, verb):  # noqa: F811
    """F42."""
    services.resolve(alarm=alarm, now=clock.now())
    again(policy)
    url, body = f"/api/v1/alarms/{alarm.pk}/{verb}/", {"cycle": 1} | ({"minutes": 5} if verb == "snooze" else {})
    answer = as_grace.post(url, body, content_type="application/json")

    assert (answer.status_code, "begun anew" in str(answer.json())) == (409, True)


def test_the_api_escalates_as_of_what_its_caller_saw(as_grace, alarm):  # noqa: F811
    engine.escalate_due(now=clock.now(), limits=limits.at(NOW))
    seen = clock.now()
    clock.travel(timedelta(minutes=5))
    engine.escalate_due(now=clock.now(), limits=limits.at(NOW))
    url = f"/api/v1/alarms/{alarm.pk}/escalate/"

    late = as_grace.post(url, {"as_of": seen.isoformat()}, content_type="application/json")
    assert (late.status_code, "was called at 03:15 UTC already" in str(late.json())) == (409, True)
    assert as_grace.post(url, {"as_of": clock.now().isoformat()}, content_type="application/json").status_code == 200


@pytest.mark.parametrize("as_of", ["yesterday", 5, "2027-03-23T03:10:00"])
def test_an_instant_that_is_none_is_said_at_its_field(as_grace, alarm, as_of):  # noqa: F811
    url = f"/api/v1/alarms/{alarm.pk}/escalate/"
    answer = as_grace.post(url, {"as_of": as_of}, content_type="application/json")

    assert (answer.status_code, list(answer.json())) == (400, ["as_of"])


def test_five_missed_steps_fire_one(ada):
    """After an outage of half an hour each alarm takes one step, and the next comes after its whole wait."""
    from tests.conftest import make_policy

    people = [make_person(f"{name} X", f"+1415555020{nth}") for nth, name in enumerate(["Una", "Dora", "Tess", "Vera"])]
    firing = services.Firing(title="No alerts", severity=1, source_id=PEOPLE, source="test", key="many")
    steps = services.fire(firing=firing, policy=make_policy("Five", ada, *people), now=NOW)
    engine.escalate_due(now=NOW, limits=limits.at(NOW))
    late = NOW + timedelta(minutes=30)
    engine.escalate_due(now=late, limits=limits.at(NOW))

    steps.refresh_from_db()
    assert Page.objects.filter(links__alarm=steps).count() == 2
    assert steps.next_due == late + timedelta(minutes=5)


def test_a_text_that_the_database_refused_once_is_tried_again(post, texted, alarm, failing):  # noqa: F811
    failing(1)
    sms(post, f"{code()} A")

    alarm.refresh_from_db()
    assert alarm.state == "acknowledged"


def test_a_text_that_could_not_be_acted_on_is_kept_and_taken_by_the_loop(post, texted, alarm, failing):  # noqa: F811
    failing(3)
    assert sms(post, f"{code()} A").status_code == 200
    assert InboundSms.objects.get().outcome == ""

    sms_answers.take_left(now=clock.now() + timedelta(seconds=6), limits=limits.at(NOW))

    alarm.refresh_from_db()
    assert alarm.state == "acknowledged"
    assert InboundSms.objects.get().outcome == "acknowledge: Acknowledged. You have No alerts."


def test_a_text_that_breaks_is_said_aloud_and_not_tried_for_ever(post, texted, failing, monkeypatch):  # noqa: F811
    failing(3)
    sms(post, f"{code()} A")

    def broken(**kwargs):
        raise ValueError("no such thing")

    monkeypatch.setattr(replies, "answer", broken)
    sms_answers.take_left(now=clock.now() + timedelta(seconds=6), limits=limits.at(NOW))

    assert InboundSms.objects.get().outcome == "could not be acted on: ValueError"
    assert Trouble.objects.open().get(kind="text").text == (
        "A text to our number could not be acted on: ValueError: no such thing"
    )


def test_a_text_of_a_closed_account_does_nothing(post, texted, alarm, ada):  # noqa: F811
    type(ada).objects.filter(pk=ada.pk).update(is_active=False)
    sms(post, f"{code()} A")

    alarm.refresh_from_db()
    assert alarm.state == "firing"


def test_stop_is_told_to_its_owner_by_another_way(post, ada):  # noqa: F811
    sms(post, "STOP")

    notice = Notice.objects.get(channel="email")
    assert notice.address == "ada@example.org"
    assert "Its owner sent STOP; START turns it on again." in notice.text


@pytest.mark.parametrize(
    ("reason", "revived"),
    [
        ("The provider says: invalid number", False),
        ("its owner sent STOP", True),
        ("Its owner sent STOP; a text START to +15005550006 turns it on again.", True),
    ],
)
def test_start_revives_what_was_stopped_and_no_number_that_is_dead(post, ada, reason, revived):  # noqa: F811
    contact = ada.contact_methods.get()
    paging.disable_contact(contact=contact, reason=reason, now=NOW)
    sms(post, "START")

    contact.refresh_from_db()
    assert (contact.disabled_at is None) == revived
