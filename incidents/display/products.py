"""An edge: products on screens. The tree, one product, who owns nothing, and changes by the pilot."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from incidents.display import product_queries
from oncall import clock
from oncall.catalogue import queries as catalogue
from oncall.catalogue import services
from oncall.catalogue.forms import ContactFormSet, NewForm, PlaceFormSet, ProductForm
from oncall.catalogue.models import Product
from oncall.catalogue.table import LONGEST_PATH
from oncall.people import access
from oncall.people.viewer import viewer
from playbooks.library import queries as playbooks


def products(request: HttpRequest) -> HttpResponse:
    """The whole tree; with `q` only what has these words."""
    lines = product_queries.tree(for_person=viewer(request))
    words = request.GET.get("q", "")[:200]
    gone = [line for line in lines if line.product.vanished_at]
    present = [line for line in lines if not line.product.vanished_at]
    context = {
        "lines": product_queries.search(present, words) if words.strip() else present,
        "gone": gone,
        "words": words,
        "unowned": sum(line.is_unowned for line in present),
        "may_edit": access.may_configure(viewer(request), now=clock.now()),
    }
    return render(request, "display/products.html", context)


def unowned(request: HttpRequest) -> HttpResponse:
    """Products for which the table and this portal name neither an owner nor a manager (R37), and who stands in."""
    lines = product_queries.tree(for_person=viewer(request))
    present = [line for line in lines if not line.product.vanished_at]
    context = {
        "lines": [line for line in present if line.is_unowned],
        "nobody": [line for line in present if line.owner_from is None],
        "many": len(present),
        "may_edit": access.may_configure(viewer(request), now=clock.now()),
    }
    return render(request, "display/unowned.html", context)


def at(request: HttpRequest) -> HttpResponse:
    """Go to the page of the product that a text means (`path`), or to a search for its last part."""
    path = request.GET.get("path", "").replace("\x00", "")[: 2 * LONGEST_PATH]
    line = catalogue.line(path)
    if line:
        return redirect("product", line[0].pk)
    return redirect(f"{reverse('products')}?{urlencode({'q': path.rpartition('/')[2]})}")


def product(request: HttpRequest, id: UUID) -> HttpResponse:
    now = clock.now()
    row = get_object_or_404(Product.objects.select_related("owner_team", "owner_person", "manager"), pk=id)
    shelf = playbooks.Shelf()
    context = {
        "known": product_queries.known(row, for_person=viewer(request), now=now),
        "product": row,
        "playbooks": shelf.of_product(row),
        "said_playbooks": shelf.unknown_of(row),
        "now": now,
        "may_edit": access.may_configure(viewer(request), now=now),
    }
    return render(request, "display/product.html", context)


def _only_configurers(request: HttpRequest) -> None:
    if not access.may_configure(viewer(request), now=clock.now()):
        raise PermissionDenied("Only the pilot and administrators change products.")


def new(request: HttpRequest) -> HttpResponse:
    """Hang a product into the tree that the table does not have."""
    _only_configurers(request)
    form = NewForm(request.POST or None, initial={"parent": request.GET.get("parent", "")})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = services.make_product(name=data["name"], parent=data["parent"], kind=data["kind"])
            return redirect("product_edit", made.pk)
        except services.PathTaken as error:
            form.add_error("name", str(error))
        except ValidationError as error:
            form.add_error("name", error.messages)
    return render(request, "display/product_new.html", {"form": form}, status=400 if form.is_bound else 200)


def edit(request: HttpRequest, id: UUID) -> HttpResponse:
    """Say who owns a product, how sorely it is needed, where it runs, whom one asks and what to do."""
    _only_configurers(request)
    now_there = services.version_of(
        id
    )  # before the row is read: what is shown may be newer than its version, never older
    row = get_object_or_404(Product, pk=id)
    form = ProductForm(request.POST or None, instance=row)
    places = PlaceFormSet(request.POST or None, prefix="places", initial=_places(row))
    contacts = ContactFormSet(request.POST or None, prefix="contacts", initial=_contacts(row))
    status = 400 if form.is_bound else 200
    if request.method == "POST" and all([form.is_valid(), places.is_valid(), contacts.is_valid()]):
        try:
            services.save_product(
                product=form.save(commit=False),
                places=[place for one in places if (place := one.place())],
                contacts=[asked for one in contacts if (asked := one.asked())],
                seen=request.POST.get("version", ""),
            )
            return redirect("product", id)
        except services.ChangedMeanwhile as error:
            form.add_error(None, str(error))
            status = 409
        except ValidationError as error:
            form.add_error(None, error.messages)
    # What cannot be saved yet keeps the version it was begun with. After a conflict the next press replaces knowingly.
    version = request.POST.get("version", "") if status == 400 else now_there
    context = {"form": form, "places": places, "contacts": contacts, "product": row, "version": version}
    return render(request, "display/product_edit.html", context, status=status)


def _places(row: Product) -> list[dict[str, Any]]:
    return [{"site": one.site_id, "calendar": one.calendar_id, "note": one.note} for one in row.places.all()]


def _contacts(row: Product) -> list[dict[str, Any]]:
    return [
        {"kind": one.kind, "site": one.site_id, "team": one.team_id, "person": one.person_id, "text": one.text}
        for one in row.contacts.all()
    ]
