"""What Jira and GitHub are asked, and what they answer: one of each, as the settings say. Nothing here is remembered.

Shapes: Jira's REST API version 2 (POST issue answers `id`, `key`, `self`; Cloud searches at `search/jql`, Data Center
at `search`, https://developer.atlassian.com/cloud/jira/platform/rest/v2/), GitHub's REST API (POST issues answers
`number` and `html_url`, https://docs.github.com/en/rest/issues/issues). Jira's search may lag behind what was just
made, and GitHub drops labels of those who may not set them: so our mark is a label there, and in the text here.
"""

import http.client
import json
import re
import ssl
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from django.conf import settings

from oncall.outside.addresses import BadAddress, NotReached, Target, parse
from oncall.outside.connecting import connect, deadline_in

DEADLINE_S = 10.0  # for names, the connection and the answer
LONGEST = 4 * 1024 * 1024  # bytes of an answer; a hundred GitHub issues with their texts
JIRA_KEY = re.compile(r"[A-Z][A-Z0-9_]{1,30}-\d{1,10}")
PAGE = 100
GITHUB = "github.com"


class NotMade(Exception):
    """There is no ticket, and we know it. `again`: it may be tried again. The message is fit to show."""

    def __init__(self, message: str, *, again: bool = False) -> None:
        super().__init__(message)
        self.again = again


class Unclear(Exception):
    """There may be a ticket: we asked, and have no answer that says so. The message is fit to show."""


@dataclass(frozen=True)
class Wanted:
    """A ticket that somebody wants. `mark`: by which it is known again."""

    title: str
    text: str
    mark: str
    since: datetime


@dataclass(frozen=True)
class Ticket:
    name: str
    url: str


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any  # of JSON; None: it was none


def configured() -> dict[str, str]:
    """Return the trackers that are set up: name and words."""
    found = {}
    if settings.JIRA_URL and settings.JIRA_TOKEN and settings.JIRA_PROJECT:
        found["jira"] = f"Jira ({settings.JIRA_PROJECT})"
    if settings.GITHUB_TOKEN and settings.GITHUB_REPOSITORY:
        found["github"] = f"GitHub ({settings.GITHUB_REPOSITORY})"
    return found


def look_for(tracker: str, wanted: Wanted) -> Ticket | None:
    """Return the ticket that was made already, if it is to be found.

    :raises NotMade: if the tracker cannot be asked now, or refuses us.
    """
    try:
        answer = _ask("GET", *(_jira_search(wanted) if tracker == "jira" else _github_list(wanted)), body=None)
    except Unclear as error:
        raise NotMade(str(error), again=True) from None
    if answer.status != 200 or not isinstance(answer.body, dict | list):
        raise NotMade(_refusal(tracker, answer), again=answer.status >= 500 or answer.status in (403, 408, 429))
    rows = answer.body.get("issues") if isinstance(answer.body, dict) else answer.body
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, dict):
            continue
        if tracker == "jira" or wanted.mark in str(row.get("body") or ""):
            return _ticket(tracker, row)
    return None


def make(tracker: str, wanted: Wanted) -> Ticket:
    """Make the ticket; asked for once.

    :raises NotMade: if there is none.
    :raises Unclear: if there may be one.
    """
    url, headers = _jira("issue") if tracker == "jira" else _github("issues")
    body = _jira_issue(wanted) if tracker == "jira" else _github_issue(wanted)
    answer = _ask("POST", url, headers, body=json.dumps(body).encode())
    if answer.status == 201:
        ticket = _ticket(tracker, answer.body) if isinstance(answer.body, dict) else None
        if ticket is None:
            raise Unclear("It was made, but the answer does not say under which name.")
        return ticket
    if answer.status >= 500 or 200 <= answer.status < 300:
        raise Unclear(_refusal(tracker, answer))
    raise NotMade(_refusal(tracker, answer), again=answer.status in (408, 429))


def name_of(url: str) -> str:
    """Return what a ticket is called by its address: DM-12345, or lsst/oncall#12; else its host. Anybody may name paths
    as they like, so what is on GitHub is called so only there.
    """
    if not url:
        return ""
    parts = urlsplit(url)
    host, last = parts.hostname or "", parts.path.rstrip("/").split("/")
    if JIRA_KEY.fullmatch(last[-1]) and host != GITHUB:
        return last[-1] if _is_jira(host) else f"{last[-1]} ({host})"[:80]
    if host == GITHUB and len(last) == 5 and last[3] in ("issues", "pull") and last[4].isdigit():
        return f"{last[1]}/{last[2]}#{last[4]}"[:80]
    return host[:80]


def _is_jira(host: str) -> bool:
    return host.endswith(".atlassian.net") or host == urlsplit(settings.JIRA_URL or "").hostname


# --- Jira -------------------------------------------------------------------------------------------------------------


def _jira(path: str) -> tuple[str, dict[str, str]]:
    """Cloud takes a user's mail and token, Data Center a personal token."""
    token = settings.JIRA_TOKEN
    if settings.JIRA_EMAIL:
        proof = "Basic " + b64encode(f"{settings.JIRA_EMAIL}:{token}".encode()).decode()
    else:
        proof = f"Bearer {token}"
    return f"{settings.JIRA_URL}/rest/api/2/{path}", {"Authorization": proof, "Accept": "application/json"}


