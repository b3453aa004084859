"""What every edge shares that answers keys pressed on a telephone."""

import logging
from collections.abc import Callable
from functools import wraps
from urllib.parse import urlencode

from django.db import DatabaseError, InterfaceError, transaction
from django.http import HttpRequest, HttpResponse

from oncall.paging import twilio
from oncall.paging.channels import Prompt

MAX_TRIES = 3  # times we try again by ourselves when we fail
SORRY = "This was not recorded. Answer the text, or open the portal. You will be called again. Good bye."
log = logging.getLogger(__name__)
View = Callable[..., HttpResponse]


def never_silent(view: View, *, repeats_key: bool = True, sorry: str = SORRY) -> View:
    """Where the database fails us, say that nothing was recorded and try the same again: three times, with the key.

    `repeats_key` false: what was pressed is a secret and stands in no address; it is asked for again.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        try:
            with transaction.atomic():  # what we failed in leaves nothing behind that the next words would trip over
                return view(request, *args, **kwargs)
        except (DatabaseError, InterfaceError):
            log.exception("keypad %s", request.path)
            tried = number(request, "tried", most=MAX_TRIES)
            if tried >= MAX_TRIES:
                return twilio.render(Prompt([sorry]))
            query = request.GET.dict() | {"tried": str(tried + 1)}
            if repeats_key:
                query |= {"digits": digits(request)}
            again = f"{request.path}?{urlencode(query)}"
            return twilio.render(Prompt(["This was not recorded. I try again."], then_path=again))

    return guarded


def digits(request: HttpRequest) -> str:
    """Return the key that was pressed, now or before we tried again."""
    return request.POST.get("Digits", "")[:20] or request.GET.get("digits", "")[:4]


def number(request: HttpRequest, name: str, *, most: int, default: int = 0) -> int:
    text = request.GET.get(name, str(default))
    return min(int(text), most) if text.isascii() and text.isdigit() and len(text) < 3 else most
