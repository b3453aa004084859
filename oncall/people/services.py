"""Verbs about people: invite, sign a token, withdraw it."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import send_mail
from django.db import transaction
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from oncall.people.models import ApiToken, Membership, Person, Team

TOKEN_PREFIX = "oc_"
LONGEST_TOKEN_LIFE = timedelta(days=365)


class TokenTooLong(Exception):
    """A token may live a year at most. The message is fit to show."""


def digest(secret: str) -> str:
    """Return the SHA-256 of a 256-bit random secret; it needs no salt, it cannot be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def create_token(
    *, person: Person, name: str, now: datetime, life: timedelta = LONGEST_TOKEN_LIFE, read_only: bool = False
) -> tuple[ApiToken, str]:
    """Make a token for `person` and return it with its secret, which is never shown again.

    :raises TokenTooLong: if `life` is over a year.
    """
    if life > LONGEST_TOKEN_LIFE:
        raise TokenTooLong(f"A token may live {LONGEST_TOKEN_LIFE.days} days at most, not {life.days}.")
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        person=person,
        name=name,
        digest=digest(secret),
        hint=secret[:8],
        read_only=read_only,
        created_at=now,
        expires_at=now + life,
    )
    return token, secret


@transaction.atomic
def revoke_token(*, token: ApiToken, now: datetime) -> None:
    """Withdraw a token for ever. Doing it twice changes nothing."""
    ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=now)


def use_token(*, secret: str, now: datetime) -> ApiToken | None:
    """Return the token that `secret` opens, noting the use at most once a minute, or nothing.

    A token of somebody who has left opens nothing.
    """
    token = (
        ApiToken.objects.select_related("person")
        .filter(digest=digest(secret), revoked_at__isnull=True, expires_at__gt=now, person__is_active=True)
        .first()
    )
    if token and (token.last_used_at is None or now - token.last_used_at > timedelta(minutes=1)):
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


@transaction.atomic
def invite(
    *, name: str, username: str, email: str, time_zone: str, teams: Sequence[Team], invited_by: Person
) -> Person:
    """Make an account without a password and mail a link by which its owner sets one (Django's reset link)."""
    person = Person.objects.create_user(username, name=name, email=email, time_zone=time_zone)
    Membership.objects.bulk_create(Membership(person=person, team=team) for team in teams)
    send_invitation(person=person, invited_by=invited_by)
    return person


def send_invitation(*, person: Person, invited_by: Person) -> None:
    uid = urlsafe_base64_encode(force_bytes(person.pk))
    path = reverse("password_reset_confirm", args=[uid, default_token_generator.make_token(person)])
    send_mail(
        subject="You are invited to oncall",
        message=(
            f"Hello {person.name},\n\n{invited_by.name} has made an account for you on oncall, the on-call and "
            f"incident portal. Your username is {person.username}. Set your password here:\n\n"
            f"{settings.PUBLIC_BASE_URL}{path}\n\n"
            "Then add your phone number under My contact methods, so that pages can reach you.\n"
        ),
        from_email=None,
        recipient_list=[person.email or ""],
    )
