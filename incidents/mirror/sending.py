"""An edge: the thread that keeps channels in Slack as their incidents are. Behind every page, never before one.

A channel is claimed by a lease, and every request is one step: committed before, made without a lock, recorded after.
A line goes once: one whose answer was lost is looked for in the channel, by our mark, before it is said again.
"""

from datetime import datetime, timedelta
from operator import methodcaller
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F

from incidents.command.lifecycle import LIVE
from incidents.command.models import Incident
from incidents.mirror import catching_up, crowd, gathering, queries, services, wording
from incidents.mirror.asking import (
    ARCHIVED,
    ARCHIVED_BY_HAND,
    HARMLESS,
    Claim,
    Failed,
    Lost,
    ask,
    ask_in_vain,
    is_about_the_channel,
    take,
)
from incidents.mirror.asking import keep as hold
from incidents.mirror.models import Line, Mirror
from oncall import clock
from oncall.limits.queries import Limits
from oncall.outside.lane import Lane
from oncall.troubles import services as troubles

if TYPE_CHECKING:
    from oncall.paging.slack_channels import Answer

LANE = Lane("mirror", at_most=1)
AT_ONCE = 5  # channels, and lines of one, in a second: Slack takes about one message a second for a channel
SOON, LATER = timedelta(seconds=1), timedelta(seconds=15)  # between two looks at a live incident, and at another
FIRST_PAUSE_S, LONGEST_PAUSE_S = 2, 600  # before Slack is asked again; own choice
ALOUD_AFTER = timedelta(minutes=10)  # of failing, until it is a trouble; own choice
MOST_REFUSALS = 3  # of one line, until the others go on without it
OF_THREADS = frozenset({"thread_not_found", "cannot_reply_to_message", "restricted_action_thread_locked"})
NOT_PRIVATE = "The incident is restricted now, so its public channel{} was archived. Go on, and it has a private one."


def keep(*, now: datetime, limits: Limits) -> None:
    """Each second: let incidents have their channel, and start the thread if one is due. Three queries at most."""
    if not queries.is_offered():
        return
    services.follow(now=now)
    if queries.anything_to_do(now=now):
        LANE.start(work_due)


def work_due() -> None:
    """Work on what is due, a few channels."""
    for _ in range(AT_ONCE):
        claim = take(now=clock.now())
        if claim is None:
            return
        work(claim)


def work(claim: Claim) -> None:
    """Bring one channel up to date, as far as Slack takes it; what fails is noted, and tried again."""
    try:
        _bring_up_to_date(claim)
    except Lost:
        return
    except Failed as failed:
        _record_failure(claim, failed, now=clock.now())


def _bring_up_to_date(claim: Claim) -> None:
    mirror = _fresh(claim)
    incident = mirror.incident
    if incident.restricted and not mirror.private:
        _leave(claim, mirror)
        return
    if mirror.state == Mirror.State.STOPPED:  # it was opened again before its channel could be put away
        _rest(claim, again=None)
        return
    if not mirror.channel:
        _make(claim, mirror, incident)
    if mirror.state == Mirror.State.ARCHIVED and incident.state in LIVE:
        _open_again(claim, mirror)
    crowd.learn_names(claim, mirror)
    if mirror.state == Mirror.State.ARCHIVED:
        _rest(claim, again=None)
        return
    catching_up.catch_up(claim, mirror)
    has_news = gathering.gather(mirror, incident, now=clock.now())
    if not mirror.marked:
        ask_in_vain(claim, lambda slack: slack.set_purpose(mirror.channel, _purpose(incident)))
        hold(claim, marked=True)
    if mirror.crowd_changed or (mirror.private and has_news):
        crowd.show_out(claim, mirror, incident)  # before anything more is said
    for guest in mirror.guests.filter(done_at__isnull=True).order_by("pk"):
        crowd.invite(claim, mirror, guest)
    topic = gathering.topic_of(incident)
    if topic != mirror.topic:
        ask_in_vain(claim, lambda slack: slack.set_topic(mirror.channel, topic))
        hold(claim, topic=topic)
    for line in queries.waiting(mirror)[:AT_ONCE]:
        _say(claim, mirror, line)
    _finish(claim, mirror, incident)


