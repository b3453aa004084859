"""The chore that reminds members of ground rules they have not accepted: a day after these hold, then weekly.

By mail where there is one, and only between 9 and 17 on the member's own clock: own choices, nobody is woken for it.
"""

from datetime import datetime, time, timedelta

from django.db import transaction

from oncall.limits.queries import Limits
from oncall.paging import services as paging
from oncall.paging.models import Channel, ContactMethod
from oncall.people.models import Person
from rotations.ground_rules import queries
from rotations.ground_rules.models import Prompt, Version
from rotations.night.wall import wall_instant

OPENS, CLOSES = time(9), time(17)
AT_ONCE = 20
DAY = timedelta(days=1)


def keep(*, now: datetime, limits: Limits) -> int:
    """Every half minute: note who has not accepted, and remind whose time has come. Returns how many were reminded."""
    version = Version.objects.in_force(now)
    if version is None:
        return 0
    first = now + limits.span("ground_rules_remind_after_s")
    unknown = queries.missing(version, now=now).exclude(pk__in=version.prompts.values("person"))
    Prompt.objects.bulk_create(
        [Prompt(version=version, person=person, due_at=first) for person in unknown[:AT_ONCE]], ignore_conflicts=True
    )
    if not version.prompts.filter(due_at__lte=now).exists():
        return 0
    return _remind(version, now=now, limits=limits)


@transaction.atomic
def _remind(version: Version, *, now: datetime, limits: Limits) -> int:
    due = version.prompts.filter(due_at__lte=now).select_for_update(skip_locked=True, of=("self",))
    prompts = list(due.select_related("person").order_by("due_at", "pk")[:AT_ONCE])
    if not prompts:
        return 0
    waiting = set(queries.missing(version, now=now).values_list("pk", flat=True))
    reminded = 0
    for prompt in prompts:
        if prompt.person_id not in waiting:
            prompt.delete()  # accepted, or no member any more; who becomes one again is noted anew
            continue
        daytime = in_daytime(now, prompt.person)
        if daytime > now:
            prompt.due_at = daytime
        else:
            prompt.times, prompt.due_at = prompt.times + 1, now + limits.span("ground_rules_remind_again_s")
            _tell(prompt, version, now=now)
            reminded += 1
        prompt.save(update_fields=["times", "due_at"])
    return reminded


def in_daytime(now: datetime, person: Person) -> datetime:
    """Return `now` if it lies between 9 and 17 on the person's clock, else the next 9 o'clock there."""
    local = now.astimezone(person.zone)
    if OPENS <= local.time() < CLOSES:
        return now
    day = local.date() if local.time() < OPENS else local.date() + DAY
    return wall_instant(day, OPENS, person.zone)


def _tell(prompt: Prompt, version: Version, *, now: datetime) -> None:
    person = prompt.person
    text = (
        f"Version {version.number} of the ground rules is in force, and you have not accepted it yet. "
        "Read it under Ground rules. Pages reach you all the same."
    )
    mail = ContactMethod.objects.usable().filter(person=person, kind=ContactMethod.Kind.EMAIL).first()
    address = mail.address if mail else person.email or ""
    paging.notice(
        key=f"ground-rules:{version.pk}:{person.pk}:{prompt.times}",
        person=person,
        text=text,
        channel=Channel.EMAIL.value if address else "",
        address=address,
        now=now,
    )
