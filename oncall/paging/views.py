"""Edges: how a person is reached, seen by others and changed by themselves (or by an administrator who helps)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from oncall import clock
from oncall.paging import contacts, truth, vcard, verification
from oncall.paging.forms import CodeForm, MailForm, PhoneForm, QuietForm
from oncall.paging.holds import waiting_notices
from oncall.paging.models import Attempt, ContactMethod, Page
from oncall.paging.reach import reach
from oncall.people import access, queries
from oncall.people.models import Person
from oncall.people.viewer import viewer

PAGES_SHOWN = timedelta(days=30)
TEST_SHOWN = timedelta(minutes=15)
CARD = "oncall pages"
NIGHT = {"starts": "22:00", "ends": "07:00"}  # what is offered to whoever keeps no quiet hours yet


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
        "waiting_notices": waiting_notices().filter(person=one)[:20],
        "may_see_numbers": access.may_see_numbers(actor, owner_id=one.pk),
        "may_edit_contacts": access.may_edit_contacts(actor, owner_id=one.pk),
        "may_configure": access.may_configure(actor, now=now),
    }
    return render(request, "paging/person.html", context)


def me(request: HttpRequest) -> HttpResponse:
    return contacts_page(request, viewer(request))


def contacts_of(request: HttpRequest, id: UUID) -> HttpResponse:
    return contacts_page(request, owner_of(request, id))


def owner_of(request: HttpRequest, id: UUID) -> Person:
    """Return the person whose contacts the viewer may change.

    :raises Http404: if there is no such person, or the viewer may not.
    """
    if not access.may_edit_contacts(viewer(request), owner_id=id):
        raise Http404
    return get_object_or_404(Person, pk=id)


def contact_of(request: HttpRequest, id: UUID) -> ContactMethod:
    """Return a contact that the viewer may change.

    :raises Http404: if there is no such contact, or the viewer may not.
    """
    contact = get_object_or_404(ContactMethod.objects.select_related("person"), pk=id)
    owner_of(request, contact.person_id)
    return contact


def contacts_page(
    request: HttpRequest,
    owner: Person,
    *,
    phone: PhoneForm | None = None,
    mail: MailForm | None = None,
    quiet: QuietForm | None = None,
    code: tuple[ContactMethod, CodeForm] | None = None,
) -> HttpResponse:
    """Draw the page; a form that was refused comes with its errors."""
    now = clock.now()
    reached = reach(owner, now=now)
    refused = any(form is not None and form.errors for form in (phone, mail, quiet, code and code[1]))
    hours = reached.quiet
    context = {
        "owner": owner,
        "own": owner == request.user,
        "now": now,
        "reach": reached,
        "rows": [_row(contact, code, now=now) for contact in reached.contacts],
        "phone_form": phone or PhoneForm(person=owner),
        "mail_form": mail or MailForm(),
        "quiet_form": quiet
        or QuietForm(
            initial={"starts": hours.starts, "ends": hours.ends} if hours else {"starts": "22:00", "ends": "07:00"}
        ),
        "our_numbers": contacts.our_numbers(),
        "card_name": CARD,
        **_test(owner, now=now),
    }
    return render(request, "paging/contacts.html", context, status=400 if refused else 200)


def _row(contact: ContactMethod, typed: tuple[ContactMethod, CodeForm] | None, *, now: datetime) -> dict[str, Any]:
    """One contact with the code that waits for it, how far that got, and the form to type it."""
    sent = verification.waiting_code(contact, now=now) if contact.disabled_at is None else None
    form = typed[1] if typed and typed[0].pk == contact.pk else CodeForm(auto_id=f"code_{contact.pk}_%s")
    attempt = Attempt.objects.filter(notice__key=f"{verification.KEY}{sent.pk}").order_by("n").last() if sent else None
    return {
        "contact": contact,
        "ways": verification.ways_to_verify(contact) if contact.disabled_at is None else [],
        "sent": sent,
        "known": _known(attempt) if attempt else "waits for its turn",
        "form": form,
        "stopped": contact.disabled_at is not None and "START" in contact.disabled_reason,
    }


def _known(attempt: Attempt) -> str:
    """Return in words how far an attempt came, with the provider's reason where it came nowhere."""
    known = truth.truth(
        channel=attempt.channel,
        accepted=attempt.accepted_at is not None,
        status=attempt.status,
        answered=attempt.answered_at is not None,
    )
    if known is truth.Truth.NOTHING:
        return f"{attempt.get_state_display()}: {attempt.error_text}".rstrip(": ")
    return truth.in_words(known)


def _test(owner: Person, *, now: datetime) -> dict[str, Any]:
    """The last test page of the last minutes, attempt by attempt."""
    tests = Page.objects.filter(person=owner, key__startswith=f"test:{owner.pk}:", created_at__gt=now - TEST_SHOWN)
    page = tests.order_by("-created_at").first()
    if page is None:
        return {"test": None}
    attempts = page.attempts.order_by("n")
    return {
        "test": page,
        "test_calling": page.state == Page.State.CALLING,
        "attempts": [{"attempt": one, "known": _known(one)} for one in attempts],
    }


