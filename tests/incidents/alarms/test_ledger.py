"""The ledger of everything not sent: what did I not get, and why?"""

from datetime import timedelta
from uuid import UUID

import pytest

from incidents.alarms import engine, holding, ledger, services, silences, watch
from incidents.alarms.models import LATENCY, Alarm, Held
from incidents.alarms.silencing import Matcher
from oncall.limits import queries as limits
from oncall.paging.models import Notice, Page
from oncall.troubles import services as troubles
from tests.conftest import NOW, make_policy

pytestmark = pytest.mark.django_db
MACHINE = UUID("11111111-1111-4111-8111-111111111111")
OTHER = UUID("22222222-2222-4222-8222-222222222222")
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


@pytest.fixture
def now(monkeypatch):
    monkeypatch.setattr("oncall.clock.now", lambda: NOW + MINUTE)
    return NOW + MINUTE


def hear(key="k", *, now=NOW, policy=None, source_id=MACHINE, severity=3, **fields):
    source = "Prometheus" if source_id == MACHINE else "Grafana"
    firing = services.Firing(f"About {key}", severity, source_id, source, key=key, **fields)
    return services.hear(firing=firing, policy_id=policy.pk if policy else None, now=now)


def hold(key="k", *, reason=Held.Why.WAITS, now=NOW, policy=None, source_id=MACHINE, **fields):
    firing = services.Firing(f"About {key}", 3, source_id, "Prometheus", key=key, **fields)
    holding.hold(
        firing=firing, reason=reason, text="Said so", until=NOW + timedelta(days=1), now=now,
        policy_id=policy.pk if policy else None,
    )  # fmt: skip


def look(person, **asked):
    known = {"now": NOW + MINUTE, "since": NOW - timedelta(days=7)} | asked
    return ledger.look(ledger.Asked(person=person, **known))


def told(found):
    return [(one.why, one.title) for one in found.entries]


def test_what_is_held_is_there_with_its_reason(policy, pilot, ada):
    wanted = silences.Wanted([Matcher("source", "Prom*")], "Disks", NOW, NOW + 30 * MINUTE)
    silence = silences.create(wanted=wanted, by=pilot, now=NOW)
    hear()
    one = look(ada).entries[0]

    assert (one.why, one.title, one.text, one.url) == (
        "silenced", "About k", "Petra Pilot's silence until 23 Mar 03:40 UTC: Disks", silence.path,
    )  # fmt: skip


def test_repeats_that_only_counted_are_there(policy, ada):
    hear()
    hear(now=NOW + SECOND)
    hear(now=NOW + 2 * SECOND)

    assert [(one.why, one.count, one.text) for one in look(ada).entries] == [
        ("repeated", 2, "2 more signals were counted; the last at 23 Mar 03:10 UTC.")
    ]


def test_an_alarm_that_called_as_it_should_is_not(policy, ada):
    hear()

    assert look(ada).entries == []


def test_what_flaps_is_there_while_it_does(policy, ada):
    for second in range(0, 6, 2):
        hear(now=NOW + second * SECOND)
        holding.hear_over(source_id=MACHINE, key="k", now=NOW + (second + 1) * SECOND)

    assert ("flapping", "About k") in told(look(ada))


def test_what_flapped_stays_there_once_it_has_calmed(policy, ada):
    for second in range(0, 6, 2):
        hear(now=NOW + second * SECOND)
        holding.hear_over(source_id=MACHINE, key="k", now=NOW + (second + 1) * SECOND)
    calm = NOW + 5 * SECOND + 5 * MINUTE
    holding.keep(now=calm, limits=limits.at(calm))

    assert [(one.at, one.title, one.until, one.ended_at) for one in look(ada, now=calm, why="flapping").entries] == [
        (NOW + 5 * SECOND, "About k", None, calm)
    ]


# --- Put aside by hand ------------------------------------------------------------------------------------------------


def put_aside(kind, by):
    """A trouble is seen, somebody resolves its alarm a minute later, and it is seen again another minute later."""
    troubles.raise_trouble(kind=kind, key="it", text="It does not work.", now=NOW)
    watch.watch(now=NOW)
    services.resolve(alarm=Alarm.objects.get(), by=by, now=NOW + MINUTE)
    troubles.raise_trouble(kind=kind, key="it", text="It does not work.", now=NOW + 2 * MINUTE)


def aside(person, *, now):
    found = look(person, now=now, since=NOW, why="put_aside").entries
    return [(one.text, one.until, one.ended_at) for one in found]


