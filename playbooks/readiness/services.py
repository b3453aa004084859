"""Verbs of readiness: plan a night, report, waive, change a check, and look at what is red."""

from datetime import date, datetime, timedelta

from django.db import transaction

from oncall.limits import queries as limits
from oncall.limits.queries import Limits
from oncall.people.models import Person, Team
from oncall.troubles import services as troubles
from oncall.work import services as work
from oncall.work.models import WorkItem
from playbooks.readiness import standing
from playbooks.readiness.models import Check, CheckChange, Night, Result, Waiver
from playbooks.readiness.nights import PACIFIC, day_obs, in_words, time_left, written
from playbooks.readiness.queries import Board, Row, one_night

KIND, URGENT = "readiness", "readiness_urgent"  # of troubles: itest.failed at SEV-3, and at SEV-2
LIST = " run:\n"  # after it, in the text of an item, stands what nobody ran
ORIGIN = "Readiness before the night"  # of work items
ALARM = "itest.failed"  # with this its title begins, so that a playbook finds it
AHEAD = timedelta(days=7)  # own choice: a result for a later night is a slip of the pen
NAMED = 4  # red checks that a trouble names
FEW = 10  # nights that one turn of the chore looks at


class Refused(Exception):
    """It was not done. `field` says what of it is wrong; the message is fit to show."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


# --- Nights -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def plan_night(
    *,
    night: date,
    morning_due: datetime,
    sunset: datetime,
    ends_at: datetime,
    close_of_work: datetime,
    in_force: Limits,
    terms: str,
    now: datetime,
) -> Night:
    """Say when the checks of a night are due, or say it anew where the numbers have changed. UTC instants.

    `ends_at`: sunrise; `close_of_work`: until when the owners are at work; `terms`: of what the caller computed these.
    Doing it twice changes nothing. Source: domain.md 3.2.
    """
    plan = standing.plan(
        morning_due=morning_due,
        sunset=sunset,
        ends_at=ends_at,
        close_of_work=close_of_work,
        before=in_force.span("readiness_before_sunset_s"),
        rerun=in_force.span("readiness_rerun_s"),
        urgent=in_force.span("readiness_urgent_s"),
    )
    row, _ = Night.objects.update_or_create(day_obs=night, defaults={**vars(plan), "terms": terms, "next_due": now})
    return row


def keep(*, now: datetime, limits: Limits) -> None:
    """The chore, each half minute: look at nights at which time has changed something. One query where none is."""
    due = Night.objects.filter(next_due__lte=now).order_by("day_obs").values_list("day_obs", flat=True)
    for night in list(due[:FEW]):
        settle(night=night, now=now)


def settle_open(*, now: datetime) -> None:
    """Look at every night that is not over."""
    nights = Night.objects.filter(next_due__isnull=False).order_by("day_obs").values_list("day_obs", flat=True)
    for night in list(nights[:FEW]):
        settle(night=night, now=now)


def settle_reported(*, now: datetime) -> None:
    """Look at every night that is not over, and for which a result came."""
    nights = Night.objects.filter(next_due__isnull=False, day_obs__in=Result.objects.values("day_obs").distinct())
    for night in list(nights.order_by("day_obs").values_list("day_obs", flat=True)[:FEW]):
        settle(night=night, now=now)


@transaction.atomic
def settle(*, night: date, now: datetime) -> None:
    """Look how a night stands: open and close work items, raise or clear its trouble, keep its verdict.

    While nobody has ever reported a result, nothing is asked of anybody: a site that has no checks is not called for
    them. A night that was never planned has no due times, and waits until it is.
    """
    row = Night.objects.select_for_update().filter(pk=night).first()
    if row is None:
        return
    found, plan = one_night(night, now=now), row.plan
    row.verdict, row.looked_at = found.verdict, now
    waivers = [one.plain for one in Waiver.objects.filter(until__gt=now, ended_at__isnull=True)]
    row.next_due = standing.looks_next(plan, now, waivers=waivers)
    row.save(update_fields=["verdict", "looked_at", "next_due"])
    if not Result.objects.filter(day_obs__lte=night).exists():
        return
    _keep_work(found, plan, now=now)
    _keep_trouble(found, row, now=now)


# --- What a red check asks of people ----------------------------------------------------------------------------------


def _keep_work(found: Board, plan: standing.Plan, *, now: datetime) -> None:
    """A work item for each check that failed, and one for each owner with what nobody ran; closed by themselves when
    it passes, when it was run, or when the night is over.

    One that a person closed stays closed until there is news: they know. A waiver opens none, and leaves the item of a
    check that failed: what is wrong is still to be mended.
    """
    prefix = f"readiness:{written(found.night)}:"
    items: dict[str, WorkItem] = {}
    for item in WorkItem.objects.filter(key__startswith=prefix).order_by("opened_at"):
        items[item.key] = item
    over = now >= plan.ends_at
    wanted: set[str] = set()
    not_run: dict[Team | None, list[Row]] = {}
    for one in found.rows:
        key = f"{prefix}{one.check.number}"
        if one.standing.was == "fail" and not over:
            wanted.add(key)
            if one.standing.is_red and _is_news(one, items.get(key)):
                _open(one, key, found, plan, now=now)
        elif one.standing.state == "missing" and not over:
            not_run.setdefault(one.check.owner_team, []).append(one)
    for team, rows in not_run.items():
        key = f"{prefix}not-run:{team.slug if team else ''}"
        wanted.add(key)
        _open_not_run(rows, items.get(key), key, team, found, plan, now=now)
    for key, item in items.items():
        if key not in wanted and item.state == WorkItem.State.OPEN:
            why = "The night is over." if over else "It was run." if "not-run" in key else "The check passed."
            work.close_item(key=key, now=now, outcome=why)


def _is_news(one: Row, item: WorkItem | None) -> bool:
    """Say whether a check that failed has something to say that its newest work item does not know."""
    if item is None or (item.state == WorkItem.State.DONE and item.done_by_id is None):
        return True
    return one.newest is not None and one.newest.at > (item.done_at or item.changed_at)


def _open(one: Row, key: str, found: Board, plan: standing.Plan, *, now: datetime) -> None:
    check = one.check
    said = [f"{_what(one, now=now)} {_left(plan, now=now)}", one.newest.detail if one.newest else ""]
    said += [f"Limit: {check.limit}." if check.limit else "", check.how]
    said.append("This is closed by itself when the check passes. Where it cannot, ask for a waiver on the page.")
    work.open_item(
        key=key,
        title=f"Before the night of {in_words(found.night)}: check {check.number} failed, {check.title}",
        text="\n".join(part for part in said if part),
        url=f"{found.path}#check-{check.number}",
        team=check.owner_team,
        due=_due(plan, now=now),
        origin=ORIGIN,
        now=now,
    )


def _open_not_run(
    rows: list[Row],
    item: WorkItem | None,
    key: str,
    team: Team | None,
    found: Board,
    plan: standing.Plan,
    *,
    now: datetime,
) -> None:
    """One item for all that nobody ran: where a job did not run at all, that is one thing to mend."""
    which = "\n".join(f"{row.check}{_why_stale(row)}" for row in rows)
    if item is not None and item.state == WorkItem.State.OPEN and item.text.partition(LIST)[2] == which:
        return
    if item is not None and item.done_at and item.done_by_id and not item.done_at < plan.evening_due <= now:
        return  # somebody closed it: they know, until the second run
    count = f"{len(rows)} check{'s were' if len(rows) > 1 else ' was'}"
    work.open_item(
        key=key,
        title=f"Before the night of {in_words(found.night)}: {count} not run",
        text=f"Nobody has reported a result. {_left(plan, now=now)} It is closed by itself when they are{LIST}{which}",
        url=found.path,
        team=team,
        due=_due(plan, now=now),
        origin=ORIGIN,
        now=now,
    )


def _why_stale(row: Row) -> str:
    """Say why a pass is none, after a colon; nothing where nobody reported any."""
    if row.standing.stale == "version":
        return f": not with {row.behind}"
    return {"": "", "early": ": not since the day before", "again": ": not run again before sunset"}[row.standing.stale]


def _left(plan: standing.Plan, *, now: datetime) -> str:
    left = time_left(now, close_of_work=plan.close_of_work, sunset=plan.sunset)
    return f"{left[:1].upper()}{left[1:]}."


def _due(plan: standing.Plan, *, now: datetime) -> datetime | None:
    """Return what comes first: sunset, the close of work, the end of the night."""
    return min((at for at in (plan.close_of_work, plan.sunset, plan.ends_at) if at > now), default=None)


def _what(one: Row, *, now: datetime) -> str:
    """Say when a check failed, in a sentence."""
    assert one.newest is not None  # what failed has a result
    at = one.newest.at.astimezone(PACIFIC)
    day = "" if at.date() == now.astimezone(PACIFIC).date() else f" on {at.day} {at:%b}"
    version = f" with {one.newest.version}" if one.newest.version else ""
    return f"It failed{version} at {at:%H:%M} Pacific{day}."


def _keep_trouble(found: Board, night: Night, *, now: datetime) -> None:
    """itest.failed, as long as something red calls; the urgent kind is the same alarm, grown worse.

    What is red anew is another trouble, though one is open: whoever put that aside did not know of this.
    """
    key, call = written(found.night), standing.calls([row.standing for row in found.rows], night.plan, now)
    kinds = {"": "", "red": KIND, "urgent": URGENT}
    called = [f"{row.check.number} {row.standing.state}" for row in found.red] if call else []
    if call:
        named = ", ".join(f"{row.check.number} {row.check.title} ({row.word})" for row in found.red[:NAMED])
        more = f" and {len(found.red) - NAMED} more" if len(found.red) > NAMED else ""
        count = f"{len(found.red)} check{'s are' if len(found.red) > 1 else ' is'} red"
        text = f"{ALARM}: {count} before the night of {in_words(found.night)}: {named}{more}."
        if night.called and not set(called) <= set(night.called):
            troubles.clear_trouble(kind=kinds[call], key=key, now=now)
        troubles.raise_trouble(kind=kinds[call], key=key, text=text, url=found.path, now=now)
    for kind in {KIND, URGENT} - {kinds[call]}:
        troubles.clear_trouble(kind=kind, key=key, now=now)
    if called != night.called:
        night.called = called
        night.save(update_fields=["called"])


# --- Results ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def record(
    *,
    night: date,
    check: Check,
    result: str,
    by: Person,
    now: datetime,
    version: str = "",
    link: str = "",
    detail: str = "",
    by_hand: bool = False,
) -> tuple[Result, bool]:
    """Keep what a check found for a night, and act on it. Returns the result, and whether it is new.

    The same said again by the same person within `readiness_repeat_s` is the same result, but not where the second run
    has begun in between: then it is that run's. `result`: pass or fail.

    :raises Refused: for a night too far ahead, or one before which the check is not made.
    """
    if night > day_obs(now) + AHEAD:
        raise Refused("night", f"{in_words(night)} is too far ahead. Report for tonight, {written(day_obs(now))}.")
    check = Check.objects.select_for_update().get(pk=check.pk)  # two who report it at once come one after the other
    if night < check.used_from or (check.used_until is not None and night >= check.used_until):
        raise Refused("check", f"Check {check} is not made before {in_words(night)}. See the board for those that are.")
    said = {"result": result, "version": version, "link": link, "detail": detail, "by": by, "by_hand": by_hand}
    last = Result.objects.filter(day_obs=night, of=check).select_related("by", "of").first()
    if last and all(getattr(last, name) == value for name, value in said.items()) and _is_repeat(last, now=now):
        return last, False
    row = Result.objects.create(day_obs=night, of=check, at=now, **said)
    settle(night=night, now=now)
    return row, True


def _is_repeat(last: Result, *, now: datetime) -> bool:
    if not timedelta() <= now - last.at < limits.at(now).span("readiness_repeat_s"):
        return False
    began = Night.objects.filter(pk=last.day_obs).values_list("rerun_from", flat=True).first()
    return began is None or not last.at < began <= now


def why_not(row: Result) -> str:
    """Say why a result changes nothing; nothing where it may."""
    over = Night.objects.filter(pk=row.day_obs, ends_at__lte=row.at).first()
    if over is None:
        return ""
    return f"The night of {in_words(row.day_obs)} was over at {over.ends_at:%H:%M} UTC: it is kept and changes nothing."


# --- Waivers ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def waive(*, check: Check, why: str, until: datetime, by: Person, now: datetime) -> Waiver:
    """Let a check be red until an instant, with a reason.

    :raises Refused: without a reason, without an end ahead, or for longer than `readiness_waiver_days`.
    """
    days = limits.at(now).count("readiness_waiver_days")
    if not why.strip():
        raise Refused("why", "Say why this may be red: whoever observes tonight reads it.")
    if until <= now:
        raise Refused("until", "That is past. Say until when it may be red.")
    if until > now + timedelta(days=days):
        raise Refused(
            "until", f"A check is waived for {days} days at most. Choose an earlier end, and look again then."
        )
    row = Waiver.objects.create(of=check, by=by, why=why.strip()[:500], starts_at=now, until=until)
    settle_open(now=now)
    return row


@transaction.atomic
def end_waiver(*, waiver: Waiver, by: Person, now: datetime) -> Waiver:
    """Take a waiver back. Doing it twice, or when it has ended, changes nothing."""
    waiver = Waiver.objects.select_for_update().get(pk=waiver.pk)
    if waiver.ended_at is None and now < waiver.until:
        waiver.ended_at, waiver.ended_by = now, by
        waiver.save(update_fields=["ended_at", "ended_by"])
        settle_open(now=now)
    return waiver


# --- Checks -----------------------------------------------------------------------------------------------------------

SAYS = {
    "title": "title", "how": "how", "limit": "limit", "owner_team": "owner", "used_from": "made from",
    "used_until": "made until",
}  # fmt: skip


@transaction.atomic
def change_check(*, check: Check, by: Person, now: datetime, **said: object) -> list[str]:
    """Change what a check says (its title, how, limit, owner_team, used_from, used_until), and keep what was changed.

    Returns it in words, nothing where nothing is different.

    :raises Refused: where a night that is past would have another check, or lose one.
    """
    before = Check.objects.select_for_update().get(pk=check.pk)
    changed = []
    for name, became in said.items():
        was = getattr(before, name)
        if was != became:
            _refuse_past(name, was, became, now=now)
            setattr(before, name, became)
            changed.append(f"{SAYS[name]}: {_said(was)} → {_said(became)}")
    if changed:
        before.save(update_fields=list(said))
        CheckChange.objects.create(of=before, at=now, by=by, text="\n".join(changed))
        settle_open(now=now)
    return changed


@transaction.atomic
def add_check(*, check: Check, by: Person, now: datetime) -> Check:
    """Add a check that is not there yet; its number follows the greatest.

    :raises Refused: where it would be made before a night that is past.
    """
    _refuse_past("used_from", check.used_from, check.used_from, now=now)
    last = Check.objects.select_for_update().order_by("-number").first()
    check.number = last.number + 1 if last else 1
    check.save(force_insert=True)
    CheckChange.objects.create(of=check, at=now, by=by, text="added")
    settle_open(now=now)
    return check


def _refuse_past(name: str, was: object, became: object, *, now: datetime) -> None:
    """Refuse to change before which nights a check is made, where one of them is past: it was judged as it was."""
    tonight = day_obs(now)
    if name not in ("used_from", "used_until"):
        return
    if isinstance(became, date) and became < tonight:
        raise Refused(name, f"That night is past, and stays as it was. Choose {tonight:%d %b %Y} or later.")
    if isinstance(was, date) and was < tonight:
        words = "made" if name == "used_from" else "not made any more"
        raise Refused(name, f"It is {words} since {was:%d %b %Y}, which is past and stays. Add another check instead.")


def _said(value: object) -> str:
    return f"“{value}”" if value not in (None, "") else "nothing"