def _jira_search(wanted: Wanted) -> tuple[str, dict[str, str]]:
    asked = urlencode({"jql": f'labels = "{wanted.mark}"', "fields": "key", "maxResults": 2}, quote_via=quote)
    return _jira(f"{'search/jql' if settings.JIRA_EMAIL else 'search'}?{asked}")


def _jira_issue(wanted: Wanted) -> Mapping[str, Any]:
    return {
        "fields": {
            "project": {"key": settings.JIRA_PROJECT},
            "issuetype": {"name": settings.JIRA_ISSUE_TYPE},
            "summary": wanted.title,
            "description": wanted.text,
            "labels": [wanted.mark],
        }
    }


# --- GitHub -----------------------------------------------------------------------------------------------------------


def _github(path: str) -> tuple[str, dict[str, str]]:
    return f"{settings.GITHUB_API_BASE}/repos/{settings.GITHUB_REPOSITORY}/{path}", {
        "Authorization": f"Bearer {settings.GITHUB_TOKEN}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }


def _github_list(wanted: Wanted) -> tuple[str, dict[str, str]]:
    since = f"{wanted.since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    asked = {"state": "all", "sort": "created", "direction": "desc", "per_page": PAGE, "since": since}
    return _github(f"issues?{urlencode(asked)}")


def _github_issue(wanted: Wanted) -> Mapping[str, Any]:
    return {"title": wanted.title, "body": f"{wanted.text}\n\n{wanted.mark}"}


# --- Both -------------------------------------------------------------------------------------------------------------


def _ticket(tracker: str, row: Mapping[str, Any]) -> Ticket | None:
    if tracker == "jira":
        key = row.get("key")
        if not (isinstance(key, str) and JIRA_KEY.fullmatch(key)):
            return None
        return Ticket(key, f"{settings.JIRA_URL}/browse/{key}")
    number, url = row.get("number"), row.get("html_url")
    if not (isinstance(number, int) and isinstance(url, str)):
        return None
    try:
        parse(url)  # it becomes a link on our pages
    except BadAddress:
        return None
    return Ticket(f"{settings.GITHUB_REPOSITORY}#{number}", url[:1000])


def _refusal(tracker: str, answer: Answer) -> str:
    """Say what the tracker answered, in its own words as far as it has any."""
    who = "Jira" if tracker == "jira" else "GitHub"
    said: list[str] = []
    if isinstance(answer.body, dict):
        many, each, one = (answer.body.get(name) for name in ("errorMessages", "errors", "message"))
        said += [str(text) for text in many] if isinstance(many, list) else []
        said += [f"{name}: {text}" for name, text in each.items()] if isinstance(each, dict) else []
        said += [one] if isinstance(one, str) else []
    if 300 <= answer.status < 400:
        said = ["it leads elsewhere. Correct its address in the settings."]
    if answer.status == 401:
        said.append("Its token is not good any more, or is for somebody else.")
    return f"{who} answered {answer.status}: {' '.join(said)}"[:300].rstrip(": ")


def _ask(method: str, url: str, headers: Mapping[str, str], *, body: bytes | None) -> Answer:
    """Ask once. No redirect is followed, so that our token goes to nobody else.

    The host stands in the settings, so it is asked wherever it is.

    :raises NotMade: if the request did not go out.
    :raises Unclear: if it did, and no answer came.
    """
    deadline = deadline_in(DEADLINE_S)
    try:
        target = parse(url)
    except BadAddress as error:
        raise NotMade(str(error)) from None
    try:
        ours = connect(target, allowed=[f"{target.host}:{target.port}"], deadline=deadline)
    except BadAddress as error:
        raise NotMade(str(error)) from None
    except NotReached as error:
        raise NotMade(str(error), again=True) from None
    except ssl.SSLError:
        raise NotMade(f"{target.host} has no valid certificate.") from None
    except (TimeoutError, OSError):
        raise NotMade(f"{target.host} could not be reached.", again=True) from None
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = ours  # its own connect() would look the name up once more
    try:
        return _exchange(connection, target, method, headers, body)
    except TimeoutError:
        raise Unclear(f"{target.host} did not answer within {DEADLINE_S:g} s.") from None
    except (OSError, http.client.HTTPException, ValueError):
        raise Unclear(f"{target.host} broke off.") from None
    finally:
        ours.hang_up()


def _exchange(
    connection: http.client.HTTPConnection, target: Target, method: str, headers: Mapping[str, str], body: bytes | None
) -> Answer:
    sent = {"Host": target.netloc, "User-Agent": "oncall", "Connection": "close", **headers}
    if body is not None:
        sent["Content-Type"] = "application/json"
    connection.request(method, target.path, body=body, headers=sent)
    answer = connection.getresponse()
    try:
        return Answer(answer.status, json.loads(answer.read(LONGEST)))
    except ValueError:
        return Answer(answer.status, None)
