"""What holds of the rules whatever a night brings."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.latency.facts import KINDS, LATE, LINK, NEXT_VISIT, NONE, WITHHELD, Announced, Facts, Seen, picture
from incidents.latency.remembering import read, written
from incidents.latency.rules import QUIET, look
from incidents.latency.standing import BEGINS, OVER, WORSE, Memory, step
from incidents.latency.verdict import Told
from tests.incidents.latency.seeded import NUMBERS, TERMS, night_of

NOW = datetime(2027, 6, 21, 4, 0, tzinfo=UTC)
BY_DAY = datetime(2027, 6, 21, 15, 0, tzinfo=UTC)
TERMS_OF = {one.kind: one for one in TERMS}
OF_IMAGES = (NONE, WITHHELD, LATE, NEXT_VISIT)
seconds = st.integers(0, 3600).map(lambda s: timedelta(seconds=s))


@st.composite
def seen(draw, now=NOW):
    """A visit of the last hour, as anybody may tell it."""
    end = now - draw(seconds)
    sent = draw(st.sampled_from([0, 0, 100, 9_800, 45_000]))
    first = end + draw(st.integers(10, 2000).map(lambda s: timedelta(seconds=s))) if sent else None
    told = Told(
        instrument=draw(st.sampled_from(["LSSTCam", "LSSTCam", "LSSTCam", "LATISS"])),
        end_readout=end,
        on_sky=draw(st.sampled_from([True, True, False])),
        dome_open=draw(st.sampled_from([True, True, False])),
        alerts_expected=draw(st.sampled_from([True, True, False])),
        expected_alerts=draw(st.sampled_from([None, 9_800, 50_000])),
        waived=draw(st.sampled_from(["", "", "template_gap", "engineering"])),
        reported=bool(sent) or draw(st.booleans()),
        sent=sent,
        sent_within_limit=draw(st.integers(0, sent)),
        first_sent_at=first,
        stage=draw(st.sampled_from(["none", "isr", "single_frame", "ap_pipe", "sent"])),
        ended=draw(st.sampled_from(["complete", "failed"])),
    )
    heard = end + draw(seconds)
    return Seen(draw(st.integers(1, 10**6)), told, min(heard, now), first)


nights = st.lists(seen(), max_size=25, unique_by=lambda one: one.visit_id).map(tuple)
announcements = st.lists(
    st.builds(lambda ago, visit: Announced(NOW - ago, NOW - ago, visit), seconds, st.none() | st.integers(1, 10**6)),
    max_size=8,
).map(tuple)


def facts(visits=(), now=NOW, next_visits=(), **fields):
    night, dark = night_of(now)
    newest = max(next_visits, key=lambda one: one.announced_at, default=None)
    awake = now - timedelta(hours=1)
    return Facts(now, night, dark, awake, visits=visits, next_visits=next_visits, announced=newest, **fields)


def found(facts):
    judged = picture(facts, NUMBERS)
    return {kind: look(judged, TERMS_OF[kind]) for kind in KINDS}


@given(nights, announcements, st.randoms())
def test_the_order_in_which_records_come_decides_nothing(visits, announced, random):
    mixed, also = list(visits), list(announced)
    random.shuffle(mixed)
    random.shuffle(also)
    assert found(facts(tuple(mixed), next_visits=tuple(also))) == found(facts(visits, next_visits=announced))


@given(nights, announcements)
def test_no_rule_about_images_fires_without_an_eligible_one_past_the_alarm_limit(visits, announced):
    said = found(facts(visits, next_visits=announced))
    lines = picture(facts(visits), NUMBERS).lines
    past = [line for line in lines if NOW - line.at >= timedelta(seconds=120) or line.flows]
    if not past:
        assert not any(said[kind].fires for kind in OF_IMAGES)
    assert not any(said[kind].fires for kind in (NONE, WITHHELD, NEXT_VISIT)) or any(line.silent for line in lines)


@given(st.lists(seen(now=BY_DAY), max_size=25, unique_by=lambda one: one.visit_id).map(tuple))
def test_nothing_fires_by_day(visits):
    assert {one.says for one in found(facts(visits, now=BY_DAY)).values()} == {QUIET}


@given(nights, st.integers(0, 24))
def test_alerts_for_one_more_visit_never_make_missing_ones_fire(visits, which):
    before = found(facts(visits))
    changed = list(visits)
    if changed:
        one = changed[which % len(changed)]
        first = one.told.end_readout + timedelta(seconds=30)
        good = replace(one.told, sent=9_800, sent_within_limit=9_800, first_sent_at=first, reported=True)
        changed[which % len(changed)] = replace(one, told=good, last_sent_at=first)
    after = found(facts(tuple(changed)))
    assert before[NONE].fires or not after[NONE].fires


@given(nights)
def test_a_closed_dome_ends_what_the_silence_of_the_link_means(visits):
    said = found(facts(visits, beat_at=NOW - timedelta(hours=1), dome=False, dome_at=NOW))
    assert not said[LINK].fires


@given(nights, st.integers(0, 170))
def test_a_sign_of_life_within_three_minutes_keeps_the_link_quiet(visits, ago):
    assert not found(facts(visits, beat_at=NOW - timedelta(seconds=ago)))[LINK].fires


@settings(max_examples=30, deadline=None)
@given(nights, announcements)
def test_a_rule_begins_gets_worse_at_most_once_and_is_over_in_this_order(visits, announced):
    memory = Memory()
    story: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for minute in range(80):
        now = NOW - timedelta(minutes=60 - minute)
        known = tuple(one for one in visits if one.heard_at <= now)
        heard = tuple(one for one in announced if one.heard_at <= now)
        at = replace(facts(known, next_visits=heard), now=now, spans=memory.spans(now), over=memory.over())
        looked = step(memory, at, TERMS, day_obs=20270620, numbers=NUMBERS)
        memory = looked.memory
        assert read(written(memory)) == memory
        for change in looked.changes:
            story[change.kind].append(change.what)
    for told in story.values():
        words = "".join({BEGINS: "b", WORSE: "w", OVER: "o"}[one] for one in told)
        assert words.replace("bwo", "").replace("bo", "") in ("", "b", "bw")


def test_a_run_that_is_not_long_enough_is_quiet_and_says_what_it_takes():
    visits = tuple(Seen(n, good_told(NOW - timedelta(seconds=37 * n)), NOW) for n in range(1, 3))
    said = found(facts(visits))[NONE]
    assert (said.says, said.why) == (QUIET, "0 of the last images are without alerts; it takes 3 in a row.")


def good_told(end):
    return Told("LSSTCam", end, True, True, True)
