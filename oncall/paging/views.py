"""Edges: how a person is reached, seen by others and changed by themselves (or by an administrator who helps)."""

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from oncall import clock
from oncall.paging import contacts
from oncall.paging.forms import MailForm, PhoneForm, RuleForm
from oncall.paging.models import ContactMethod, NotificationRule, Page
from oncall.paging.reach import reach
from oncall.people import access, queries
from oncall.people.models import Person
from oncall.people.viewer import viewer

PAGES_SHOWN = timedelta(days=30)


def person(request: HttpRequest, id: UUID) -> HttpResponse:
    """Somebody: where, in which teams and roles, how they are reached, what they were paged for lately."""
    now, actor = clock.now(), viewer(request)
    one = get_object_or_404(Person.objects.select_related("calendar"), pk=id)
    context = {
        "person": one,
        "now": now,
        "teams": one.teams.all(),
        "roles": one.role_terms.select_related("team").order_by("-starts_at"),
        "calendar": queries.calendar_of(one),
        "reach": reach(one, now=now),
        "pages": Page.objects.filter(person=one, created_at__gte=now - PAGES_SHOWN).order_by("-created_at")[:100],
        "may_see_numbers": access.may_see_numbers(actor, owner_id=one.pk),
        "may_edit_contacts": access.may_edit_contacts(actor, owner_id=one.pk),
        "may_configure": access.may_configure(actor, now=now),
    }
    return render(request, "paging/person.html", context)


def me(request: HttpRequest) -> HttpResponse:
    return _contacts_page(request, viewer(request))


def contacts_of(request: HttpRequest, id: UUID) -> HttpResponse:
    return _contacts_page(request, _owner(request, id))


def _owner(request: HttpRequest, id: UUID) -> Person:
    """Return the person whose contacts the viewer may change.

    :raises Http404: if there is no such person, or the viewer may not.
    """
    if not access.may_edit_contacts(viewer(request), owner_id=id):
        raise Http404
    return get_object_or_404(Person, pk=id)


def _contacts_page(
    request: HttpRequest,
    owner: Person,
    *,
    phone: PhoneForm | None = None,
    mail: MailForm | None = None,
    rule: RuleForm | None = None,
) -> HttpResponse:
    """Draw the page; a form that was refused comes with its errors."""
    now = clock.now()
    reached = reach(owner, now=now)
    refused = any(form is not None and form.errors for form in (phone, mail, rule))
    context = {
        "owner": owner,
        "own": owner == request.user,
        "now": now,
        "reach": reached,
        "phone_form": phone or PhoneForm(person=owner),
        "mail_form": mail or MailForm(),
        "rule_form": rule or RuleForm(usable=_usable(owner)),
        "has_phone": any(c.kind == ContactMethod.Kind.PHONE and not c.disabled_at for c in reached.contacts),
        "has_rules": any(way.rules for way in reached.ways),
    }
    return render(request, "paging/contacts.html", context, status=400 if refused else 200)


def _usable(owner: Person) -> list[ContactMethod]:
    return list(ContactMethod.objects.usable().filter(person=owner))


def _back(request: HttpRequest, owner_id: UUID, place: str) -> HttpResponse:
    """Return to the page that was left, at the section where the button was."""
    answer = redirect("me") if viewer(request).pk == owner_id else redirect("contacts", owner_id)
    answer["Location"] += f"#{place}"
    return answer


@require_POST
def phone_add(request: HttpRequest, id: UUID) -> HttpResponse:
    owner = _owner(request, id)
    form = PhoneForm(request.POST, person=owner)
    if form.is_valid():
        try:
            contact = contacts.add(person=owner, kind=ContactMethod.Kind.PHONE, now=clock.now(), **form.cleaned_data)
        except contacts.AlreadyThere as error:
            form.add_error("address", str(error))
        else:
            messages.success(
                request, f"{contact.address} is added. Press “Page me now” and answer, to know that it works."
            )
            if not contacts.is_known_range(contact.address):
                messages.warning(request, f"We know no numbers like {contact.address} in its country. Look again.")
            return _back(request, owner.pk, "contacts")
    return _contacts_page(request, owner, phone=form)


@require_POST
def mail_add(request: HttpRequest, id: UUID) -> HttpResponse:
    owner = _owner(request, id)
    form = MailForm(request.POST)
    if form.is_valid():
        try:
            contact = contacts.add(person=owner, kind=ContactMethod.Kind.EMAIL, now=clock.now(), **form.cleaned_data)
        except contacts.AlreadyThere as error:
            form.add_error("address", str(error))
        else:
            messages.success(request, f"{contact.address} is added.")
            return _back(request, owner.pk, "contacts")
    return _contacts_page(request, owner, mail=form)


@require_POST
def contact_remove(request: HttpRequest, id: UUID) -> HttpResponse:
    contact = get_object_or_404(ContactMethod.objects.select_related("person"), pk=id)
    owner = _owner(request, contact.person_id)
    reachable = contacts.remove(contact=contact, now=clock.now())
    messages.success(request, f"{contact.address} is removed, with the rules that used it.")
    if not reachable:
        messages.warning(
            request, f"Now there is no way to reach {owner.name}. Add another number before the next shift."
        )
    return _back(request, owner.pk, "contacts")


@require_POST
def rule_add(request: HttpRequest, id: UUID) -> HttpResponse:
    owner = _owner(request, id)
    form = RuleForm(request.POST, usable=_usable(owner))
    if form.is_valid():
        try:
            contacts.add_rule(person=owner, urgency=form.cleaned_data["urgency"], rule=form.rule)
        except contacts.BadRule as error:
            form.add_error(None, str(error))
        else:
            return _back(request, owner.pk, "rules")
    return _contacts_page(request, owner, rule=form)


@require_POST
def rules_usual(request: HttpRequest, id: UUID) -> HttpResponse:
    owner = _owner(request, id)
    try:
        contacts.usual_rules(person=owner, now=clock.now())
    except contacts.BadRule as error:
        messages.error(request, str(error))
    return _back(request, owner.pk, "rules")


@require_POST
def rule_remove(request: HttpRequest, id: UUID) -> HttpResponse:
    rule = get_object_or_404(NotificationRule, pk=id)
    owner = _owner(request, rule.person_id)
    contacts.remove_rule(rule=rule)
    return _back(request, owner.pk, "rules")