def _leave(claim: Claim, mirror: Mirror) -> None:
    """Put away a channel that everybody could read: what is restricted is said there no more (R43). Another that takes
    its place is told all of it again.
    """
    if mirror.channel:
        ask(claim, lambda slack: slack.archive(mirror.channel))
    with transaction.atomic():
        hold(
            claim,
            state=Mirror.State.STOPPED,
            channel="",
            name="",
            topic="",
            cursor="",
            heard_until="",
            looked_at=None,
            marked=False,
        )
        mirror.lines.all().delete()
        mirror.guests.all().delete()
        _rest(claim, again=None, text=NOT_PRIVATE.format(f" #{mirror.name}" if mirror.channel else ""))


def _fresh(claim: Claim) -> Mirror:
    found = Mirror.objects.select_related("incident").filter(pk=claim.id, lease_token=claim.lease).first()
    if found is None:
        raise Lost
    return found


def _make(claim: Claim, mirror: Mirror, incident: Incident) -> None:
    """Make the channel, once. A name that another channel has is left to it."""
    for nth in range(mirror.nth_name, mirror.nth_name + 9):
        asked_before = bool(mirror.name) and nth == mirror.nth_name
        name = mirror.name if asked_before else _name(mirror, incident, nth)
        hold(claim, name=name, nth_name=nth)
        made = ask(
            claim,
            methodcaller("create", name, private=mirror.private),
            allowed=frozenset({"name_taken"}),
        )
        channel = str(made.data["channel"]["id"]) if made.failed is None else ""
        if made.failed is not None and asked_before:  # made by a request whose answer was lost?
            channel = ask(claim, methodcaller("find_unmarked", name, private=mirror.private)).data
        if channel and not Mirror.objects.filter(channel=channel).exists():
            hold(claim, channel=channel, state=Mirror.State.OPEN)
            mirror.channel, mirror.state, mirror.name = channel, Mirror.State.OPEN, name
            return
    raise Failed(f"Slack has channels of every name that begins with {mirror.name}.")


def _name(mirror: Mirror, incident: Incident, nth: int) -> str:
    return wording.channel_name(incident.number, incident.title, restricted=mirror.private, nth=nth)


def _open_again(claim: Claim, mirror: Mirror) -> None:
    """Unarchive it. Slack lets no app do so where only people may: then it says who must."""
    answer = ask(claim, lambda slack: slack.unarchive(mirror.channel), allowed=HARMLESS | {"not_in_channel"})
    if answer.word == "not_in_channel":
        raise Failed(ARCHIVED_BY_HAND, word=ARCHIVED)
    hold(claim, state=Mirror.State.OPEN)
    mirror.state = Mirror.State.OPEN


def _purpose(incident: Incident) -> str:
    return f"Mirror of {gathering.absolute(incident.path)}. What is written here becomes a line there."


def _say(claim: Claim, mirror: Mirror, line: Line) -> None:
    """Say one line, or change it. What Slack will never have is left out: the others must not wait for it."""
    if not mirror.private and Incident.objects.filter(pk=mirror.incident_id, restricted=True).exists():
        raise Lost  # just now: the next look puts the channel away
    key = f"{mirror.pk.hex}:{line.key}"
    mine = Line.objects.filter(pk=line.pk)
    try:
        if line.ts:
            ask(claim, lambda slack: slack.change(mirror.channel, line.ts, line.text, key=key))
        else:
            line.ts = _post(claim, mirror, line, key=key)
    except Failed as failed:
        mine.update(refused=F("refused") + 1, error_text=str(failed)[:300])
        if not failed.word or line.refused + 1 < MOST_REFUSALS or is_about_the_channel(failed):
            raise
        mine.update(left_out=True)
        return
    mine.update(ts=line.ts, shown_edition=line.edition, error_text="")


