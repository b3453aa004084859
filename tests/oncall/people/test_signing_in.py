"""Signing in and out, resetting the password, and how often one may try."""

import re
import time
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client, RequestFactory
from django.urls import reverse

from oncall import clock
from oncall.people import throttle
from oncall.people.models import CountedTry, Person
from oncall.people.viewer import network_address

PASSWORD = "a long password"
PAGES = ["people", "person_invite", "team_new", "hours", "tokens", "me", "limits", "password_change"]


def sign_in(client: Client, username: str, password: str, **extra):
    return client.post(reverse("login"), {"username": username, "password": password, "next": "/people/"}, **extra)


def mails(count: int) -> list:
    """The mails sent, once there are so many: a reset link leaves beside its request."""
    for _ in range(500):
        if len(mail.outbox) >= count:
            break
        time.sleep(0.01)
    return mail.outbox


@pytest.mark.parametrize("name", PAGES)
def test_who_is_not_signed_in_is_sent_to_sign_in_and_comes_back(client, db, name):
    answer = client.get(reverse(name))
    assert answer.status_code == 302
    assert answer["Location"] == f"/accounts/login/?next={reverse(name)}"


@pytest.mark.parametrize(
    ("pressed_on", "leads_to"),
    [
        ("http://testserver/leave/?person=7", "/leave/%3Fperson%3D7"),
        ("https://evil.example/leave/", "/"),
        ("//evil.example/leave/", "/"),
        ("", "/"),
    ],
)
def test_what_is_pressed_after_the_session_is_not_done_and_leads_back_to_the_button(client, db, pressed_on, leads_to):
    answer = client.post(reverse("stand_down"), headers={"Referer": pressed_on})
    assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next={leads_to}")
    page = client.get(answer["Location"]).content.decode()
    assert "You were signed out, so nothing was done. Sign in, and press again." in page


def test_an_address_that_only_a_button_leads_to_says_so(client, ada):
    client.force_login(ada)
    answer = client.get(reverse("stand_down"))
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "It takes what a button sends. Nothing has been done." in answer.content.decode()


def test_the_right_password_signs_in_and_goes_on_to_the_page_asked_for(client, ada):
    answer = sign_in(client, "ada", PASSWORD)
    assert (answer.status_code, answer["Location"]) == (302, "/people/")


def test_signing_in_never_leads_to_another_site(client, ada):
    answer = client.post(reverse("login"), {"username": "ada", "password": PASSWORD, "next": "https://evil.example/"})
    assert "evil" not in answer["Location"]


def test_a_capital_letter_from_a_telephones_keyboard_is_forgiven(client, ada):
    assert sign_in(client, "Ada", PASSWORD).status_code == 302


def test_the_first_sign_in_sets_when_a_person_joined_and_later_ones_do_not(client, ada):
    sign_in(client, "ada", PASSWORD)
    first = Person.objects.get(username="ada").joined_at
    clock.travel(timedelta(minutes=5))
    sign_in(Client(), "ada", PASSWORD)
    assert first is not None
    assert Person.objects.get(username="ada").joined_at == first


def test_the_session_key_changes_at_sign_in_and_its_cookie_is_closed_to_scripts(client, ada):
    client.get(reverse("login"))
    client.session["seen"] = "before"
    before = client.session.session_key
    sign_in(client, "ada", PASSWORD)
    cookie = client.cookies["sessionid"]
    assert client.session.session_key != before
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 43200)


def test_a_closed_account_does_not_open(client, ada):
    Person.objects.filter(pk=ada.pk).update(is_active=False)
    assert sign_in(client, "ada", PASSWORD).status_code == 200
    assert "_auth_user_id" not in client.session


def test_signing_out_takes_a_post(client, ada):
    client.force_login(ada)
    assert client.get(reverse("logout")).status_code == 405
    assert client.post(reverse("logout")).status_code == 302
    assert "_auth_user_id" not in client.session


def test_after_ten_failures_in_an_hour_even_the_right_password_waits(client, ada):
    for n in range(10):
        sign_in(client, "ada", "wrong", REMOTE_ADDR=f"192.0.2.{n}")
    answer = sign_in(client, "ada", PASSWORD, REMOTE_ADDR="192.0.2.99")
    assert answer.status_code == 200
    assert "Too many tries in the last hour." in answer.content.decode()


def test_an_hour_later_the_account_opens_again(client, ada):
    for n in range(10):
        sign_in(client, "ada", "wrong", REMOTE_ADDR=f"192.0.2.{n}")
    clock.travel(timedelta(hours=1, seconds=1))
    assert sign_in(client, "ada", PASSWORD).status_code == 302


def test_after_twenty_failures_from_one_address_no_account_opens_from_there(client, ada):
    for n in range(20):
        sign_in(client, f"guess{n}", "wrong", REMOTE_ADDR="192.0.2.7")
    assert sign_in(client, "ada", PASSWORD, REMOTE_ADDR="192.0.2.7").status_code == 200
    assert sign_in(client, "ada", PASSWORD, REMOTE_ADDR="192.0.2.8").status_code == 302


