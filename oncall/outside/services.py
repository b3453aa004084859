"""Verbs about webhooks: add one, give it a new secret, switch it off and on, try it out."""

import ipaddress
import logging
import re
import secrets
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction

from oncall.limits import queries as limits
from oncall.outside import deliveries, signing
from oncall.outside.addresses import BadAddress, is_outside, parse
from oncall.outside.connecting import PORTS
from oncall.outside.models import Delivery, Event, Webhook
from oncall.people.models import Person
from oncall.troubles import services as troubles

log = logging.getLogger(__name__)
LONGEST_URL = 500
EXAMPLE = "Write it as https://chat.example.org/hooks/oncall."


LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)  # 63 at most: RFC 1035
NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+", re.IGNORECASE)


class BadWebhook(Exception):
    """It cannot be kept. The message says why and is fit to show; `field` says where."""

    def __init__(self, text: str, *, field: str = "__all__") -> None:
        super().__init__(text)
        self.field = field


def check_url(url: str) -> str:
    """Return the address as we keep it. Where its name leads is asked at each delivery.

    :raises BadWebhook: if it can be seen already that nothing would be posted there.
    """
    try:
        target = parse(url, example=EXAMPLE)
    except BadAddress as error:
        raise BadWebhook(str(error), field="url") from None
    if len(url) > LONGEST_URL:
        raise BadWebhook(f"The address is longer than {LONGEST_URL} characters.", field="url")
    if target.credentials:
        raise BadWebhook("Leave name and password out of the address: our signature proves us.", field="url")
    free = target.host in settings.WEBHOOK_HOSTS or f"{target.host}:{target.port}" in settings.WEBHOOK_HOSTS
    if free:
        return url
    if settings.PRODUCTION and target.scheme != "https":
        raise BadWebhook(f"What happens here is not for everybody on the way. Use https. {EXAMPLE}", field="url")
    if target.port not in PORTS or urlsplit(url).port == 0:
        raise BadWebhook("We post at ports 80 and 443 only.", field="url")
    _check_host(target.host)
    return url


def _check_host(host: str) -> None:
    """Refuse what is no full name and no plain address: a short name, or a number in disguise, means something inside.

    :raises BadWebhook: then.
    """
    labels = host.split(".")
    if ":" in host or NUMBER.fullmatch(labels[-1]):  # no name ends in a number: WHATWG URL, 3.5
        try:
            ipaddress.ip_address(host)
        except ValueError:
            raise BadWebhook(f"{host} is no address we can read. Write four numbers, or a name.", field="url") from None
        if not is_outside(host):
            raise BadWebhook(f"{host} is not on the open internet, so we do not post there.", field="url")
        return
    if not all(LABEL.fullmatch(label) for label in labels):
        raise BadWebhook(
            f"{host} is no name of a host: between its dots stand 1 to 63 letters, digits and hyphens. {EXAMPLE}",
            field="url",
        )
    if len(labels) < 2:
        raise BadWebhook(f"{host} is a short name. Write the whole one, with its dots. {EXAMPLE}", field="url")


@transaction.atomic
def add(*, name: str, url: str, events: Collection[str], by: Person, now: datetime) -> tuple[Webhook, str]:
    """Add a webhook; returns it and its secret, which is shown this once.

    :raises BadWebhook: if the name is taken, the address is none, or it would hear nothing.
    """
    wanted = [event for event in Event.values if event in events and event != Event.TEST]
    if not wanted:
        raise BadWebhook("Choose at least one thing that it should hear.", field="events")
    secret = signing.secret_of(secrets.token_bytes(signing.SECRET_BYTES))
    try:
        with transaction.atomic():
            made = Webhook.objects.create(
                name=name.strip(), url=check_url(url), events=wanted, secret=secret, created_at=now, created_by=by
            )
    except IntegrityError:
        raise BadWebhook(f"There is a webhook called {name.strip()} already.", field="name") from None
    return made, secret


@transaction.atomic
def rotate(*, webhook: Webhook, by: Person, now: datetime) -> str:
    """Give it a new secret, and return that; the old one signs as well until `webhook_rotation_s` have passed.

    :raises BadWebhook: while two sign already: the receiver may not have the second yet, and would hear nothing.
    """
    webhook = Webhook.objects.select_for_update().get(pk=webhook.pk)
    if len(webhook.secrets_at(now)) > 1:
        assert webhook.old_until is not None
        until = webhook.old_until.astimezone(UTC)
        raise BadWebhook(
            f"It has a new secret already, and the old one signs until {until:%d %b %H:%M} UTC. Ask again then; "
            "if a secret has leaked, switch this webhook off and add another."
        )
    secret = signing.secret_of(secrets.token_bytes(signing.SECRET_BYTES))
    webhook.old_secret, webhook.old_until = webhook.secret, now + limits.at(now).span("webhook_rotation_s")
    webhook.secret = secret
    webhook.save(update_fields=["secret", "old_secret", "old_until"])
    log.info("webhook %s: new secret by %s", webhook.pk, by.pk)
    return secret


@transaction.atomic
def switch(*, webhook: Webhook, on: bool, by: Person, now: datetime) -> None:
    """Let it hear things, or nothing any more. What waits for one that is switched off is not posted."""
    Webhook.objects.filter(pk=webhook.pk).update(enabled=on)
    log.info("webhook %s: switched %s by %s", webhook.pk, "on" if on else "off", by.pk)
    if not on:
        deliveries.give_up_waiting(webhook=webhook, why="The webhook was switched off.", now=now)
        troubles.clear_trouble(kind="webhook", key=str(webhook.pk), now=now)


def try_out(*, webhook: Webhook, by: Person, now: datetime) -> Delivery:
    """Post a test to it, also while it is switched off."""
    data: dict[str, Any] = {"text": f"A test by {by.name}. Nothing has happened."}
    return deliveries.tell_one(webhook=webhook, event=Event.TEST, data=data, now=now)