def _post(claim: Claim, mirror: Mirror, line: Line, *, key: str) -> str:
    """Return the timestamp of the line's message: of one that is there already, or a new one."""
    thread = _thread_of(mirror, line)
    if line.tries:
        last = mirror.lines.exclude(ts="").order_by("-pk").values_list("ts", flat=True).first() or ""
        since = thread or last
        found = ask(claim, lambda slack: slack.find_line(mirror.channel, key=key, thread=thread, since=since))
        if found.data:
            return str(found.data)
    Line.objects.filter(pk=line.pk).update(tries=F("tries") + 1)
    answer: Answer | None = None

    def post(slack: Any) -> "Answer":
        nonlocal answer
        answer = slack.post(mirror.channel, line.text, key=key, thread=thread)
        return answer

    try:
        said = ask(claim, post, allowed=OF_THREADS)
        if said.word in OF_THREADS:  # what it corrects was removed in Slack
            said = ask(claim, lambda slack: slack.post(mirror.channel, line.text, key=key))
    except Failed:
        if answer is not None and answer.surely_not:
            Line.objects.filter(pk=line.pk).update(tries=0)
        raise
    return str(said.data["ts"])


def _thread_of(mirror: Mirror, line: Line) -> str:
    """Return the message to answer: that of the corrected line, or the first of its thread; "" where there is none."""
    key, seen = line.answers, 0
    top = ""
    while key and seen < 50:
        seen += 1
        known = mirror.lines.filter(key=key).first()
        if known is not None:
            top, key = known.ts or top, known.answers
            continue
        heard = mirror.heard.filter(nth=int(key[1:])).first() if key[1:].isdigit() else None
        return (heard.thread or heard.ts) if heard is not None else top
    return top


def _finish(claim: Claim, mirror: Mirror, incident: Incident) -> None:
    """Say when it is looked at next; what is over, and said, is archived."""
    is_over = incident.state in queries.OVER
    more = queries.waiting(mirror).exists()
    if is_over and not more and mirror.state == Mirror.State.OPEN:
        catching_up.catch_up(claim, mirror, at_once=True)
        ask_in_vain(claim, lambda slack: slack.archive(mirror.channel))
        hold(claim, state=Mirror.State.ARCHIVED)
    _rest(claim, again=None if is_over and not more else SOON if more or incident.state in LIVE else LATER)


def _rest(claim: Claim, *, again: timedelta | None, text: str = "") -> None:
    """Let go of the channel: Slack took all that it was asked. `again`: when it is looked at next. `text`: to be
    shown on its page.
    """
    now = clock.now()
    mine = Mirror.objects.filter(pk=claim.id, lease_token=claim.lease)
    was_failing = mine.filter(failing_since__isnull=False).exists()
    due = None if again is None else now + again
    mine.update(next_due=due, lease_token=None, tries=0, error_text=text, failing_since=None)
    if was_failing:
        troubles.clear_trouble(kind=services.TROUBLE, key=str(claim.id), now=now)


@transaction.atomic
def _record_failure(claim: Claim, failed: Failed, *, now: datetime) -> None:
    """Note why, and when it is tried again; said aloud when it has lasted."""
    mirror = Mirror.objects.select_for_update(of=("self",)).select_related("incident").filter(pk=claim.id).first()
    if mirror is None or mirror.lease_token != claim.lease:
        return
    if failed.word == ARCHIVED and mirror.incident.state in queries.OVER:  # our own doing: its answer was lost
        mirror.state, mirror.next_due, mirror.lease_token = Mirror.State.ARCHIVED, None, None
        mirror.save()
        return
    mirror.tries, mirror.lease_token, mirror.error_text = mirror.tries + 1, None, str(failed)[:300]
    mirror.failing_since = mirror.failing_since or now
    pause = timedelta(seconds=min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(mirror.tries - 1, 10)))
    mirror.next_due = now + (failed.retry_after or pause)
    mirror.save()
    if now - mirror.failing_since >= ALOUD_AFTER:
        which = "A channel" if mirror.incident.restricted else f"The channel of incident {mirror.incident.number}"
        troubles.raise_trouble(
            kind=services.TROUBLE,
            key=str(mirror.pk),
            text=f"{which} in Slack is not kept up to date: {failed}"[:300],
            url="" if mirror.incident.restricted else mirror.incident.path,
            now=now,
        )
