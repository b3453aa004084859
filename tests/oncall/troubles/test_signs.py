"""A process by which signals come has a sign of life; where there is none, nothing is asked of it."""

from datetime import timedelta

import pytest

from oncall.limits import queries as limits
from oncall.troubles import auditing
from oncall.troubles import services as troubles
from oncall.troubles.models import Trouble
from oncall.troubles.signs import MAIL, signs
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


def ways_in() -> list[tuple[str, float | None, bool]]:
    return [(one.name, one.age, one.fresh) for one in signs(now=NOW, limits=limits.at(NOW)).ways_in]


def test_where_no_mail_is_taken_nothing_is_asked():
    assert ways_in() == []


def test_where_mail_is_wanted_and_none_was_ever_taken_it_is_unknown(settings):
    settings.MAIL_IN_DOMAIN = "alarms.example.org"

    assert ways_in() == [("mail", None, False)]


def test_what_is_not_taken_is_said_as_a_trouble_after_two_audits(settings):
    settings.MAIL_IN_DOMAIN = "alarms.example.org"
    auditing.audit(now=NOW - timedelta(seconds=30), limits=limits.at(NOW))
    auditing.audit(now=NOW, limits=limits.at(NOW))

    assert Trouble.objects.open().get(kind="way_in").key == "mail"


@pytest.mark.parametrize(("seconds", "fresh"), [(299, True), (300, False)])
def test_a_process_that_took_mails_and_fell_silent_is_not_fresh(seconds, fresh):
    troubles.beat(name=MAIL, now=NOW - timedelta(seconds=seconds))

    assert ways_in() == [("mail", float(seconds), fresh)]
