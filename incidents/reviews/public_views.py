"""An edge for everybody, without signing in: reviews that were published. Nothing else is read here, nobody named."""

from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from incidents.reviews import drafting, queries
from incidents.reviews.models import Review

PAGE = 20


@login_not_required
@require_safe
def published(request: HttpRequest) -> HttpResponse:
    """The list, newest first; `?q=` finds words anywhere in a report."""
    words = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    page = Paginator(queries.search_published(words), PAGE).get_page(request.GET.get("page"))
    return render(request, "reviews/published.html", {"page": page, "q": words})


@login_not_required
@require_safe
def one(request: HttpRequest, number: int) -> HttpResponse:
    """One report, as it was frozen."""
    found = get_object_or_404(Review.objects.published(), incident__number=number)
    report = found.published
    sections = [
        (words, report["sections"].get(name, ""))
        for name, words, _ in drafting.SECTIONS
        if report["sections"].get(name)
    ]
    figures = report["figures"]
    context = {"review": found, "report": report, "sections": sections, "figures": figures}
    context |= {"lasted": drafting.length(figures["seconds"]), "lost": figures["lost"]}
    context["year"] = [(words, figures["year"][name]) for name, words in drafting.YEAR_WORDS.items()]
    return render(request, "reviews/report.html", context)
