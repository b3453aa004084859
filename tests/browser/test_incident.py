"""An incident in two browsers: each sees what the other writes, once, and what is half typed stays."""

import re
import time
from io import BytesIO

import pytest
from PIL import Image

from tests.browser.conftest import DESK, PHONE
from tests.system import until

PATIENCE_MS = 20_000  # ten times what is aimed at


def declare(visitor, title):
    """Declare it in two presses; return its address."""
    visitor.go("/incidents/")
    visitor.page.get_by_role("link", name="Declare an incident").click()
    visitor.page.fill("#id_title", title)
    visitor.press("Declare it")
    visitor.page.wait_for_url(re.compile(r"/incidents/\d+/$"))
    return visitor.page.url.removeprefix(visitor.base)


def write(visitor, text):
    visitor.page.fill("#say", text)
    visitor.page.press("#say", "Control+Enter")


def lines(visitor, text):
    return visitor.page.locator("#lines > li", has_text=text)


def test_two_browsers_see_each_others_lines_without_reloading(system, visitor):
    ada, grace = visitor(DESK).sign_in("ada"), visitor(PHONE).sign_in("grace")
    address = declare(ada, "No alerts since 02:10")
    grace.go(address)
    assert grace.page.locator("#say").bounding_box()["y"] < 400  # where one writes is on a phone's first screen

    write(ada, "Fan-out log: `ConnectError`. @grace, look?")
    lines(grace, "Fan-out log").wait_for(timeout=PATIENCE_MS)
    assert lines(grace, "Fan-out log").locator("code").inner_text() == "ConnectError"
    assert lines(grace, "Fan-out log").locator(".mention").inner_text() == "@grace"
    grace.page.fill("#say", "I look.")
    grace.press("Write it")
    lines(ada, "I look.").wait_for(timeout=PATIENCE_MS)

    for one in (ada, grace):
        assert lines(one, "Fan-out log").count() == 1
        assert lines(one, "I look.").count() == 1
        assert one.page.input_value("#say") == ""
        assert not one.overflows()
        assert one.complaints == []
    assert ada.page.locator("#lines").get_attribute("aria-live") == "polite"


def test_what_is_half_typed_stays_where_it_is_with_the_cursor_in_it(system, visitor):
    ada, grace = visitor(DESK).sign_in("ada"), visitor(DESK).sign_in("grace")
    address = declare(ada, "Half typed")
    grace.go(address)
    grace.page.focus("#say")
    grace.page.keyboard.type("I think that ")

    write(ada, "Disk is full.")
    lines(grace, "Disk is full.").wait_for(timeout=PATIENCE_MS)
    grace.page.keyboard.type("it is the disk.")
    assert grace.page.input_value("#say") == "I think that it is the disk."

    ada.press("The cause is known")
    grace.page.locator("#standing", has_text="identified").wait_for(timeout=PATIENCE_MS)
    assert grace.page.input_value("#say") == "I think that it is the disk."
    assert grace.page.evaluate("document.activeElement.id") == "say"


def test_why_half_typed_beside_a_press_stays_and_says_that_it_moved_on(system, visitor):
    ada, grace = visitor(DESK).sign_in("ada"), visitor(DESK).sign_in("grace")
    address = declare(ada, "Moved on")
    grace.go(address)
    grace.page.fill("#why-move", "The broker's disk")

    ada.press("The effect has stopped")
    grace.page.locator("[data-moved]:visible").wait_for(timeout=PATIENCE_MS)
    assert grace.page.input_value("#why-move") == "The broker's disk"

    grace.page.get_by_role("button", name="The cause is known", exact=True).click()
    grace.sees("has changed since you looked: it is mitigated")
    assert grace.page.input_value("#why-move") == "The broker's disk"


