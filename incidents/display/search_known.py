"""Searching what is known: playbooks, people, products.

People and products are a few hundred: they are read and compared here, so that a part of a name finds them, with or
without its accents, which an index over words does not.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib.postgres.search import SearchQuery, SearchRank, SearchVector
from django.db.models import F, Func, TextField, Value
from django.urls import reverse

from incidents.display.search_found import Excerpt, Found, Hit, headline, parts_of, says_why, wanted
from incidents.display.search_words import Question, around, begins, marked
from oncall import words
from oncall.catalogue.models import Product
from oncall.people.models import Person
from playbooks.library.models import Playbook, Revision

NAME = 4  # how well a name answers that is what was asked for (`begins`)


def _without(text: Any, pattern: str, flags: str = "g") -> Func:
    return Func(text, Value(pattern), Value(""), Value(flags), function="regexp_replace", output_field=TextField())


# What a playbook says, without what stands before it and without the signs of headings and lists.
PLAIN = _without(_without(F("source"), r"^---\s*\n.*?\n---\s*\n", ""), r"^(#+|[-*]|[0-9]+\.)[ \t]+", "gn")


def _playbook_query(asked: Question) -> Any:
    """Playbooks have their own index, over their text as it stands, where redis.lag is one word."""
    return SearchQuery(asked.text, config="english", search_type="websearch") | wanted(asked)


def find_playbooks(asked: Question, person: Person) -> list[Found]:
    """By short name, title, alarms, products, and all that they say. What is out of use only by its own name."""
    rows = list(Playbook.objects.order_by("title"))
    present = Revision.objects.newest().filter(playbook__retired_at__isnull=True)
    query, weighted = _playbook_query(asked), SearchVector("playbook__title", config="english", weight="A")
    having = present.filter(words.Have(Revision.vector(), query))
    ranks = dict(having.values_list("playbook", SearchRank(weighted + Revision.vector(), query)))
    found = []
    for row in rows:
        exact = asked.slug == row.slug or asked.text.casefold() == row.title.casefold() or asked.id == row.pk
        score = begins(asked, [row.title, row.slug, *row.alarms, *row.products]) + ranks.get(row.pk, 0)
        if exact or (score and row.retired_at is None):
            found.append(Found(row.pk, score, exact=exact))
    return found


def show_playbooks(found: Sequence[Found], asked: Question) -> list[Hit]:
    rows = Revision.objects.newest().filter(playbook__in=[one.id for one in found]).select_related("playbook")
    by_id: dict[UUID, Any] = {
        row.playbook_id: row
        for row in rows.annotate(plain=PLAIN).annotate(marked=headline("plain", _playbook_query(asked)))
    }
    hits = []
    for one in found:
        row = by_id[one.id]
        playbook, excerpt = row.playbook, Excerpt(parts_of(row.marked, row.plain))
        hits.append(
            Hit(
                url=reverse("playbook", args=[playbook.slug]),
                title=marked(playbook.title, asked),
                badges=(("idle", "out of use"),) if playbook.retired_at else (),
                about=" · ".join(filter(None, (playbook.slug, ", ".join(playbook.products)))),
                excerpts=(excerpt,) if says_why(excerpt) else (),
                exact=one.exact,
            )
        )
    return hits


def find_people(asked: Question, person: Person) -> list[Found]:
    """By name, account, teams and the teams' skills. Who has left is found too, behind the others."""
    rows = Person.objects.order_by("name").prefetch_related("teams") if asked.begun else ()
    found = []
    for row in rows:
        teams = [text for team in row.teams.all() for text in (team.name, team.skill)]
        score = begins(asked, [row.name, row.username, *teams])
        exact = score == NAME or asked.text.lower() == row.username or asked.id == row.pk
        if score or exact:
            found.append(Found(row.pk, score, newest=row.is_active, exact=exact))
    return found


def show_people(found: Sequence[Found], asked: Question) -> list[Hit]:
    rows = {row.pk: row for row in Person.objects.filter(pk__in=[one.id for one in found]).prefetch_related("teams")}
    hits = []
    for one in found:
        row = rows[one.id]
        teams = [f"{team}, {team.skill}" if team.skill else str(team) for team in row.teams.all()]
        about = Excerpt(marked(" · ".join(teams), asked))
        hits.append(
            Hit(
                url=reverse("person", args=[row.pk]),
                title=marked(row.name, asked),
                badges=() if row.is_active else (("idle", "has left"),),
                about=row.username,
                excerpts=(about,) if teams else (),
                exact=one.exact,
            )
        )
    return hits


def find_products(asked: Question, person: Person) -> list[Found]:
    """By name, path, owner, manager and notes. What the table no longer has is found too, behind the others."""
    rows = Product.objects.select_related("owner_person", "owner_team", "manager") if asked.begun else ()
    found = []
    for row in rows:
        score = begins(asked, [row.name, row.path, row.owner_words, *_said(row)])
        exact = score == NAME or asked.text.lower() == row.path.lower() or asked.id == row.pk
        if score or exact:
            found.append(Found(row.pk, score, newest=row.vanished_at is None, exact=exact))
    return found


def _said(row: Product) -> list[str]:
    return [text for text in (str(row.manager or ""), row.owner_raw, row.manager_raw, row.notes_raw) if text]


def show_products(found: Sequence[Found], asked: Question) -> list[Hit]:
    many = Product.objects.filter(pk__in=[one.id for one in found])
    rows = {row.pk: row for row in many.select_related("owner_person", "owner_team", "manager")}
    hits = []
    for one in found:
        row = rows[one.id]
        excerpts = [Excerpt(around(marked(text, asked))) for text in dict.fromkeys((row.owner_words, *_said(row)))]
        hits.append(
            Hit(
                url=reverse("product", args=[row.pk]),
                title=marked(row.name, asked),
                badges=(("idle", "no longer in the table"),) if row.vanished_at else (),
                about=row.path,
                excerpts=tuple(excerpt for excerpt in excerpts if says_why(excerpt)),
                exact=one.exact,
            )
        )
    return hits
