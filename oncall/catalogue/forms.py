"""What people type about products."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.functional import cached_property

from oncall.catalogue.models import Contact, Product
from oncall.catalogue.services import Asked, Place
from oncall.people.models import Person, Site, Team, WorkCalendar

MOST_ROWS = 50  # of places or contacts; a product that has more already keeps them


def _among(rows: dict[str, Any], *, empty: str, label: str | None = None) -> forms.TypedChoiceField:
    """Return a choice among rows that were asked for once: a ModelChoiceField would ask again for each form."""

    def chosen(key: Any) -> Any:
        if str(key) not in rows:
            raise ValueError(key)  # the field says so beside itself
        return rows[str(key)]

    choices = [("", empty), *((key, str(row)) for key, row in rows.items())]
    return forms.TypedChoiceField(choices=choices, coerce=chosen, empty_value=None, required=False, label=label)


def _by_key(rows: QuerySet[Any]) -> dict[str, Any]:
    return {str(row.pk): row for row in rows}


class Rows(forms.BaseFormSet):  # type: ignore[type-arg]  # not subscriptable at run time
    """Several rows whose choices are asked for once, with room for all that are there."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.max_num = max(MOST_ROWS, len(self.initial or []))
        self.absolute_max = self.max_num + 1


class PathField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not subscriptable at run time
    """A product by its path: names occur twice."""

    def label_from_instance(self, obj: Product) -> str:
        return obj.path


class ProductForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    books = forms.CharField(
        label="Playbooks, one a line: a name or an address",
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    class Meta:
        model = Product
        fields = ("kind", "owner_team", "owner_person", "elsewhere", "elsewhere_contact", "manager", "tier")
        labels = {
            "owner_team": "Owner: a team",
            "owner_person": "Owner: a person",
            "elsewhere": "Owner elsewhere: a team of another house",
            "elsewhere_contact": "How to reach them",
        }
        help_texts = {
            "elsewhere": "Such as TSSW.",
            "elsewhere_contact": "A telephone number, a form, a room. It is logged where nobody here can be called.",
            "owner_team": "Whoever is on call for it is called. With an owner elsewhere: the team here that stands for "
            "them.",
            "tier": "Only Real Time calls people at night; everything else waits for the owner's working hours.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, empty in (("owner_team", "As above it"), ("owner_person", "Nobody"), ("manager", "Nobody here")):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.empty_label = empty
            if name != "owner_team":
                field.queryset = Person.objects.active().order_by("name")
        tier = self.fields["tier"]
        assert isinstance(tier, forms.TypedChoiceField)
        tier.choices = [("", "As above it"), *Product.Tier.choices]
        self.initial["books"] = "\n".join(self.instance.playbooks)

    def clean_books(self) -> str:
        text: str = self.cleaned_data["books"]
        books = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
        if any(len(one) > 200 for one in books) or len(books) > 20:
            raise forms.ValidationError("At most 20 playbooks, each in 200 letters. Shorten or leave out.")
        self.instance.playbooks = books
        return text


class PlaceForm(forms.Form):
    """Where it runs; an empty row is left out."""

    note = forms.CharField(max_length=200, required=False)

    def __init__(self, *args: Any, sites: dict[str, Any], calendars: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["site"] = _among(sites, empty="Nowhere (leave this row out)")
        self.fields["calendar"] = _among(calendars, empty="The owner's", label="Hours there")
        self.order_fields(["site", "calendar"])

    def place(self) -> Place | None:
        site = self.cleaned_data.get("site")
        return Place(site, self.cleaned_data["calendar"], self.cleaned_data["note"]) if site else None


class BasePlaces(Rows):
    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        return {**super().get_form_kwargs(index), "sites": self._sites, "calendars": self._calendars}

    @cached_property
    def _sites(self) -> dict[str, Any]:
        return _by_key(Site.objects.all())

    @cached_property
    def _calendars(self) -> dict[str, Any]:
        return _by_key(WorkCalendar.objects.all())

    def clean(self) -> None:
        sites = [site for form in self.forms if (site := form.cleaned_data.get("site"))]
        if len(set(sites)) < len(sites):
            raise forms.ValidationError("A site stands here twice. Leave one of the rows out.")


class ContactForm(forms.Form):
    """Whom one asks; an empty row is left out."""

    kind = forms.ChoiceField(choices=Contact.Kind.choices, initial=Contact.Kind.DBA, label="For")
    text = forms.CharField(max_length=300, required=False, label="Or who it is, and how to reach them")

    def __init__(
        self, *args: Any, sites: dict[str, Any], teams: dict[str, Any], people: dict[str, Any], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["site"] = _among(sites, empty="At every site")
        self.fields["team"] = _among(teams, empty="No team")
        self.fields["person"] = _among(people, empty="No person")
        self.order_fields(["kind", "site", "team", "person"])

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("team") and data.get("person"):
            raise forms.ValidationError("A team or a person, not both. Make two rows of it.")
        return data

    def asked(self) -> Asked | None:
        data = self.cleaned_data
        if not (data.get("team") or data.get("person") or data.get("text")):
            return None
        return Asked(data["kind"], data["site"], data["team"], data["person"], data["text"])


class BaseContacts(Rows):
    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        return {**super().get_form_kwargs(index), "sites": self._sites, "teams": self._teams, "people": self._people}

    @cached_property
    def _sites(self) -> dict[str, Any]:
        return _by_key(Site.objects.all())

    @cached_property
    def _teams(self) -> dict[str, Any]:
        return _by_key(Team.objects.all())

    @cached_property
    def _people(self) -> dict[str, Any]:
        return _by_key(Person.objects.active())


PlaceFormSet = forms.formset_factory(PlaceForm, formset=BasePlaces, extra=1, validate_max=True)
ContactFormSet = forms.formset_factory(ContactForm, formset=BaseContacts, extra=1, validate_max=True)


class NewForm(forms.Form):
    name = forms.CharField(max_length=80)
    parent = PathField(Product.objects.all(), required=False, empty_label="Nothing (a root)", label="Hangs below")
    kind = forms.ChoiceField(choices=Product.Kind.choices, initial=Product.Kind.PRODUCT)
