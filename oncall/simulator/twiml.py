"""PURE: the language in which a caller's application says what happens in a call, read and obeyed.

`read` turns a document into verbs. `conversation` obeys verbs: a generator that yields what the telephone company has
to do (`Fetch`, `Speak`, `Wait`, `Collect`, `Note`) and is sent what came of it; it knows no network, thread or clock.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree  # documents with a DOCTYPE are refused before they reach it

LETTERS_PER_SECOND = 15.0  # about the pace of a synthetic voice
LARGEST_DOCUMENT = 64 * 1024  # bytes; the telephone company's own limit
MOST_DOCUMENTS = 200  # in one call; a document that redirects to itself must end some day
MOST_REPEATS = 5  # of one Say with `loop`
APPLICATION_ERROR = "We are sorry, an application error has occurred. Goodbye."


class BadDocument(ValueError):
    """The document cannot be obeyed. The message says what is wrong with it."""


# --- What a document says ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Say:
    text: str
    times: int = 1


@dataclass(frozen=True)
class Play:
    url: str


@dataclass(frozen=True)
class Pause:
    seconds: float


@dataclass(frozen=True)
class Gather:
    """Ask for keys. `digits` None: as many as come before the timeout or a finishing key."""

    prompts: tuple[Say | Play | Pause, ...] = ()
    digits: int | None = None
    timeout_s: float = 5.0
    finish_on: str = "#"
    action: str = ""
    method: str = "POST"
    action_on_empty: bool = False


@dataclass(frozen=True)
class Redirect:
    url: str
    method: str = "POST"


@dataclass(frozen=True)
class Hangup:
    pass


@dataclass(frozen=True)
class Reject:
    busy: bool = False


@dataclass(frozen=True)
class Unknown:
    name: str


Verb = Say | Play | Pause | Gather | Redirect | Hangup | Reject | Unknown


def read(document: str) -> tuple[Verb, ...]:
    """Return the verbs of a voice document.

    :raises BadDocument: if it is empty, too long, not XML, or not a `<Response>`, or an attribute is no number.
    """
    return tuple(_verb(element) for element in _response(document))


def read_replies(document: str) -> tuple[str, ...]:
    """Return the texts a messaging document sends back; an empty answer sends none.

    :raises BadDocument: if it is not XML or not a `<Response>`.
    """
    if not document.strip():
        return ()
    found = []
    for element in _response(document):
        if element.tag in {"Message", "Sms"}:
            body = element.find("Body")
            found.append(_text(element if body is None else body))
    return tuple(text for text in found if text)


def _response(document: str) -> ElementTree.Element:
    if len(document.encode()) > LARGEST_DOCUMENT:
        raise BadDocument("The document is longer than 64 KiB.")
    if "<!DOCTYPE" in document:
        raise BadDocument("The document has a DOCTYPE; leave it out.")
    try:
        root = ElementTree.fromstring(document.strip())  # noqa: S314
    except ElementTree.ParseError as error:
        raise BadDocument(f"The document is not XML: {error}.") from error
    if root.tag != "Response":
        raise BadDocument(f"The document is a <{root.tag}>; it must be a <Response>.")
    return root


def _verb(element: ElementTree.Element) -> Verb:
    match element.tag:
        case "Say" | "Play" | "Pause":
            return _prompt(element)
        case "Gather":
            digits = element.get("numDigits")
            return Gather(
                prompts=tuple(_prompt(child) for child in element if child.tag in {"Say", "Play", "Pause"}),
                digits=None if digits is None else max(1, int(_number(element, "numDigits", 1))),
                timeout_s=_number(element, "timeout", 5),
                finish_on=element.get("finishOnKey", "#"),
                action=element.get("action", "").strip(),
                method=_method(element),
                action_on_empty=element.get("actionOnEmptyResult", "").lower() == "true",
            )
        case "Redirect":
            return Redirect(url=_text(element), method=_method(element))
        case "Hangup":
            return Hangup()
        case "Reject":
            return Reject(busy=element.get("reason") == "busy")
        case name:
            return Unknown(name)


def _prompt(element: ElementTree.Element) -> Say | Play | Pause:
    if element.tag == "Say":
        times = int(_number(element, "loop", 1))
        return Say(_text(element), MOST_REPEATS if times == 0 else min(times, MOST_REPEATS))
    if element.tag == "Play":
        return Play(_text(element) or element.get("digits", ""))
    return Pause(_number(element, "length", 1))


def _text(element: ElementTree.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _method(element: ElementTree.Element) -> str:
    return "GET" if element.get("method", "POST").upper() == "GET" else "POST"


def _number(element: ElementTree.Element, name: str, default: float) -> float:
    value = element.get(name)
    if value is None or value == "auto":
        return default
    try:
        number = float(value)
    except ValueError:
        raise BadDocument(f'{name}="{value}" of <{element.tag}> is not a number.') from None
    if not 0 <= number <= 4 * 3600:
        raise BadDocument(f'{name}="{value}" of <{element.tag}> is out of range.')
    return number


# --- What the telephone company does about it -------------------------------------------------------------------------


@dataclass(frozen=True)
class Fetch:
    """Ask the application for the next document. Answered by `Fetched`."""

    url: str
    method: str = "POST"
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Fetched:
    """`problem` is empty when `body` is to be obeyed; `code` is the telephone company's number for the problem."""

    body: str = ""
    problem: str = ""
    code: str = ""


