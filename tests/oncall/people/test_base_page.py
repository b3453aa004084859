"""The look of the house: what every page keeps to."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Template
from django.template.loader import render_to_string
from django.urls import reverse

TEMPLATES = sorted(path for house in ("oncall", "rotations", "playbooks", "incidents")
                   for path in (settings.BASE_DIR / house).glob("**/templates/**/*.html"))  # fmt: skip
CSS = (Path(settings.BASE_DIR) / "oncall" / "static" / "oncall.css").read_text()


def tokens(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))


LIGHT = tokens(CSS.split("@media (prefers-color-scheme: dark)")[0])
DARK = {**LIGHT, **tokens(CSS.split("@media (prefers-color-scheme: dark)")[1].split("*, *::before")[0])}


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio of two colours, 1 to 21."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


PAIRS = [
    *((text, ground) for text in ("ink", "muted", "link") for ground in ("ground", "surface", "raised", "grey-soft")),
    *((text, "surface") for text in ("red", "amber", "green")),
    ("red", "red-soft"), ("amber", "amber-soft"), ("green", "green-soft"),
    ("ink", "red-soft"), ("ink", "amber-soft"), ("ink", "green-soft"),
    ("on-red", "red"), ("on-accent", "accent"), ("on-gold", "gold"),
    ("side-ink", "side"), ("side-muted", "side"), ("side-ink", "side-here"),
]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_stands_out_from_its_ground_as_wcag_aa_asks(scheme, text, ground):
    colours = LIGHT if scheme == "light" else DARK
    assert contrast(colours[text], colours[ground]) >= 4.5


def test_nothing_is_white_in_the_dark():
    assert "#ffffff" not in {DARK[name] for name in ("ground", "surface", "raised", "ink", "on-accent", "side", "link")}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_script_or_style_of_its_own_or_anything_from_outside(path):
    text = path.read_text()
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|javascript:|hx-on", text)
    assert not re.search(r"(src|href)=[\"'](https?:)?//", text)


def test_a_link_to_a_room_that_is_not_there_is_left_out(rf):
    page = Template('{% load nav %}[{% nav_link "no_such_room" "Moon" %}][{% nav_url "no_such_room" %}]')
    assert page.render(Context({"request": rf.get("/")})) == "[][]"


def test_the_screen_one_is_on_is_marked(client, ada):
    client.force_login(ada)
    page = client.get(reverse("people")).content.decode()
    assert re.findall(r'<a href="([^"]*)" aria-current="page">', page) == ["/people/"]


@pytest.mark.parametrize("name", ["people", "me", "hours", "tokens", "limits", "password_change", "login"])
def test_every_page_carries_the_content_policy_and_is_not_stored(client, ada, name):
    if name != "login":
        client.force_login(ada)
    answer = client.get(reverse(name))
    assert answer.status_code == 200
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("name", ["400.html", "403.html", "403_csrf.html", "404.html", "500.html", "503.html"])
def test_an_error_page_needs_neither_database_nor_person(name):
    """No `db` here: pytest-django refuses every query."""
    assert "<h1>" in render_to_string(name)


def test_a_message_is_shown_with_its_text_escaped(client, ada, pilot):
    client.force_login(pilot)
    data = {"name": "<b>Nour</b>", "username": "nour", "email": "nour@example.org", "time_zone": "UTC"}
    page = client.post(reverse("person_invite"), data, follow=True).content.decode()
    assert "&lt;b&gt;Nour&lt;/b&gt; is invited." in page
    assert "<b>Nour</b>" not in page


def test_a_browser_may_name_our_own_site_as_the_origin_of_a_form(client, db):
    """Under “no-referrer” it would send “Origin: null”, which no CSRF check accepts."""
    assert '<meta name="referrer" content="same-origin">' in client.get(reverse("login")).content.decode()
