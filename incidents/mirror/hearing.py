"""What people say in an incident's channel becomes lines of its timeline: notes of theirs, changes as corrections.

Whoever's account nobody here has proved is quoted by name, not taken for anybody. It is kept as it came, and then
written down in order; told twice it is one line. Slack tells in any order: a change that comes before its message
waits for it, and one that comes after a newer change is passed over.
"""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F, QuerySet

from incidents.command import noting, services
from incidents.command.models import Entry, Incident
from incidents.command.writing import Refused, lock, write
from incidents.mirror import queries, wording
from incidents.mirror.models import Heard, Mirror, Stranger
from incidents.mirror.reading import GONE, Saying
from oncall.people.models import Person

AT_A_TIME = 50
MOST_TRIES = 5  # to learn a name; then it is written down without
NAMELESS = "somebody"
EMPTY = "(nothing is left of it)"


def take(saying: Saying, *, at: datetime, now: datetime) -> Heard | None:
    """Keep what was said, and write it down if we know everybody in it. `at`: when, by our clock.

    Nothing where the channel is none of ours, or was stopped; twice is once.
    """
    found = Mirror.objects.filter(channel=saying.channel).exclude(state=Mirror.State.STOPPED)
    mirror = found.select_related("incident").first() if saying.channel else None
    if mirror is None or mirror.lines.filter(ts=saying.ts).exists():
        return None
    files = "".join(f"\nFile “{wording.escaped(name)}”: {wording.escaped(link)}" for name, link in saying.files)
    heard, _ = Heard.objects.get_or_create(
        mirror=mirror,
        ts=saying.ts,
        change=saying.change,
        defaults={
            "thread": saying.thread if saying.thread != saying.ts else "",
            "user": saying.user, "text": (saying.text + files).strip(), "at": at, "heard_at": now,
        },
    )  # fmt: skip
    write_down(mirror, now=now)
    if _waiting(mirror):  # somebody's name is to be asked: at once, not at the next look
        Mirror.objects.filter(pk=mirror.pk, lease_token__isnull=True).update(next_due=now)
    return heard


def joined(channel: str, *, now: datetime) -> None:
    """Let who is in a private channel be looked at, now: somebody came in."""
    private = Mirror.objects.filter(channel=channel, private=True, state=Mirror.State.OPEN)
    private.update(crowd_changed=True)
    private.filter(lease_token__isnull=True).update(next_due=now)


def unknown(mirror: Mirror) -> set[str]:
    """Return the accounts in what waits that are nobody's here, and whose name was not asked yet."""
    asked: set[str] = set()
    for heard in _waiting(mirror):
        asked |= {heard.user} | wording.accounts_in(heard.text)
    asked = {user for user in asked if user and queries.person_of(user) is None}
    return asked - set(Stranger.objects.filter(user__in=asked).values_list("user", flat=True))


def learn(user: str, name: str, *, now: datetime) -> None:
    """Keep what somebody is called; empty: nobody could say."""
    plain = " ".join(name.replace("\x00", "").replace("@", "").split())[:120] or NAMELESS
    Stranger.objects.get_or_create(user=user, defaults={"name": plain, "at": now})


def asked_in_vain(mirror: Mirror) -> None:
    mirror.heard.filter(done_at__isnull=True).update(tries=F("tries") + 1)


def still_worth_asking(mirror: Mirror) -> bool:
    first = _waiting(mirror)[:1]
    return bool(first) and first[0].tries < MOST_TRIES


def _waiting(mirror: Mirror) -> list[Heard]:
    return list(mirror.heard.filter(done_at__isnull=True).order_by("pk")[:AT_A_TIME])


@transaction.atomic
def write_down(mirror: Mirror, *, now: datetime) -> int:
    """Write what waits into the timeline, in order, up to what names somebody we must ask about. Returns how many."""
    if not _waiting(mirror):
        return 0
    incident = lock(mirror.incident)
    done, again = 0, 0
    for heard in _waiting(mirror):
        people, names = _everybody_in(heard)
        if names is None:
            break
        entry = _written(incident, mirror, heard, by=people.get(heard.user), names=names, now=now)
        Heard.objects.filter(pk=heard.pk).update(done_at=now, nth=entry.nth if entry else None)
        done += 1
        if entry is not None and not heard.change:
            again += _changes_before(mirror, heard).update(done_at=None)
    return done + (write_down(mirror, now=now) if again else 0)


