"""The night as people live it: a button at the summit, a telephone that rings, a screen that follows by itself."""

from datetime import timedelta

from tests.browser.conftest import DESK, PHONE


def test_an_observer_raises_an_alarm_in_two_presses_and_sees_who_takes_it(system, visitor):
    """Ada's telephone rings, she answers, presses 4 and hears that it is hers; Olga's screen follows by itself."""
    olga = visitor(DESK).sign_in("olga")
    olga.page.get_by_role("link", name="Raise an alarm").click()
    olga.page.fill("#id_title", "No images for ten minutes")
    olga.press("Call somebody now")
    olga.sees("Calling Ada Moreno")
    olga.sees("on call for Triage")

    ada = visitor(PHONE, base=system.phones_url, dark=True).go(f"/phones/{system.number('ada')}/")
    ada.sees("SEV2 No images for ten minutes")
    system.travel(timedelta(seconds=60))  # her rules: the call comes a minute after the text
    ada.press("Answer")
    ada.sees("Press 4 to acknowledge.")
    ada.page.locator(".keypad button", has_text="4").click()
    ada.sees("Acknowledged. You have No images for ten minutes.")

    olga.sees("Ada Moreno has it")
    assert olga.complaints == []
    assert ada.complaints == []


def test_one_press_on_a_phone_at_night_takes_an_alarm_and_another_ends_it(system, visitor):
    """The link of a mail or a text leads here: dark, 390 wide, one thumb."""
    system.hook("bea", {"title": "Butler database is slow", "severity": 2, "key": "one-press"})
    bea = visitor(PHONE, dark=True).sign_in("bea")
    bea.page.get_by_role("link", name="Butler database is slow").first.click()
    bea.press("I have it")
    bea.sees("Bea Singh (you) has it")
    bea.page.fill("#id_text", "Found a blocked transaction.")
    bea.press("Add the note")
    bea.sees("Found a blocked transaction.")
    bea.press("It is over: resolve")
    bea.sees("Bea Singh resolved it.")
    assert bea.complaints == []


def test_every_button_works_without_scripts(system, visitor):
    system.hook("carl", {"title": "Kafka disk is full", "severity": 2, "key": "no-scripts"})
    carl = visitor(PHONE, scripts=False).sign_in("carl")
    carl.page.get_by_role("link", name="Kafka disk is full").first.click()
    carl.press("I have it")
    carl.sees("Carl Ito (you) has it")
    carl.page.select_option("#id_person", label="Dora Walker")
    carl.press("Page one more person")
    carl.sees("Carl Ito calls in Dora Walker.")
    carl.press("It is over: resolve")
    carl.sees("Carl Ito resolved it.")


def test_page_me_now_reaches_my_own_telephone(system, visitor):
    finn = visitor(DESK).sign_in("finn").go("/me/")
    finn.press("Page me now")
    finn.sees("You are being paged by your own rules")

    phone = visitor(PHONE, base=system.phones_url).go(f"/phones/{system.number('finn')}/")
    phone.sees("Test page, nothing is wrong")


SCREENS = [
    "/",
    "/alarms/",
    "/alarms/raise/",
    "/rotations/",
    "/people/",
    "/leave/",
    "/policies/",
    "/sources/",
    "/limits/",
    "/me/",
]


def test_no_screen_is_wider_than_a_phone_or_breaks_its_own_policy(system, visitor):
    admin = visitor(PHONE).sign_in("admin")
    for path in SCREENS:
        admin.go(path)
        assert not admin.overflows(), path
        assert admin.page.locator("h1").count() == 1, path
    assert admin.complaints == []
