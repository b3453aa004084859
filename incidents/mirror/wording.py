"""How a timeline reads in Slack, and what is said there in our words. PURE.

Slack's markup escapes three characters and writes mentions as <@U…>; what people typed becomes neither a link of
theirs, nor a mention of a whole channel. Source: Slack's reference of message formatting.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping

LONGEST_NAME = 80  # Slack's
LONGEST_TOPIC = 250  # Slack's
LONGEST = 12000  # characters of a message, escaped; Slack cuts at 40000
LONGEST_HEARD = 19000  # of what becomes a line; one of ours takes 20000
_CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)
_NAME = re.compile(r"(?<![\w@./+-])@([A-Za-z0-9][A-Za-z0-9._-]{0,39})")
_MARK = re.compile(r"<([^<>\n]{1,3000})>")
_USER = re.compile(r"[@]([UW][A-Z0-9]{1,40})(?:\|.*)?")


def channel_name(number: int, title: str, *, restricted: bool, nth: int = 1) -> str:
    """Return what the channel is called: “inc-12-no-alerts”. Nothing of a restricted incident's title is in it: names
    of channels stand in logs. `nth`: a further name, where another channel has the first.
    """
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = "restricted" if restricted else "-".join(re.findall(r"[a-z0-9]+", plain))
    ending = f"-{nth}" if nth > 1 else ""
    return f"inc-{number}-{slug}"[: LONGEST_NAME - len(ending)].rstrip("-") + ending


def topic(*, severity: int, state: str, commander: str, url: str) -> str:
    """Return what stands at the top of the channel. `commander`: empty where nobody has command."""
    begin = escaped(f"SEV-{severity} · {state} · commander: {commander or 'nobody'}")
    return f"{begin[: LONGEST_TOPIC - len(url) - 3]} · {url}"[:LONGEST_TOPIC]


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def to_slack(text: str, accounts: Mapping[str, str]) -> str:
    """Return `text` in Slack's markup. `accounts`: of usernames in small letters, whose mention becomes one there.

    Code stays as it is, but for what Slack would read as markup.
    """
    parts = _CODE.split(text)
    said = []
    for index, part in enumerate(parts):
        plain = escaped(part)
        said.append(plain if index % 2 else _NAME.sub(lambda found: _mention(found, accounts), plain))
    return cut("".join(said))


def _mention(found: "re.Match[str]", accounts: Mapping[str, str]) -> str:
    for name in (found[1], found[1].rstrip("._-")):
        if name.lower() in accounts:
            return f"<@{accounts[name.lower()]}>{found[1][len(name) :]}"
    return found[0]


def cut(text: str) -> str:
    """Return no more than Slack takes, and nothing that is half an escape or half a mention."""
    if len(text) <= LONGEST:
        return text
    return re.sub(r"(&[a-z]{0,3}|<[^>]*)$", "", text[:LONGEST]) + " … (cut: the rest stands in oncall)"


def line(*, head: str, text: str, links: Collection[str] = ()) -> str:
    """Return a whole message: its head in italics, the text, and addresses below. Head and text are escaped already."""
    gap = "\n" if "\n" in text or text.startswith("`") else " "
    return "\n".join([f"_{head}_{gap}{text}", *(f"<{link}>" for link in links)])


def accounts_in(text: str) -> set[str]:
    """Return the Slack accounts that a message mentions."""
    return {user[1] for found in _MARK.finditer(text) if (user := _USER.fullmatch(found[1]))}


def from_slack(text: str, names: Mapping[str, str]) -> str:
    """Return a message of Slack's as people write here. `names`: what to write for an account: “@ada”, or a name."""

    def plain(found: "re.Match[str]") -> str:
        inside = found[1]
        if user := _USER.fullmatch(inside):
            return names.get(user[1], "somebody")
        target, _, label = inside.partition("|")
        if target.startswith("#"):
            return f"#{label or target[1:]}"
        if target.startswith("!"):
            return label or f"@{target[1:].partition('^')[0]}"
        if not label or label in (target, target.partition("://")[2], target.removeprefix("mailto:")):
            return target.removeprefix("mailto:") if label else target
        return f"{label} ({target})"

    said = _MARK.sub(plain, text.replace("\x00", ""))
    said = said.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()
    return said if len(said) <= LONGEST_HEARD else said[:LONGEST_HEARD] + "… (cut: the rest stands in Slack)"
