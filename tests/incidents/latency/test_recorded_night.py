"""A recorded night of 1,000 visits: verdicts, budget and alarms as worked out by hand, whatever the order."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from incidents.alarms.models import Alarm
from incidents.latency import budget
from incidents.latency.models import Visit
from incidents.latency.recording import write
from incidents.latency.rehearsal import rehearse
from tests.incidents.latency import recorded
from tests.incidents.latency.seeded import NUMBERS, TERMS, night_of

# 1,000 visits: 50 without a pipeline, 20 template gaps, 1 flood, 10 flats are not eligible. 15 of the crash and the 30
# of the cut were caught up by day and are delayed, as are the 50 late ones; the others of the outages failed.
VERDICTS = {"in_time": 759, "delayed": 95, "failed": 65, "not_eligible": 81}
NOT_ELIGIBLE = {"block": 50, "template_gap": 20, "flood": 1, "sky": 10}

# kind, fired, each further severity and when, resolved; in seconds after the first image, looked at each 5 s.
PROMPT = [
    ("alerts.none", 11_425, [2, (12_025, 1)], 12_420, "single_frame"),
    ("alerts.withheld", 16_975, [2], 17_970, "ap_pipe"),
    ("alerts.flood", 20_415, [3], 20_600, "ap_pipe"),
    ("alerts.late", 22_500, [2], 24_260, "sent"),
    ("heartbeat.lost", 26_050, [2, (26_770, 1)], 27_220, "link"),
    ("nextvisit.none", 31_650, [2], 32_400, "none"),
    ("alerts.none", 31_775, [2], 32_400, "none"),
]
HALF_DELAYED = [
    ("alerts.none", 11_400, [2, (12_000, 1)], 12_570, "single_frame"),
    ("alerts.withheld", 16_950, [2], 18_120, "ap_pipe"),
    ("alerts.flood", 20_415, [3], 20_785, "ap_pipe"),
    ("alerts.late", 22_615, [2], 24_410, "sent"),
    ("heartbeat.lost", 26_040, [2, (26_760, 1)], 27_370, "link"),
    ("nextvisit.none", 31_725, [2], 32_550, "none"),
    ("alerts.none", 31_750, [2], 32_550, "none"),
]


def play(records):
    return rehearse(records, terms=TERMS, numbers=NUMBERS, night_of=night_of, expected=recorded.EXPECTED)


def offset(instant):
    return round((instant - recorded.START).total_seconds()) if instant else None


def table(rehearsed):
    return [
        (
            one.kind,
            offset(one.fired_at),
            [one.severities[0][1], *((offset(at), severity) for at, severity in one.severities[1:])],
            offset(one.resolved_at),
            one.stage,
        )
        for one in rehearsed.alarms
    ]


@pytest.fixture(scope="module")
def prompt():
    return play(recorded.night())


@pytest.fixture(scope="module")
def half_delayed():
    return play(recorded.half_delayed())


def test_every_record_is_taken_and_the_rules_are_asked_each_five_seconds(prompt):
    assert prompt.refused == []
    first, last = -600, recorded.CATCH_UP_S + 15 * 60
    assert prompt.looks == (last - first) // 5 + 1


def test_the_verdicts_are_those_of_the_table(prompt):
    assert dict(prompt.verdicts()) == VERDICTS
    assert dict(prompt.why_not_eligible()) == NOT_ELIGIBLE


def test_the_budget_is_that_of_the_table(prompt):
    counts = budget.Counts(**prompt.verdicts())
    night = {name: one.percent for name, one in budget.uses(counts, budget.Budget(), of=counts.eligible).items()}
    year = {name: one.percent for name, one in budget.uses(counts, budget.Budget(), of=300_000).items()}

    assert counts.eligible == 919
    # 160 of 18.38, 95 of 9.19, 65 of 0.919; 160 of 6,000, 95 of 3,000, 65 of 300
    assert {name: str(one) for name, one in night.items()} == {
        "late_2": "870.5",
        "delayed_1": "1033.7",
        "failed_01": "7072.9",
    }
    assert {name: str(one) for name, one in year.items()} == {"late_2": "2.7", "delayed_1": "3.2", "failed_01": "21.7"}


def test_the_alarms_of_the_prompt_night_are_those_of_the_table(prompt):
    assert table(prompt) == PROMPT


def test_the_alarms_of_the_half_delayed_night_are_those_of_another_table(half_delayed):
    assert table(half_delayed) == HALF_DELAYED


def test_a_half_delayed_night_ends_with_the_same_verdicts(half_delayed):
    assert dict(half_delayed.verdicts()) == VERDICTS
    assert dict(half_delayed.why_not_eligible()) == NOT_ELIGIBLE


def test_shuffled_and_doubled_lines_change_nothing(prompt):
    records = recorded.night()
    mixed = records + [replace(one, at=one.at + timedelta(seconds=1)) for one in records[::7]]
    random.Random(5).shuffle(mixed)

    again = play(mixed)

    assert table(again) == PROMPT
    assert again.visits == prompt.visits


@pytest.mark.django_db
def test_a_rehearsal_is_told_in_words_and_keeps_nothing(tmp_path, capsys):
    file = tmp_path / "night.jsonl"
    crash = [one for n in range(290, 340) for one in recorded.of_visit(n)]
    file.write_text("".join([*write(crash), '{"kind":"visit","at":"2027-06-21T04:00:00Z","body":{}}\n']))

    call_command("rehearse_night", str(file))

    told = capsys.readouterr()
    lines = [" ".join(line.split()) for line in told.out.splitlines()]
    # 20 good ones; of 30 lost ones 15 were caught up by day
    assert {"in time 20", "delayed 15", "failed 15"} <= set(lines)
    assert "2 % not in time 30 visits, 3000.0 % of the night's, 0.5 % of the year's" in lines
    alarm = "21 02:00:25 alerts.none SEV-2 SEV-1 at 02:10:25 Images are taken and no alerts go out since 01:55 UTC"
    assert any(line.startswith(alarm) for line in lines)
    assert "21 02:17:00 over" in lines
    assert "not taken: 2027-06-21T04:00:00Z visit: visit_id: Missing." in told.err
    assert not Visit.objects.exists()
    assert not Alarm.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "every", "said"),
    [
        ("{", 5, "Line 1: this is no JSON"),
        ('{"kind":"x","at":"2027-06-21T04:00:00Z","body":{}}', 5, "kind is 'x'; it must be one of"),
        ("", 0, "look at least each 600 s"),
    ],
)
def test_what_is_no_record_of_a_night_is_said(tmp_path, text, every, said):
    file = tmp_path / "night.jsonl"
    file.write_text(text)
    with pytest.raises(CommandError, match=said):
        call_command("rehearse_night", str(file), every=every)
