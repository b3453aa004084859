import pytest

from rotations.leave.models import CallOut, LedgerEntry


@pytest.fixture
def api(client, lise, tell):
    tell("02:20 page A, 02:23 resolve A")
    client.force_login(lise)
    return client


def test_an_entry_has_the_public_shape(api, lise):
    (entry,) = api.get("/api/v1/leave/entries/").json()["results"]
    assert entry == {
        "id": str(LedgerEntry.objects.get().pk),
        "person": {"id": str(lise.pk), "name": "Lise Girard"},
        "call_out": str(CallOut.objects.get().pk),
        "request": None,
        "kind": "earn",
        "at": "2027-03-25T02:23:00Z",
        "out_of_hours_s": 180,
        "credit_s": 270,
        "stands_s": None,
        "slices": [
            {
                "starts_at": "2027-03-25T02:20:00Z",
                "ends_at": "2027-03-25T02:23:00Z",
                "local_date": "2027-03-25",
                "kind": "night",
                "name": "",
                "in_hours": False,
                "seconds": 180,
                "multiplier": 1.5,
            }
        ],
        "rule": "1.5 times the time outside Default (Mon to Fri 09:00-17:00 Europe/Paris, public holidays FR), rule 1",
        "by": None,
        "reason": "",
    }


def test_a_balance_is_in_whole_seconds(api, lise):
    assert api.get("/api/v1/leave/balances/").json() == {
        "next": None,
        "previous": None,
        "results": [
            {
                "person": {"id": str(lise.pk), "name": "Lise Girard"},
                "out_of_hours_s": 180,
                "credit_s": 270,
                "earned_s": 270,
                "approved_s": 0,
                "taken_s": 0,
                "expired_s": 0,
                "asked_s": 0,
                "available_s": 0,
            }
        ],
    }


def test_a_call_out_says_what_it_earned(api):
    (call_out,) = api.get("/api/v1/leave/call-outs/").json()["results"]
    assert {key: call_out[key] for key in ("starts_at", "ends_at", "forgotten", "subjects", "credit_s")} == {
        "starts_at": "2027-03-25T02:20:00Z",
        "ends_at": "2027-03-25T02:23:00Z",
        "forgotten": False,
        "subjects": ["alarm:A"],
        "credit_s": 270,
    }


def test_an_open_call_out_has_no_end_and_says_what_it_would_earn_so_far(api, tell, monkeypatch):
    from datetime import UTC, datetime

    tell("03:00 page B, 03:01 acknowledge B")
    monkeypatch.setattr("oncall.clock.now", lambda: datetime(2027, 3, 25, 4, tzinfo=UTC))
    newest = api.get("/api/v1/leave/call-outs/").json()["results"][0]
    assert (newest["ends_at"], newest["out_of_hours_s"], newest["credit_s"]) == (None, 3600, 5400)


def test_lists_go_on_by_cursor_newest_first(api, tell):
    tell("03:00 page B, 03:10 resolve B")
    first = api.get("/api/v1/leave/entries/", {"limit": 1}).json()
    second = api.get(first["next"]).json()
    assert [first["results"][0]["credit_s"], second["results"][0]["credit_s"], second["next"]] == [900, 270, None]