def test_an_unknown_account_is_answered_like_a_known_one(client, ada):
    known = sign_in(client, "ada", "wrong").content.decode()
    unknown = sign_in(Client(), "ida", "wrong").content.decode()
    blank = re.compile(r'value="[^"]*"|content=\'[^\']*\'')
    assert blank.sub("", known) == blank.sub("", unknown)


def test_successes_are_not_counted(client, ada):
    for _ in range(11):
        assert sign_in(Client(), "ada", PASSWORD).status_code == 302
    assert CountedTry.objects.count() == 0


def test_a_refused_try_does_not_prolong_the_waiting(db, now):
    for _ in range(10):
        throttle.count_try(kind="account", subject="ada", at_most=10, now=now)
    for minutes in (1, 59):
        with pytest.raises(throttle.TooManyTries, match=r"Try again after 04:10 UTC\."):
            throttle.count_try(kind="account", subject="Ada", at_most=10, now=now + timedelta(minutes=minutes))
    throttle.count_try(kind="account", subject="ada", at_most=10, now=now + timedelta(hours=1))
    assert CountedTry.objects.count() == 1


@pytest.mark.parametrize(
    ("behind_proxy", "forwarded", "expected"),
    [
        (False, "203.0.113.5", "192.0.2.1"),
        (True, "203.0.113.5", "203.0.113.5"),
        (True, "6.6.6.6, 203.0.113.5", "203.0.113.5"),
        (True, "", "192.0.2.1"),
    ],
)
def test_the_network_address_is_the_one_our_own_proxy_wrote(behind_proxy, forwarded, expected):
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", headers={"x-forwarded-for": forwarded})
    assert network_address(request, behind_proxy=behind_proxy) == expected


def test_a_reset_link_comes_by_mail_and_sets_a_new_password(client, ada):
    client.post(reverse("password_reset"), {"email": "ADA@example.org"})
    [letter] = mails(1)
    link = re.search(r"(/accounts/reset/\S+)", letter.body).group(1)
    form = client.get(link, follow=True)
    client.post(form.request["PATH_INFO"], {"new_password1": "blue owl at noon", "new_password2": "blue owl at noon"})
    assert letter.to == ["ada@example.org"]
    assert sign_in(Client(), "ada", "blue owl at noon").status_code == 302


def test_a_reset_link_is_good_once(client, ada):
    client.post(reverse("password_reset"), {"email": "ada@example.org"})
    link = re.search(r"(/accounts/reset/\S+)", mails(1)[0].body).group(1)
    form = client.get(link, follow=True)
    client.post(form.request["PATH_INFO"], {"new_password1": "blue owl at noon", "new_password2": "blue owl at noon"})
    assert "This link is no longer good" in Client().get(link, follow=True).content.decode()


def test_a_reset_opens_an_account_that_was_shut_by_failures(client, ada):
    for n in range(10):
        sign_in(client, "ada", "wrong", REMOTE_ADDR=f"192.0.2.{n}")
    client.post(reverse("password_reset"), {"email": "ada@example.org"})
    link = re.search(r"(/accounts/reset/\S+)", mails(1)[0].body).group(1)
    form = client.get(link, follow=True)
    client.post(form.request["PATH_INFO"], {"new_password1": "blue owl at noon", "new_password2": "blue owl at noon"})
    assert sign_in(Client(), "ada", "blue owl at noon").status_code == 302


def test_a_reset_is_answered_the_same_for_an_unknown_address(client, ada):
    known = client.post(reverse("password_reset"), {"email": "ada@example.org"}, follow=True)
    unknown = client.post(reverse("password_reset"), {"email": "ida@example.org"}, follow=True)
    assert known.redirect_chain == unknown.redirect_chain
    assert known.content == unknown.content
    assert [letter.to for letter in mails(1)] == [["ada@example.org"]]


def test_a_closed_account_gets_no_reset_link(client, ada, grace):
    Person.objects.filter(pk=ada.pk).update(is_active=False)
    client.post(reverse("password_reset"), {"email": "ada@example.org"})
    client.post(reverse("password_reset"), {"email": "grace@example.org"})
    assert [letter.to for letter in mails(1)] == [["grace@example.org"]]


def test_a_mailbox_gets_five_reset_links_an_hour_and_the_answer_stays_the_same(client, ada, grace):
    answers = [client.post(reverse("password_reset"), {"email": "ada@example.org"})["Location"] for _ in range(7)]
    mails(5)
    client.post(reverse("password_reset"), {"email": "grace@example.org"})
    assert set(answers) == {reverse("password_reset_done")}
    assert sorted(letter.to[0] for letter in mails(6)) == ["ada@example.org"] * 5 + ["grace@example.org"]