def _changes_before(mirror: Mirror, heard: Heard) -> QuerySet[Heard]:
    """Return the changes of a message that were told before it, and could change nothing then."""
    return mirror.heard.filter(ts=heard.ts, nth__isnull=True, done_at__isnull=False).exclude(change="")


def _is_overtaken(mirror: Mirror, heard: Heard) -> bool:
    """Whether a newer change of the same message is written down already."""
    written = mirror.heard.filter(ts=heard.ts, nth__isnull=False).exclude(change="").values_list("change", flat=True)
    return any(_place(other) > _place(heard.change) for other in written)


def _says_the_same(mirror: Mirror, heard: Heard, said: Heard) -> bool:
    """Whether this changes nothing: the message was first heard as it is now, after Slack could not tell us of it."""
    changed = mirror.heard.filter(ts=heard.ts, nth__isnull=False).exclude(change="").exists()
    return heard.change != GONE and heard.text == said.text and not changed


def _place(change: str) -> Decimal:
    """Return the place of a change among those of its message; nothing comes after its removal."""
    return Decimal("Infinity") if change == GONE else Decimal(change)


def _everybody_in(heard: Heard) -> tuple[dict[str, Person], dict[str, str] | None]:
    """Return whose accounts these are, and how to write them; no names: somebody is to be asked about first."""
    people: dict[str, Person] = {}
    names: dict[str, str] = {}
    users = ({heard.user} | wording.accounts_in(heard.text)) - {""}
    strangers = dict(Stranger.objects.filter(user__in=users).values_list("user", "name"))
    for user in users:
        person = queries.person_of(user)
        if person is not None:
            people[user], names[user] = person, f"@{person.username}"
        elif user in strangers:
            names[user] = strangers[user]
        else:
            return people, None
    return people, names


def _written(
    incident: Incident, mirror: Mirror, heard: Heard, *, by: Person | None, names: dict[str, str], now: datetime
) -> Entry | None:
    """Write one line, or none where it changes what was never written."""
    text = wording.from_slack(heard.text, names)
    said = mirror.heard.filter(ts=heard.ts, change="").first()
    original = queries.entry_of(incident, said.nth) if said is not None and said.nth is not None else None
    corrects: Entry | None = None
    if heard.change:
        if said is None or original is None or _is_overtaken(mirror, heard) or _says_the_same(mirror, heard, said):
            return None
        corrects, text = original, (text or EMPTY) if heard.change != GONE else "Removed in Slack."
    elif not text:
        return None
    elif heard.thread and (answered := _nth_of(mirror, heard.thread)):
        text = f"(to line {answered}) {text}"
    if by is not None and not queries.may_read(incident, heard.user):
        names[heard.user], by = by.name, None  # somebody let them into the channel who may not
    key = f"slack:{heard.ts}:{heard.change}".rstrip(":")
    kind = Entry.Kind.CORRECTION if corrects is not None else Entry.Kind.NOTE
    if by is None:
        quoted = f"Somebody in Slack, {names[heard.user]}: {text}" if heard.user else text
        return write(incident, kind, quoted, at=heard.at, now=now, key=key, corrects=corrects)
    try:
        entry = services.say(
            incident=incident, kind=kind, text=text, by=by, at=min(heard.at, now), now=now, corrects=corrects, key=key
        )
    except Refused as refused:  # what comes after it must not wait for it
        text = f"{by.name} said something in Slack that could not be taken: {refused}"
        return write(incident, Entry.Kind.NOTE, text, now=now, key=key)
    noting.tell(entry, now=now)
    return entry


def _nth_of(mirror: Mirror, ts: str) -> int | None:
    """Return the number of the line whose message this is."""
    line = mirror.lines.filter(ts=ts).first()
    if line is not None:
        return int(line.key[1:]) if line.key.startswith("e") and line.key[1:].isdigit() else None
    heard = mirror.heard.filter(ts=ts, change="").first()
    return heard.nth if heard is not None else None
