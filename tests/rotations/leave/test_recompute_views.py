"""The screen on which past credit is recomputed: first seen, then posted, by whom it is for."""

from datetime import UTC, datetime, timedelta

import pytest

from oncall.limits.models import Limit
from rotations.leave import services
from rotations.leave.models import LedgerEntry
from rotations.leave.spans import Kind

NIGHT = datetime(2027, 3, 10, 1, tzinfo=UTC)
ADDRESS = "/leave/recompute/"
SPAN = {"since": "2027-03-01T00:00", "until": "2027-03-20T00:00", "reason": "The multiplier is 2 since March."}


@pytest.fixture
def night(lise):
    acts: list[tuple[int, Kind]] = [(0, "page"), (5, "acknowledge"), (120, "resolve")]
    for after, kind in acts:
        instant = NIGHT + timedelta(minutes=after)
        services.record(person=lise, at=instant, kind=kind, subject="alarm:1:1", text="", url="", now=instant)
    Limit.objects.create(
        name="credit_multiplier", value=2, unit="h/h", source="test", effective_from=datetime(2027, 3, 1, tzinfo=UTC)
    )


@pytest.fixture
def head(db, client, manager):
    """Manages everybody."""
    manager.role_terms.create(role="manager", starts_at=datetime(2027, 1, 1, tzinfo=UTC))
    client.force_login(manager)
    return manager


def test_the_differences_are_shown_with_both_rules_and_nothing_is_posted(client, head, night):
    page = client.post(ADDRESS, {**SPAN, "show": ""})
    shown = " ".join(page.content.decode().split())
    assert "Lise Girard" in shown
    assert '<td class="number">+1 h</td>' in shown  # 4 h instead of 3
    assert "was: 1.5 times the time outside Default" in shown
    assert LedgerEntry.objects.count() == 1


def test_posting_posts_them_with_the_reason(client, head, night):
    page = client.post(ADDRESS, {**SPAN, "post": ""}, follow=True)
    entry = LedgerEntry.objects.get(kind="adjust")
    assert (entry.credit_s, entry.by, entry.reason) == (3600, head, SPAN["reason"])
    assert "The differences are posted: 1 call-outs of 1 people." in page.content.decode()


def test_posting_again_says_that_there_is_nothing(client, head, night):
    client.post(ADDRESS, {**SPAN, "post": ""})
    page = client.post(ADDRESS, {**SPAN, "post": ""}, follow=True)
    assert "so nothing is posted" in page.content.decode()
    assert LedgerEntry.objects.count() == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reason": " "}, "Say why, for everybody whose leave changes will read it."),
        ({"until": "2027-03-01T00:00"}, "This must be after the start. Choose a later end."),
        ({"since": "spring"}, "Enter a valid date/time."),
        ({"since": "0001-01-01T00:00"}, "is too far away"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(client, head, night, changes, words):
    page = client.post(ADDRESS, {**SPAN, "post": ""} | changes)
    assert page.status_code == 400
    assert words in page.content.decode()
    assert 'value="2027-03-20T00:00"' in page.content.decode() or "until" in changes
    assert LedgerEntry.objects.count() == 1


def test_an_administrator_may(client, db, lise):
    lise.is_superuser = True
    lise.save()
    client.force_login(lise)
    assert client.get(ADDRESS).status_code == 200


@pytest.mark.parametrize("who", ["pilot", "manager", "lise"])
def test_the_pilot_a_manager_of_a_team_and_whoever_earns_may_not(client, request, who):
    client.force_login(request.getfixturevalue(who))
    assert client.get(ADDRESS).status_code == 403
    assert client.post(ADDRESS, {**SPAN, "post": ""}).status_code == 403