@pytest.mark.parametrize(("kind", "minutes", "clock"), [("webhook", 240, "07:11"), ("rejected", 15, "03:26")])
def test_a_trouble_that_somebody_resolved_while_it_went_on_is_there(policy, ada, kind, minutes, clock):
    put_aside(kind, ada)
    until = NOW + MINUTE + minutes * MINUTE
    text = f"Ada Moreno resolved it: while it goes on it calls nobody before 23 Mar {clock} UTC."

    assert aside(ada, now=NOW + 2 * MINUTE) == [(text, until, None)]
    assert aside(ada, now=until) == [(text, None, until)]


def test_a_trouble_put_aside_is_over_when_it_is(policy, ada):
    put_aside("webhook", ada)
    troubles.clear_trouble(kind="webhook", key="it", now=NOW + 3 * MINUTE)

    assert [ended for _, _, ended in aside(ada, now=NOW + 4 * MINUTE)] == [NOW + 3 * MINUTE]


def test_a_trouble_that_was_not_seen_after_it_was_resolved_is_not_there(policy, ada):
    troubles.raise_trouble(kind="webhook", key="it", text="It does not work.", now=NOW)
    watch.watch(now=NOW)
    services.resolve(alarm=Alarm.objects.get(), by=ada, now=NOW + MINUTE)

    assert aside(ada, now=NOW + 2 * MINUTE) == []


@pytest.mark.parametrize(("key", "minutes"), [("alerts.none", 15), ("budget.burn", 60)])
def test_an_alarm_of_the_latency_rules_that_somebody_resolved_is_there(policy, ada, key, minutes):
    hear(key, source_id=LATENCY)
    services.resolve(alarm=Alarm.objects.get(), by=ada, now=NOW)

    assert [(until, ended) for _, until, ended in aside(ada, now=NOW + MINUTE)] == [(NOW + minutes * MINUTE, None)]


def test_one_whose_resolve_was_taken_back_is_put_aside_no_longer(policy, ada):
    hear("alerts.none", source_id=LATENCY)
    services.resolve(alarm=Alarm.objects.get(), by=ada, now=NOW)
    hear("alerts.none", source_id=LATENCY, now=NOW + MINUTE)

    assert [ended for _, _, ended in aside(ada, now=NOW + MINUTE)] == [NOW + MINUTE]


def test_an_alarm_that_joined_a_page_is_there_for_whom_it_called(policy, ada, grace):
    for nth, key in enumerate("ab"):
        hear(key, now=NOW + nth * SECOND)
        engine.escalate_due(now=NOW + nth * SECOND, limits=limits.at(NOW))

    assert told(look(ada)) == [("joined", "About b")]
    assert told(look(grace)) == []


def test_what_a_throttle_holds_back_is_there(ada):
    Page.objects.create(
        id=UUID(int=7), key="p", person=ada, urgency="low", severity=4, reference="AB12", title="Late",
        answer_path="/", ladder=[], next_due=NOW, created_at=NOW, held_until=NOW + MINUTE, held_why="2 texts a minute",
    )  # fmt: skip
    Notice.objects.create(
        key="n", person=ada, channel="sms", address="+14155550101", text="Who has it", created_at=NOW,
        held_why="1 text a minute",
    )  # fmt: skip

    assert sorted((one.title, one.text) for one in look(ada, why="throttled").entries) == [
        ("Late", "Page AB12: 2 texts a minute"), ("Who has it", "Notice: 1 text a minute"),
    ]  # fmt: skip


def test_mine_is_what_my_policies_would_have_called_me_for(ada, grace):
    hold("hers", policy=make_policy("Ada", ada))
    hold("his", policy=make_policy("Grace", grace))

    assert told(look(ada, whose=ada)) == [("waits_for_hours", "About hers")]


def test_mine_has_the_default_policy_where_no_other_is_named(ada, grace):
    make_policy("All", ada, is_default=True)
    hold("usual")

    assert told(look(ada, whose=ada)) == [("waits_for_hours", "About usual")]
    assert told(look(grace, whose=grace)) == []


@pytest.mark.parametrize(
    ("asked", "titles"),
    [
        ({"why": "shadow"}, ["About s"]),
        ({"source": OTHER}, ["About o"]),
        ({"product": "Data"}, ["About p"]),
        ({"product": "Dat"}, []),
        ({"words": "about P"}, ["About p"]),
    ],
)
def test_filters_narrow_it(ada, asked, titles):
    hold("o", source_id=OTHER)
    hold("p", product="Data/APDB")
    hold("s", reason=Held.Why.SHADOW, now=NOW + SECOND)

    assert [one.title for one in look(ada, **asked).entries] == titles


