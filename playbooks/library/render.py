"""PURE. Markdown to HTML that is safe to show: what is not on the list here does not come through (security.md S20).

Three walls, each of which would do: the Markdown reader takes no HTML and no images; every link is looked at by
`is_fit`; the sanitiser keeps the tags and attributes below and drops the rest.
"""

import re
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt

TAGS = {
    "p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "h3", "h4", "h5", "h6", "a",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
ATTRIBUTES = {"a": {"href"}, "ol": {"start"}}
DROPPED_WITH_CONTENT = {"script", "style"}
BELOW = 2  # a heading of the text stands below those of the page

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?\Z|\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?\Z")
_OWN = re.compile(r"/(?![/\\])[!-~]*\Z|#[!-~]*\Z")


def html(markdown: str) -> str:
    """Return safe HTML of `markdown` (CommonMark with tables and struck-out text)."""
    reader = MarkdownIt("commonmark", {"html": False, "linkify": False, "maxNesting": 20})
    reader.enable(["table", "strikethrough"]).disable(["image", "html_block", "html_inline"])
    tokens = reader.parse(markdown)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + BELOW, 6)}"
    return clean(reader.renderer.render(tokens, reader.options, {}))


def clean(markup: str) -> str:
    """Return `markup` with what is on the list, and nothing else."""
    return nh3.clean(
        markup,
        tags=TAGS,
        clean_content_tags=DROPPED_WITH_CONTENT,
        attributes=ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes={"http", "https", "mailto"},
        strip_comments=True,
        link_rel="noopener noreferrer nofollow",
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name not in ATTRIBUTES.get(tag, set()):
        return None  # the sanitiser lets a title and a language through on every tag
    return value if (is_fit(value) if name == "href" else value.isdecimal()) else None


def is_fit(address: str) -> bool:
    """Say whether a link may lead to `address`: a page of this portal, an anchor, the web, or a mailbox.

    The web means a plain host without name and password before it. An address with a backslash, a control character
    or a letter outside ASCII is none: browsers read such in more than one way.
    """
    if not address.isascii() or not address.isprintable() or "\\" in address or " " in address:
        return False
    if _OWN.match(address):
        return True
    try:
        parts = urlsplit(address)
        if parts.scheme == "mailto":
            return re.fullmatch(r"mailto:[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+", address) is not None
        return parts.scheme in ("http", "https") and "//" in address and _HOST.match(parts.netloc) is not None
    except ValueError:
        return False