def test_state(request: HttpRequest) -> HttpResponse:
    """How far the viewer's last test page got; asked every few seconds while it calls."""
    now, owner = clock.now(), viewer(request)
    return render(request, "paging/test.html", {"owner": owner, "now": now, **_test(owner, now=now)})


@require_safe
def contact_card(request: HttpRequest) -> HttpResponse:
    """Our numbers as a card for one's telephone, so that it can let them through at night."""
    text = vcard.card(
        name=CARD,
        numbers=contacts.our_numbers(),
        note="Pages and calls of oncall. Let this contact through Do Not Disturb.",
        url=settings.PUBLIC_BASE_URL,
        uid=f"{settings.PUBLIC_BASE_URL}/me/contact-card.vcf",
    )
    answer = HttpResponse(text, content_type="text/vcard; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="oncall-pages.vcf"'
    return answer


def back(request: HttpRequest, owner_id: UUID, place: str) -> HttpResponse:
    """Return to the page that was left, at the section where the button was."""
    answer = redirect("me") if viewer(request).pk == owner_id else redirect("contacts", owner_id)
    answer["Location"] += f"#{place}"
    return answer


@require_POST
def phone_add(request: HttpRequest, id: UUID) -> HttpResponse:
    owner = owner_of(request, id)
    form = PhoneForm(request.POST, person=owner)
    if form.is_valid():
        try:
            contact = contacts.add(person=owner, kind=ContactMethod.Kind.PHONE, now=clock.now(), **form.cleaned_data)
        except contacts.AlreadyThere as error:
            form.add_error("address", str(error))
        else:
            messages.success(request, f"{contact.address} is added. Send it a code and type it, to know that it works.")
            if not contacts.is_known_range(contact.address):
                messages.warning(request, f"We know no numbers like {contact.address} in its country. Look again.")
            return back(request, owner.pk, "contacts")
    return contacts_page(request, owner, phone=form)


@require_POST
def mail_add(request: HttpRequest, id: UUID) -> HttpResponse:
    owner = owner_of(request, id)
    form = MailForm(request.POST)
    if form.is_valid():
        try:
            contact = contacts.add(person=owner, kind=ContactMethod.Kind.EMAIL, now=clock.now(), **form.cleaned_data)
        except contacts.AlreadyThere as error:
            form.add_error("address", str(error))
        else:
            messages.success(request, f"{contact.address} is added. Send it a code and type it, to know that it works.")
            return back(request, owner.pk, "contacts")
    return contacts_page(request, owner, mail=form)


@require_POST
def contact_remove(request: HttpRequest, id: UUID) -> HttpResponse:
    contact = contact_of(request, id)
    reachable = contacts.remove(contact=contact, now=clock.now())
    messages.success(request, f"{contact.address} is removed, with the rules that used it.")
    if not reachable:
        messages.warning(
            request, f"Now there is no way to reach {contact.person.name}. Add another number before the next shift."
        )
    return back(request, contact.person_id, "contacts")


@require_POST
def code_send(request: HttpRequest, id: UUID) -> HttpResponse:
    """Send a code to a contact, by the way that was pressed."""
    contact = contact_of(request, id)
    try:
        sent = verification.send_code(contact=contact, channel=request.POST.get("channel", ""), now=clock.now())
    except verification.CannotSend as error:
        messages.error(request, str(error))
    else:
        messages.info(
            request, f"A code is on its way to {contact.address} ({sent.get_channel_display()}). Type it here."
        )
    return back(request, contact.person_id, f"contact-{contact.pk}")


@require_POST
def code_check(request: HttpRequest, id: UUID) -> HttpResponse:
    """Take the code somebody typed."""
    contact = contact_of(request, id)
    form = CodeForm(request.POST, auto_id=f"code_{contact.pk}_%s")
    if form.is_valid():
        try:
            verification.check_code(contact=contact, code=form.cleaned_data["code"], now=clock.now())
        except verification.WrongCode as error:
            form.add_error("code", str(error))
        else:
            messages.success(request, f"{contact.address} is confirmed.")
            return back(request, contact.person_id, f"contact-{contact.pk}")
    return contacts_page(request, contact.person, code=(contact, form))


@require_POST
def quiet_hours(request: HttpRequest, id: UUID) -> HttpResponse:
    """Keep quiet hours, or none."""
    owner = owner_of(request, id)
    if "none" in request.POST:
        contacts.no_quiet_hours(person=owner)
        return back(request, owner.pk, "quiet")
    form = QuietForm(request.POST)
    if not form.is_valid():
        return contacts_page(request, owner, quiet=form)
    contacts.set_quiet_hours(person=owner, **form.cleaned_data)
    return back(request, owner.pk, "quiet")
