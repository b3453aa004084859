"""Tokens by which programs act for a person."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from oncall import clock
from oncall.people import services
from oncall.people.models import ApiToken


def make(client, **data) -> str:
    page = client.post(reverse("tokens"), {"name": "script", "days": "30", **data}).content.decode()
    return re.search(r'<code class="secret">(\S+)</code>', page).group(1)


def test_the_secret_is_shown_once_and_kept_nowhere(client, ada):
    client.force_login(ada)
    secret = make(client)
    token = ApiToken.objects.get()
    assert secret not in client.get(reverse("tokens")).content.decode()
    assert secret not in {token.digest, token.hint, token.name}
    assert services.use_token(secret=secret, now=clock.now()) == token


def test_a_token_lives_as_long_as_was_chosen(client, ada):
    client.force_login(ada)
    make(client, days="30")
    token = ApiToken.objects.get()
    assert token.expires_at - token.created_at == timedelta(days=30)


def test_a_token_may_be_one_that_only_reads(client, ada):
    client.force_login(ada)
    make(client, read_only="on")
    assert ApiToken.objects.get().read_only


def test_a_life_of_two_years_is_not_on_offer(client, ada, now):
    client.force_login(ada)
    assert client.post(reverse("tokens"), {"name": "script", "days": "730"}).status_code == 400
    with pytest.raises(services.TokenTooLong, match="365 days at most, not 730"):
        services.create_token(person=ada, name="script", now=now, life=timedelta(days=730))
    assert not ApiToken.objects.exists()


def test_a_withdrawn_token_opens_nothing(client, ada):
    client.force_login(ada)
    secret = make(client)
    client.post(reverse("token_revoke", args=[ApiToken.objects.get().pk]))
    assert services.use_token(secret=secret, now=clock.now()) is None


def test_somebody_elses_token_is_not_there_to_be_withdrawn(client, ada, grace):
    token, secret = services.create_token(person=grace, name="hers", now=clock.now())
    client.force_login(ada)
    assert client.post(reverse("token_revoke", args=[token.pk])).status_code == 404
    assert services.use_token(secret=secret, now=clock.now()) == token
    assert "hers" not in client.get(reverse("tokens")).content.decode()
