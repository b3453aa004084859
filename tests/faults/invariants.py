"""What must hold after every fault, asked of the database and of the telephone company's own store.

Each question finds the rows that break it; none found is good. Source: paging.md 4, I1 to I8, and P6, P7.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

Rows = Callable[..., list[dict[str, Any]]]

# Name, and a query whose rows are broken. {now} is an instant of the system's clock.
QUESTIONS = {
    "I1 an open alarm is not late by a minute": """
        SELECT id, next_due FROM alarms_alarm
        WHERE state <> 'resolved' AND (next_due IS NULL OR next_due < {now} - interval '60 s')""",
    "I2 a fired step has a page or says that it reaches nobody": """
        SELECT step.id, step.alarm_id FROM alarms_logentry step WHERE step.kind = 'step' AND NOT EXISTS (
            SELECT 1 FROM alarms_logentry said
            WHERE said.alarm_id = step.alarm_id AND said.cycle = step.cycle AND said.id > step.id
              AND said.kind IN ('paged', 'nobody') AND NOT EXISTS (
                SELECT 1 FROM alarms_logentry later WHERE later.alarm_id = step.alarm_id AND later.kind = 'step'
                  AND later.id > step.id AND later.id < said.id))""",
    "I2 no step is skipped and none is fired twice": """
        SELECT alarm_id, cycle, text, count(*) FROM alarms_logentry WHERE kind = 'step'
        GROUP BY alarm_id, cycle, text HAVING count(*) > 1""",
    "I3 a calling page is not late by a minute": """
        SELECT id, next_due FROM paging_page WHERE state = 'calling' AND next_due < {now} - interval '60 s'""",
    "I3 an attempt ends": """
        SELECT id, state, started_at FROM paging_attempt
        WHERE state IN ('intent', 'unknown', 'accepted') AND started_at < {now} - interval '15 min'""",
    "I4 no lease that ran out stays unclaimed": """
        SELECT id, state, look_at FROM paging_attempt
        WHERE state IN ('intent', 'unknown', 'accepted') AND look_at < {now} - interval '60 s'""",
    "I5 an intent or an unknown is resolved in 90 s": """
        SELECT id, state, started_at FROM paging_attempt
        WHERE state IN ('intent', 'unknown') AND started_at < {now} - interval '90 s'""",
    "I6 no page is made after an acknowledgement or the end": """
        SELECT over.alarm_id, paged.id, paged.text FROM alarms_logentry over
        JOIN alarms_logentry paged ON paged.alarm_id = over.alarm_id AND paged.cycle = over.cycle AND paged.id > over.id
        JOIN alarms_alarmpage link ON link.alarm_id = paged.alarm_id AND link.page_id = paged.page_id
        WHERE over.kind IN ('acknowledged', 'resolved') AND paged.kind = 'paged' AND link.step >= 0 AND NOT EXISTS (
            SELECT 1 FROM alarms_logentry again WHERE again.alarm_id = over.alarm_id AND again.cycle = over.cycle
              AND again.id > over.id AND again.id < paged.id
              AND again.kind IN ('lapsed', 'reopened', 'escalated', 'reassigned', 'worse'))""",
    "I7 one winner per cycle": """
        SELECT alarm_id, cycle, count(DISTINCT person_id) FROM alarms_logentry WHERE kind = 'acknowledged'
        GROUP BY alarm_id, cycle HAVING count(DISTINCT person_id) > 1 AND NOT bool_or(alarm_id IN (
            SELECT alarm_id FROM alarms_logentry WHERE kind IN ('lapsed', 'escalated', 'reassigned', 'reopened')))""",
    "I7 the holder is who acknowledged": """
        SELECT alarm.id FROM alarms_alarm alarm WHERE alarm.state = 'acknowledged' AND NOT EXISTS (
            SELECT 1 FROM alarms_logentry said WHERE said.alarm_id = alarm.id AND said.cycle = alarm.cycle
              AND said.kind IN ('acknowledged', 'reassigned') AND said.person_id = alarm.acknowledged_by_id)""",
    "I9 every state has a line in the log": """
        SELECT alarm.id, alarm.state FROM alarms_alarm alarm WHERE NOT EXISTS (
            SELECT 1 FROM alarms_logentry said WHERE said.alarm_id = alarm.id AND (
                (alarm.state = 'firing' AND said.kind IN ('fired', 'reopened', 'lapsed', 'worse'))
                OR (alarm.state = 'acknowledged' AND said.kind IN ('acknowledged', 'reassigned'))
                OR (alarm.state = 'resolved' AND said.kind = 'resolved')))""",
    "I10 a signal that was accepted has an alarm": """
        SELECT signal.id FROM signals_signal signal WHERE signal.accepted > 0 AND NOT EXISTS (
            SELECT 1 FROM alarms_alarm alarm WHERE alarm.source_id = signal.source_id)""",
    "I14 nobody is called at an address that was out of use": """
        SELECT attempt.id FROM paging_attempt attempt
        JOIN paging_contactmethod contact ON contact.id = attempt.contact_id
        WHERE contact.disabled_at < attempt.started_at - interval '60 s'""",
}


def broken(rows: Rows, *, now: datetime) -> list[str]:
    """Return a line for every invariant that does not hold, with the first rows that break it."""
    found = []
    for name, query in QUESTIONS.items():
        bad = rows(query.replace("{now}", f"timestamptz '{now.isoformat()}'"))
        if bad:
            found.append(f"{name}: {len(bad)} rows, such as {bad[:3]}")
    return found


@dataclass(frozen=True)
class Taken:
    """A text or a call that the telephone company took. `words`: the text; empty for a call."""

    sid: str
    number: str
    words: str
    at: datetime


def taken(store: Path) -> list[Taken]:
    """Return every text and call that the company took from us, by its own store."""
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as company:
        texts = company.execute(
            "SELECT sid, recipient, body, created_at FROM messages WHERE direction = 'outbound-api'"
        )
        calls = company.execute("SELECT sid, callee, '', created_at FROM calls WHERE direction = 'outbound-api'")
        both = [*texts.fetchall(), *calls.fetchall()]
    return [Taken(sid, number, words, datetime.fromtimestamp(at, UTC)) for sid, number, words, at in both]


@dataclass
class Delivery:
    """What became of the pages of a crowd, none of which is about two alarms."""

    pages: int = 0
    spared: int = 0  # answered, or no longer needed, before anything was sent
    given_up: list[str] = field(default_factory=list)  # and said so: the alarm went on at once
    lost: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)  # taken, and no attempt of ours stands for it
    late: list[str] = field(default_factory=list)  # taken long after the page had ended: P7


P7_S = 30  # an attempt that was claimed before its page ended may still go out for so long
PAGES = """
    SELECT page.id::text, page.reference, page.state, page.ended_at, page.ladder->0->>'address' AS number,
        coalesce(tried.sids, '{}') AS sids, tried.words
    FROM paging_page page JOIN people_person who ON who.id = page.person_id
    LEFT JOIN LATERAL (
        SELECT array_agg(one.sid::text) FILTER (WHERE one.state IN ('accepted', 'finished')) AS sids,
            string_agg(concat_ws(' ', one.channel, one.n, one.state, one.status, one.error_code, one.started_at), ', ')
            AS words
        FROM paging_attempt one WHERE one.page_id = page.id) tried ON true
    WHERE who.username ~ '^c[0-9]'"""


def delivery(rows: Rows, store: Path) -> Delivery:
    """Compare the pages of a crowd (tests/faults/crowd.py) with what the telephone company took.

    A text is its page's by its code, whatever we believe became of it; a call has no words, so that one is its page's
    by the company's id. Each attempt stands for one of them; what none stands for is an extra copy. Source: paging.md
    I8, P6, P7.
    """
    pages = rows(PAGES)
    found = Delivery(pages=len(pages))
    by_number: dict[str, list[Taken]] = {page["number"]: [] for page in pages}
    for one in taken(store):
        by_number.get(one.number, []).append(one)
    stood_for = {sid for page in pages for sid in page["sids"]}
    for page in pages:
        words = f"page {page['id']} ({page['state']}; {page['words']})"
        own = [one for one in by_number[page["number"]] if page["reference"] in one.words or one.sid in page["sids"]]
        if not own and page["state"] in {"cancelled", "answered"} and not page["sids"]:
            found.spared += 1
        elif not own and page["state"] == "unreachable":
            found.given_up.append(words)
        elif not own:
            found.lost.append(words)
        found.late += [
            f"{words}: taken at {one.at}, ended at {page['ended_at']}"
            for one in own
            if page["ended_at"] and one.at > page["ended_at"] + timedelta(seconds=P7_S)
        ]
    words_of = {page["number"]: f"page {page['id']} ({page['state']}; {page['words']})" for page in pages}
    found.extra = [
        f"{'text' if one.words else 'call'} {one.sid} at {one.at} to {number} of {words_of[number]}"
        for number, all_here in by_number.items()
        for one in all_here
        if one.sid not in stood_for
    ]
    return found