def test_what_was_over_before_the_window_is_not_there(ada):
    hold("old")
    holding.hear_over(source_id=MACHINE, key="old", now=NOW + SECOND)
    hold("new", now=NOW + SECOND)

    assert told(look(ada, since=NOW + SECOND)) == [("waits_for_hours", "About new")]


def test_what_is_still_held_or_counting_is_there_however_long_ago_it_began(policy, ada):
    began = NOW - timedelta(days=2)
    hold("held", now=began)
    hear("counts", now=began)
    hear("counts", now=NOW)
    hear("counted", now=began)
    hear("counted", now=began + SECOND)

    found = told(look(ada, since=NOW - timedelta(days=1)))
    assert sorted(found) == [("repeated", "About counts"), ("waits_for_hours", "About held")]


def test_a_page_that_still_waits_is_there_however_long_ago_it_was_made(ada):
    Page.objects.create(
        id=UUID(int=7), key="p", person=ada, urgency="low", severity=4, reference="AB12", title="Late",
        answer_path="/", ladder=[], next_due=NOW, created_at=NOW - timedelta(days=1), quiet_until=NOW + 5 * MINUTE,
    )  # fmt: skip

    assert told(look(ada, since=NOW)) == [("throttled", "Late")]


def test_page_by_page_nothing_is_left_out_or_doubled(ada, policy):
    """Eleven of one instant and of three kinds, four at a time."""
    for nth in range(6):
        hold(f"held {nth}")
        if nth < 5:
            hear(f"open {nth}")
            hear(f"open {nth}")
    seen, before = [], ""
    while True:
        asked = ledger.Asked(person=ada, now=NOW + MINUTE, since=NOW - MINUTE, before=before)
        found = ledger.look(asked, at_most=4)
        seen += [one.title for one in found.entries]
        if not (before := found.next):
            break

    assert sorted(seen) == sorted([f"About held {n}" for n in range(6)] + [f"About open {n}" for n in range(5)])


@pytest.mark.parametrize(
    "cursor", ["x", "~", "2027-03-23T03:10:00+00:00~99~x", "2027-03-23T03:10:00~0~x", "9999-12-31~0~"]
)
def test_a_strange_cursor_begins_at_the_newest(ada, cursor):
    hold()

    assert len(look(ada, before=cursor).entries) == 1


def test_an_id_that_is_none_still_finds_its_instant(ada):
    hold(now=NOW - MINUTE)

    assert len(look(ada, before=f"{NOW.isoformat()}~0~not an id").entries) == 1


@pytest.mark.parametrize("path", ["/not-sent/", "/api/v1/not-sent/"])
@pytest.mark.parametrize("rank", [0, 3, 6])
@pytest.mark.parametrize("pk", ["x", "99999999999999999999999"])
def test_an_offset_that_the_database_does_not_know_is_read_all_the_same(ada, client, now, path, rank, pk):
    client.force_login(ada)
    response = client.get(path, {"before": f"2027-03-23T03:10:00+23:59~{rank}~{pk}"})

    assert response.status_code == 200


def test_the_screen_keeps_its_filters_in_the_url(ada, client, now):
    hold()
    client.force_login(ada)
    page = client.get("/not-sent/?why=waits_for_hours&days=30&q=About&product=&source=nothing").content.decode()

    assert "About k" in page
    assert '<option value="waits_for_hours" selected>' in page
    assert '<option value="30" selected>' in page


def test_the_screen_asks_the_same_for_many_as_for_one(ada, client, now, policy, django_assert_max_num_queries):
    for nth in range(8):
        hold(f"held {nth}")
        hear(f"open {nth}")
        hear(f"open {nth}")
    client.force_login(ada)
    with django_assert_max_num_queries(14):
        page = client.get("/not-sent/").content.decode()

    assert "About held 7" in page
    assert "About open 7" in page


def test_a_program_reads_it_page_by_page(ada, client, now):
    for nth in range(60):
        hold(f"k{nth:02}")
    client.force_login(ada)
    first = client.get("/api/v1/not-sent/?why=waits_for_hours").json()
    second = client.get(first["next"]).json()

    assert (len(first["results"]), len(second["results"]), second["next"]) == (50, 10, None)
    assert first["results"][0]["until"] == "2027-03-24T03:10:00Z"


def test_a_program_is_told_which_filter_is_wrong(ada, client, now):
    client.force_login(ada)
    response = client.get("/api/v1/not-sent/?why=bored&source=x")

    assert (response.status_code, sorted(response.json())) == (400, ["source", "why"])


def test_alarms_without_a_policy_are_nobodys(ada):
    hear()
    hear(now=NOW + SECOND)
    Alarm.objects.update(policy=None)

    assert told(look(ada, whose=ada)) == []