@dataclass(frozen=True)
class Speak:
    text: str


@dataclass(frozen=True)
class Note:
    """For the person who looks at the simulator; nobody hears it."""

    text: str


@dataclass(frozen=True)
class Wait:
    seconds: float


@dataclass(frozen=True)
class Collect:
    """Wait for keys, `patience_s` for the first (what was just said takes its time to say). Answered by `Keys`."""

    gather: Gather
    patience_s: float


@dataclass(frozen=True)
class Keys:
    """What was pressed, and the finishing key if one was."""

    digits: str = ""
    finished_on: str = ""


Effect = Fetch | Speak | Note | Wait | Collect
Answer = Fetched | Keys | None
Doing = Generator[Effect, Answer, str | Fetch]


def taken(keys: str, gather: Gather) -> tuple[Keys, str] | None:
    """Return what a gather takes from `keys` pressed so far and what is left of them; None while it wants more."""
    for place, key in enumerate(keys):
        if key in gather.finish_on:
            return Keys(keys[:place], key), keys[place + 1 :]
        if gather.digits is not None and place + 1 >= gather.digits:
            return Keys(keys[: place + 1]), keys[place + 1 :]
    return None


def conversation(start: Fetch | str, *, fallback: Fetch | None = None) -> Generator[Effect, Answer, str]:
    """Obey the document at `start` (or given whole) and those it leads to, to the end; return why it ended.

    A document that cannot be had or obeyed is replaced, each time, by the one at `fallback`; without that, or when
    that fails too, the person hears `APPLICATION_ERROR`. Ends: `hangup`, `end of document`, `rejected`,
    `application error`.
    """
    here = start.url if isinstance(start, Fetch) else ""
    current: Fetch | str = start
    for _ in range(MOST_DOCUMENTS):
        fetched = yield from _document(current)
        verbs, trouble = _readable(fetched)
        if trouble is not None and fallback is not None:
            yield Note(trouble.problem)
            here, failed = fallback.url, here
            asked = Fetch(fallback.url, fallback.method, {"ErrorCode": trouble.code, "ErrorUrl": failed})
            verbs, trouble = _readable((yield from _document(asked)))
        if trouble is not None:
            yield Note(trouble.problem)
            break
        outcome = yield from _obey(verbs, here)
        if isinstance(outcome, str):
            return outcome
        if not outcome.url.startswith(("http://", "https://")):
            yield Note(f"The document leads to {outcome.url!r}, but was given whole: it has no address to start from.")
            break
        current, here = outcome, outcome.url
    else:
        yield Note(f"The call asked for {MOST_DOCUMENTS} documents; it runs in circles.")
    yield Speak(APPLICATION_ERROR)
    return "application error"


def _document(source: Fetch | str) -> Generator[Effect, Answer, Fetched]:
    if isinstance(source, str):
        return Fetched(source)
    fetched = yield source
    assert isinstance(fetched, Fetched)
    return fetched


def _readable(fetched: Fetched) -> tuple[tuple[Verb, ...], Fetched | None]:
    if fetched.problem:
        return (), fetched
    try:
        return read(fetched.body), None
    except BadDocument as error:
        return (), Fetched(problem=str(error), code="12100")


def _obey(verbs: tuple[Verb, ...], here: str) -> Doing:
    unheard_s = 0.0  # said, but a person would still be listening: added to the patience of the next gather
    for verb in verbs:
        match verb:
            case Say() | Play():
                unheard_s += yield from _prompted(verb)
            case Pause(seconds):
                yield Wait(seconds)
            case Gather():
                for prompt in verb.prompts:
                    unheard_s += yield from _prompted(prompt)
                keys = yield Collect(verb, unheard_s + verb.timeout_s)
                assert isinstance(keys, Keys)
                unheard_s = 0.0
                if keys.digits or verb.action_on_empty:
                    return Fetch(_join(here, verb.action), verb.method, _pressed(keys))
            case Redirect(url, method):
                return Fetch(_join(here, url), method)
            case Hangup():
                return "hangup"
            case Reject():
                return "rejected"
            case Unknown(name):
                yield Note(f"<{name}> is not simulated and was passed over.")
    return "end of document"


def _prompted(prompt: Say | Play | Pause) -> Generator[Effect, Answer, float]:
    """Say the prompt; return how many seconds it lasts."""
    match prompt:
        case Say(text, times):
            for _ in range(times):
                yield Speak(text)
            return times * len(text) / LETTERS_PER_SECOND
        case Play(url):
            yield Note(f"plays {url}")
            return 0.0
        case Pause(seconds):
            return seconds


def _pressed(keys: Keys) -> dict[str, str]:
    fields = {"Digits": keys.digits, "msg": "Gather End"}
    return fields | {"FinishedOnKey": keys.finished_on} if keys.finished_on else fields


def _join(here: str, url: str) -> str:
    """Return `url` as seen from the document at `here`; an empty one means that document again."""
    if not url:
        return here
    return urljoin(here, url) if urlsplit(here).scheme else url
