"""An edge: who is let into a channel, who is shown out again, and what strangers in it are called."""

from operator import methodcaller

from django.db import transaction
from django.db.models import F

from incidents.command.models import Entry, Incident
from incidents.command.writing import lock, write
from incidents.mirror import hearing, queries
from incidents.mirror.asking import NOBODY, Claim, Failed, ask, keep
from incidents.mirror.models import Guest, Mirror
from oncall import clock

MOST_NAMES = 20  # asked in one look
MOST_REFUSALS = 3  # of one guest, until the others go on without them
AWAY = frozenset({"not_in_channel", "cant_kick_self"})


def invite(claim: Claim, mirror: Mirror, guest: Guest) -> None:
    """Let somebody in. Whom Slack will not have is noted, and keeps nobody else waiting."""
    mine = Guest.objects.filter(pk=guest.pk)
    try:
        ask(claim, methodcaller("invite", mirror.channel, guest.user))
    except Failed as failed:
        mine.update(tries=F("tries") + 1, error_text=str(failed)[:300])
        if not failed.word or guest.tries + 1 < MOST_REFUSALS:
            raise
    else:
        mine.update(error_text="")
    mine.update(done_at=clock.now())


def learn_names(claim: Claim, mirror: Mirror) -> None:
    """Ask what strangers are called whose words wait, and write these down; without an answer they have no name."""
    for user in sorted(hearing.unknown(mirror))[:MOST_NAMES]:
        try:
            name = str(ask(claim, methodcaller("name_of", user), allowed=NOBODY).data)
        except Failed as failed:
            if not failed.word:
                break  # Slack cannot be asked now: their words wait
            name = ""
        if name or not hearing.still_worth_asking(mirror):
            hearing.learn(user, name, now=clock.now())
        else:
            hearing.asked_in_vain(mirror)
    hearing.write_down(mirror, now=clock.now())


def show_out(claim: Claim, mirror: Mirror, incident: Incident) -> None:
    """Take those out of a private channel who may not see the incident: whoever is in may let others in, in Slack."""
    keep(claim, crowd_changed=False)
    try:
        for user in ask(claim, methodcaller("members", mirror.channel)).data:
            if not queries.may_read(incident, user):
                mirror.guests.filter(user=user).delete()  # let in again as soon as they may
                ask(claim, methodcaller("remove", mirror.channel, user), allowed=AWAY)
                _say_so(incident, user)
    except Failed:
        keep(claim, crowd_changed=True)
        raise


@transaction.atomic
def _say_so(incident: Incident, user: str) -> None:
    now = clock.now()
    text = f"Somebody was let into the private channel who may not see this incident ({user}), and was taken out again."
    write(lock(incident), Entry.Kind.LINK, text, now=now)