def test_a_browser_that_was_away_gets_every_line_once(system, visitor):
    ada, grace = visitor(DESK).sign_in("ada"), visitor(DESK).sign_in("grace")
    address = declare(ada, "Network of the summit")
    grace.go(address)
    write(ada, "before")
    lines(grace, "before").wait_for(timeout=PATIENCE_MS)

    grace.page.context.set_offline(True)
    for n in range(5):
        write(ada, f"while away {n}")
        lines(ada, f"while away {n}").wait_for(timeout=PATIENCE_MS)
    grace.page.fill("#say", "I am in a tunnel")
    grace.press("Write it")
    grace.sees("No answer: it may not have been done.")
    assert grace.page.input_value("#say") == "I am in a tunnel"

    grace.page.context.set_offline(False)
    lines(grace, "while away 4").wait_for(timeout=PATIENCE_MS)
    shown = [text for text in grace.page.locator("#lines .ic-text").all_inner_texts() if "while away" in text]
    assert shown == [f"while away {n}" for n in (4, 3, 2, 1, 0)]

    grace.press("Write it")
    lines(ada, "I am in a tunnel").wait_for(timeout=PATIENCE_MS)
    time.sleep(4.5)  # two more looks: nothing comes twice
    assert lines(ada, "I am in a tunnel").count() == 1
    assert lines(grace, "before").count() == 1
    assert grace.page.locator("#lines > li").count() == ada.page.locator("#lines > li").count()


def test_an_image_is_pasted_and_the_other_sees_it(system, visitor):
    ada, grace = visitor(DESK).sign_in("ada"), visitor(DESK).sign_in("grace")
    address = declare(ada, "Pasted")
    grace.go(address)
    out = BytesIO()
    Image.new("RGB", (64, 32), "red").save(out, "PNG")

    ada.page.evaluate(
        """async (bytes) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "pasted.png", { type: "image/png" }));
            const box = document.getElementById("say");
            box.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
        }""",
        list(out.getvalue()),
    )
    ada.sees("pasted.png")
    write(ada, "Latency plot")
    picture = lines(grace, "Latency plot").locator("img")
    picture.wait_for(timeout=PATIENCE_MS)

    picture.scroll_into_view_if_needed()
    until(lambda: picture.evaluate("image => image.naturalWidth") == 64, "the picture in the other browser")
    assert ada.complaints == []
    assert grace.complaints == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_on_a_phone_every_button_of_an_incident_works(system, visitor, scripts):
    bea = visitor(PHONE, scripts=scripts).sign_in("bea")
    declare(bea, f"Butler is slow, scripts {scripts}")
    bea.press("I take command")
    bea.sees("Bea Singh (you)")
    bea.page.fill("#say", "Blocked transaction.")
    bea.press("Write it")
    bea.sees("Blocked transaction.")
    bea.page.fill("#why-move", "A blocked transaction")
    bea.press("The cause is known")
    bea.sees("Bea Singh: the cause is known. A blocked transaction")
    bea.press("It is over: resolve")
    bea.sees("Bea Singh: it is over.")
    assert not bea.overflows()
    assert bea.page.locator("h1").count() == 1


HOSTILE = "<img src=x onerror=document.title='hacked'><script>document.title='hacked'</script> [a](javascript:alert(1))"


def test_hostile_text_does_nothing_in_a_browser(system, visitor):
    ada, grace = visitor(DESK).sign_in("ada"), visitor(DESK).sign_in("grace")
    address = declare(ada, HOSTILE)
    grace.go(address)
    write(ada, f'{HOSTILE}\n```\n{HOSTILE}\n```\njavascript:alert(1) https://x.example/"onmouseover="alert(1)')

    lines(grace, "onmouseover").wait_for(timeout=PATIENCE_MS)
    assert "hacked" not in grace.page.title().replace(HOSTILE, "")
    assert grace.page.locator("#lines img, #lines script, h1 img").count() == 0
    assert grace.page.locator("#lines a[href^='javascript']").count() == 0
    assert grace.complaints == []


@pytest.mark.parametrize("dark", [False, True])
def test_no_screen_of_an_incident_is_wider_than_a_phone(system, visitor, dark):
    ada = visitor(PHONE, dark=dark).sign_in("ada")
    address = declare(ada, "A_very_long_word_without_any_blank_in_it_" * 4 + f"{dark}")
    write(ada, "```\n" + "x" * 300 + "\n```\n" + "y" * 300)
    lines(ada, "yyy").wait_for(timeout=PATIENCE_MS)
    for place in (address, address + "paper/", address + "lines/1/correct/", "/incidents/", "/incidents/declare/"):
        ada.go(place)
        assert not ada.overflows(), place
        assert ada.complaints == [], place
