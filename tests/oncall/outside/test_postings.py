"""Messages that could not be said: said aloud where many read them, tried again in a while, and not for ever."""

from datetime import timedelta

import pytest

from oncall.outside import postings
from oncall.outside.models import Posting
from oncall.outside.postings import Said
from oncall.troubles.models import Trouble
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
NEVER = Said(error="Slack says: not_in_channel", hopeless=True)


def say(key: str, *, channel: str = "C0", now=NOW) -> None:
    postings.say(key=key, channel=channel, text="x", blocks=[], now=now)


def goes(said: Said, *, now=NOW) -> str:
    """Take what is due and let it go like this; returns its key."""
    claimed = postings.claim(now=now)
    assert claimed is not None
    postings.record(claimed=claimed, said=said, now=now)
    return claimed.key


@pytest.mark.parametrize("key", ["press:U0ADA:1.1", "answered:7"])
def test_nobody_is_called_because_one_reply_did_not_arrive(key):
    say(key)

    goes(NEVER)

    assert not Trouble.objects.exists()
    assert Posting.objects.get().next_due is None


def test_what_was_given_up_is_tried_again_in_ten_minutes_and_counted_once():
    say("alarm:1")
    goes(NEVER)
    later = NOW + timedelta(minutes=10)

    assert goes(NEVER, now=later) == "alarm:1"

    assert Posting.objects.get().next_due == later + timedelta(minutes=10)
    assert Trouble.objects.get().count == 1


def test_after_a_day_it_is_tried_no_more():
    say("alarm:1")
    goes(NEVER)

    goes(NEVER, now=NOW + timedelta(days=1))

    assert Posting.objects.get().next_due is None


def test_what_was_given_up_is_said_as_soon_as_the_channel_takes_something():
    say("alarm:1")
    say("alarm:2", channel="C0ELSE")
    goes(NEVER)
    goes(NEVER)
    soon = NOW + timedelta(minutes=1)
    say("alarm:3", now=soon)

    goes(Said(reference="C0:1"), now=soon)

    assert goes(Said(reference="C0:2"), now=soon) == "alarm:1"
    assert postings.claim(now=soon) is None


def test_what_waits_because_the_channel_asked_for_patience_goes_on_waiting():
    say("alarm:1")
    goes(Said(error="429", retry_after=timedelta(seconds=30)))
    say("alarm:2")

    goes(Said(reference="C0:2"))

    assert postings.claim(now=NOW) is None
