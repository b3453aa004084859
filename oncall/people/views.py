"""Edges: who works here, in which teams and roles; one's own hours and tokens."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from oncall import clock
from oncall.people import access, editing, leaving, queries, services
from oncall.people.forms import InviteForm, PersonForm, RoleForm, TeamForm, TokenForm
from oncall.people.models import ApiToken, Membership, Person, RoleTerm, Team
from oncall.people.viewer import viewer


def people(request: HttpRequest) -> HttpResponse:
    """Everybody by team, with the time where they are and the roles they hold now."""
    now = clock.now()
    wanted = request.GET.get("q", "").replace("\x00", "").strip()
    terms = Prefetch("role_terms", RoleTerm.objects.at(now).select_related("team"), to_attr="roles_now")
    shown = Person.objects.active().prefetch_related(terms).order_by("name")
    if wanted:
        shown = shown.filter(name__icontains=wanted)
    teams = Team.objects.select_related("lead").prefetch_related(
        Prefetch("memberships", Membership.objects.filter(person__in=shown).order_by("person__name")),
        Prefetch("memberships__person", shown),
    )
    may_configure = access.may_configure(viewer(request), now=now)
    return render(
        request,
        "people/people.html",
        {
            "now": now,
            "q": wanted,
            "teams": teams,
            "others": shown.filter(memberships__isnull=True),
            "found": shown.count(),
            "left": Person.objects.filter(is_active=False, name__icontains=wanted) if may_configure else [],
            "may_configure": may_configure,
        },
    )


def _refuse_unless_configuring(request: HttpRequest) -> Person:
    """Return the viewer.

    :raises PermissionDenied: if they are neither the pilot nor an administrator.
    """
    person = viewer(request)
    if not access.may_configure(person, now=clock.now()):
        raise PermissionDenied
    return person


def invite(request: HttpRequest) -> HttpResponse:
    actor = _refuse_unless_configuring(request)
    form = InviteForm(request.POST or None, initial={"time_zone": actor.time_zone})
    if form.is_valid():
        person = services.invite(**form.cleaned_data, invited_by=actor)
        messages.success(
            request, f"{person.name} is invited. The link went to {person.email} and is good for 24 hours."
        )
        return redirect("person", person.pk)
    return render(request, "people/invite.html", {"form": form}, status=400 if form.errors else 200)


@require_POST
def invite_again(request: HttpRequest, id: UUID) -> HttpResponse:
    actor = _refuse_unless_configuring(request)
    person = get_object_or_404(Person.objects.active(), pk=id)
    if not person.email:
        messages.error(request, f"{person.name} has no mail address. Write one down first, under Edit.")
    elif person.joined_at:
        messages.error(
            request, f"{person.name} has signed in already. They can reset their password on the sign-in page."
        )
    else:
        services.send_invitation(person=person, invited_by=actor)
        messages.success(request, f"A new link went to {person.email}. It is good for 24 hours.")
    return redirect("person", person.pk)


def _as_is(person: Person) -> dict[str, object]:
    """What the form shows before anything is changed."""
    fields = ("name", "email", "time_zone", "calendar", "country", "subdivision")
    return {**{field: getattr(person, field) for field in fields}, "teams": person.teams.all()}


def person_edit(request: HttpRequest, id: UUID) -> HttpResponse:
    actor = _refuse_unless_configuring(request)
    person = get_object_or_404(Person, pk=id)
    form = PersonForm(request.POST or None, person=person, initial=_as_is(person))
    if form.is_valid():
        try:
            editing.change_person(person=person, by=actor, now=clock.now(), **form.cleaned_data)
        except editing.NotYours as error:
            form.add_error(error.field, str(error))
        else:
            messages.success(request, f"Written down for {form.cleaned_data['name']}.")
            return redirect("person", person.pk)
    return _edit_page(request, person, form=form)


def _edit_page(
    request: HttpRequest, person: Person, *, form: PersonForm | None = None, role_form: RoleForm | None = None
) -> HttpResponse:
    now = clock.now()
    form = form or PersonForm(person=person, initial=_as_is(person))
    role_form = role_form or RoleForm(now=now, by=viewer(request))
    context = {
        "person": person,
        "form": form,
        "role_form": role_form,
        "may_name_managers": access.may_name_managers(viewer(request)),
        "terms": person.role_terms.select_related("team").order_by("-starts_at"),
        "now": now,
    }
    return render(request, "people/edit.html", context, status=400 if form.errors or role_form.errors else 200)


@require_POST
def person_close(request: HttpRequest, id: UUID) -> HttpResponse:
    actor = _refuse_unless_configuring(request)
    person = get_object_or_404(Person, pk=id)
    if person.is_superuser and not actor.is_superuser:
        raise PermissionDenied
    try:
        leaving.deactivate(person=person, by=actor, now=clock.now())
    except leaving.StillNeeded as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{person.name} can no longer sign in and is not paged. Their tokens are withdrawn.")
    return redirect("person_edit", person.pk)


@require_POST
def person_open(request: HttpRequest, id: UUID) -> HttpResponse:
    actor = _refuse_unless_configuring(request)
    person = get_object_or_404(Person, pk=id)
    if person.is_superuser and not actor.is_superuser:
        raise PermissionDenied
    leaving.reactivate(person=person, now=clock.now())
    messages.success(request, f"{person.name} can sign in again. Look at their contacts and rotations.")
    return redirect("person_edit", person.pk)


@require_POST
def role_give(request: HttpRequest, id: UUID) -> HttpResponse:
    actor = _refuse_unless_configuring(request)
    person = get_object_or_404(Person.objects.active(), pk=id)
    form = RoleForm(request.POST, now=clock.now(), by=actor)
    if form.is_valid():
        try:
            term = editing.give_role(person=person, by=actor, **form.cleaned_data)
        except (editing.PilotTaken, editing.NotYours) as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{person.name}: {term.get_role_display()}.")
            return redirect("person_edit", person.pk)
    return _edit_page(request, person, role_form=form)


@require_POST
def role_end(request: HttpRequest, id: UUID) -> HttpResponse:
    actor = _refuse_unless_configuring(request)
    term = get_object_or_404(RoleTerm.objects.select_related("person"), pk=id)
    now = clock.now()
    try:
        editing.end_role(term=term, by=actor, now=now)
    except editing.NotYours as error:
        messages.error(request, str(error))
        return redirect("person_edit", term.person_id)
    messages.success(request, f"{term.person.name} is no longer {term.get_role_display()}.")
    if term.role == RoleTerm.Role.PILOT:
        pilot = queries.pilot(now=now)
        if pilot is None:
            messages.warning(
                request, "There is no pilot now, and nobody leads Campaign Management. Give the role to somebody."
            )
        else:
            messages.warning(request, f"Until there is another pilot, {pilot.name} stands in.")
    return redirect("person_edit", term.person_id)


def team_new(request: HttpRequest) -> HttpResponse:
    _refuse_unless_configuring(request)
    return _team_page(request, Team(), title="New team", may_configure=True)


def team(request: HttpRequest, id: UUID) -> HttpResponse:
    """A team; its form for those who may change it."""
    one = get_object_or_404(Team.objects.select_related("lead", "calendar"), pk=id)
    may_configure = access.may_configure(viewer(request), now=clock.now())
    if request.method == "POST" and not may_configure:
        raise PermissionDenied
    return _team_page(request, one, title=one.name, may_configure=may_configure)


def _team_page(request: HttpRequest, one: Team, *, title: str, may_configure: bool) -> HttpResponse:
    exists = not one._state.adding
    members = Person.objects.active().filter(memberships__team=one) if exists else Person.objects.none()
    form = TeamForm(request.POST or None, instance=one, initial={"people": members})
    if form.is_valid():
        team, members = form.save(commit=False), form.cleaned_data["people"]
        try:
            written = editing.write_team(team=team, members=members, by=viewer(request), now=clock.now())
        except editing.NotYours as error:
            form.add_error("people", str(error))
        else:
            messages.success(request, f"Written down: {written.name}.")
            return redirect("team", written.pk)
    context = {
        "form": form,
        "title": title,
        "team": one if exists else None,
        "members": members,
        "now": clock.now(),
        "may_configure": may_configure,
    }
    return render(request, "people/team.html", context, status=400 if form.errors else 200)


def tokens(request: HttpRequest) -> HttpResponse:
    """One's own tokens. A new one's secret is on the answer to the POST and nowhere else."""
    me, now, secret = viewer(request), clock.now(), ""
    form = TokenForm(request.POST or None)
    if form.is_valid():
        data = form.cleaned_data
        _, secret = services.create_token(
            person=me, name=data["name"], now=now, life=form.life, read_only=data["read_only"]
        )
        form = TokenForm()
    mine = ApiToken.objects.filter(person=me)
    context = {"form": form, "tokens": mine, "secret": secret, "now": now}
    return render(request, "people/tokens.html", context, status=400 if form.errors else 200)


@require_POST
def token_revoke(request: HttpRequest, id: UUID) -> HttpResponse:
    token = get_object_or_404(ApiToken.objects.filter(person=viewer(request)), pk=id)
    services.revoke_token(token=token, now=clock.now())
    messages.success(request, f"{token.name} opens nothing any more.")
    return redirect("tokens")
