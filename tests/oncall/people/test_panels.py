"""What rooms above show on a page of a room below: by name, and one that breaks holds up nothing else."""

from types import SimpleNamespace

import pytest
from django.template import Context, Template
from django.utils.html import format_html

from tests.conftest import NOW

pytestmark = pytest.mark.django_db
HERE = "tests.oncall.people.test_panels"


def says_who(subject, *, person, now):
    return format_html("<p>{} for {} at {}</p>", subject, person, f"{now:%H:%M}")


def breaks(subject, *, person, now):
    raise ValueError(subject)


def page(settings, *names) -> str:
    settings.PANELS = {"night": [f"{HERE}.{name}" for name in names]}
    asked = Context({"request": SimpleNamespace(user="ada"), "night": "<tonight>", "now": NOW})
    return Template('{% load panels %}{% panels "night" night now %}').render(asked)


def test_a_panel_is_told_the_subject_who_looks_and_now(settings):
    assert page(settings, "says_who") == f"<p>&lt;tonight&gt; for ada at {NOW:%H:%M}</p>"


def test_one_that_breaks_says_so_and_the_next_is_shown(settings):
    shown = page(settings, "breaks", "says_who")

    assert "A part of this page cannot be shown now." in shown
    assert "for ada" in shown


def test_no_panels_are_nothing(settings):
    assert page(settings) == ""
