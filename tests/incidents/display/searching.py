"""What the tests of searching share: something to find, and how it is asked for."""

from urllib.parse import urlencode

from django.urls import reverse

from incidents.display import search_kinds
from incidents.display.search_words import question


def found(typed: str, person, kind: str = "") -> dict[str, list[str]]:
    """Titles by kind, of kinds that have any."""
    groups = search_kinds.search(question(typed), person=person, only=kind)
    return {
        group.kind.name: ["".join(part.text for part in hit.title) for hit in group.hits]
        for group in groups
        if group.hits
    }


def page(client, **query) -> str:
    answer = client.get(f"{reverse('search')}?{urlencode(query)}")
    assert answer.status_code == 200
    return answer.content.decode()
