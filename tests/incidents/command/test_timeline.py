"""Lines in order, what may be wanted alone, and text as HTML in which nothing acts. Pure."""

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from incidents.alarms.models import LogEntry
from incidents.command.formatting import as_html, longest_ticks, mentions
from incidents.command.models import Entry
from incidents.command.timeline import GROUPS, Cursor, Line, cursor_from, group_of, merged

REL = 'rel="noopener noreferrer nofollow"'
NOW = datetime(2027, 3, 23, 3, 10, tzinfo=UTC)


def line(key, minutes, **fields):
    return Line(key=key, at=NOW + timedelta(minutes=minutes), kind="note", text=key, **fields)


def test_lines_stand_in_order_of_their_instants_the_incidents_own_first():
    own = [line("e1", 0, nth=1), line("e2", 5, nth=2)]
    heard = [line("l9", 5), line("l1", -3), line("l2", 0)]

    assert [one.key for one in merged(own, heard)] == ["l1", "e1", "l2", "e2", "l9"]


def test_a_line_that_was_written_later_stands_where_it_happened():
    own = [line("e1", 10, nth=1), line("e2", 2, nth=2)]

    assert [one.key for one in merged(own, [line("l1", 5)])] == ["e2", "l1", "e1"]


def test_a_line_that_comes_twice_stands_once():
    assert [one.key for one in merged([], [line("l1", 0), line("l1", 0)])] == ["l1"]


@pytest.mark.parametrize("kind", [*Entry.Kind.values, *LogEntry.Kind.values, "attempt", "report", "answer"])
def test_every_kind_of_line_can_be_wanted_alone(kind):
    assert group_of(kind, of_alarm=kind not in Entry.Kind.values) in GROUPS


def test_a_cursor_comes_back_as_it_was_given():
    given = Cursor(12, 345, NOW)

    assert given.text == "12-345-1805771400"
    assert cursor_from(given.text, now=NOW + timedelta(hours=1)) == given


def test_a_cursor_of_the_future_is_one_of_now():
    assert cursor_from("1-2-9999999999", now=NOW) == Cursor(1, 2, NOW)


# --- Text as HTML ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("one\ntwo", "<p>one<br>two</p>"),
        ("one\r\n\r\n \r\ntwo", "<p>one</p><p>two</p>"),
        ("run `df -h <path>` now", "<p>run <code>df -h &lt;path&gt;</code> now</p>"),
        ("`` a ` b ``", "<p><code>a ` b</code></p>"),
        ("it's `not closed", "<p>it&#x27;s `not closed</p>"),
        ("```\nSELECT 1;\n\n  -- two\n```\nafter", "<pre><code>SELECT 1;\n\n  -- two</code></pre><p>after</p>"),
        ("```sql\na\n````\nafter", "<pre><code>a</code></pre><p>after</p>"),
        ("````\n```\nkept\n```\n````", "<pre><code>```\nkept\n```</code></pre>"),
        ("```\nnever closed", "<pre><code>never closed</code></pre>"),
        (
            "see https://a.example/?b=1&c=2.",
            f'<p>see <a href="https://a.example/?b=1&amp;c=2" {REL}>https://a.example/?b=1&amp;c=2</a>.</p>',
        ),
        ("(mailto:ada@example.org)", f'<p>(<a href="mailto:ada@example.org" {REL}>mailto:ada@example.org</a>)</p>'),
        ("`https://example.org`", "<p><code>https://example.org</code></p>"),
        ("@ada. @adam x@ada", '<p><span class="mention">@ada</span>. @adam x@ada</p>'),
        ("", ""),
    ],
)  # fmt: skip
def test_what_somebody_typed_is_drawn(text, html):
    assert as_html(text, names={"ada"}) == html


def test_what_hides_or_turns_other_characters_is_written_out():
    assert as_html("a\u202egnp.exe\u200b\x1b[31m") == "<p>a⟨U+202E⟩gnp.exe⟨U+200B⟩⟨U+001B⟩[31m</p>"


def test_names_are_found_where_they_are_words_and_no_code():
    assert mentions("@ada (@grace.) x@mae `@bea`\n```\n@carl\n```\n@dora") == {"ada", "grace", "grace.", "dora"}


def test_the_longest_run_of_backticks_is_counted():
    assert longest_ticks("a ``` b ````` c `") == 5
    assert longest_ticks("none") == 0


class Reader(HTMLParser):
    """What a browser would make of it: tags with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


# From OWASP's Cross Site Scripting Prevention and XSS Filter Evasion cheat sheets: one of each kind that they name.
HOSTILE = [
    "<SCRIPT SRC=https://xss.example/xss.js></SCRIPT>",
    "<script>alert('XSS')</script>",
    '<IMG SRC="javascript:alert(\'XSS\');">',
    "<IMG SRC=# onmouseover=\"alert('xxs')\">",
    "<IMG SRC=/ onerror=\"alert(String.fromCharCode(88,83,83))\"></img>",
    '<IMG """><SCRIPT>alert("XSS")</SCRIPT>"\\>',
    "\\<a onmouseover=\"alert(document.cookie)\"\\>xxs link\\</a\\>",
    '<IMG SRC="jav&#x09;ascript:alert(\'XSS\');">',
    "perl -e 'print \"<IMG SRC=java\\0script:alert(\\\"XSS\\\")>\";' > out",
    '<IMG SRC=" &#14; javascript:alert(\'XSS\');">',
    '<SCRIPT/XSS SRC="http://xss.example/xss.js"></SCRIPT>',
    "<BODY onload!#$%&()*~+-_.,:;?@[/|\\]^`=alert(\"XSS\")>",
    '<<SCRIPT>alert("XSS");//\\<</SCRIPT>',
    "<SCRIPT SRC=http://xss.example/xss.js?< B >",
    "</TITLE><SCRIPT>alert(\"XSS\");</SCRIPT>",
    '<INPUT TYPE="IMAGE" SRC="javascript:alert(\'XSS\');">',
    "<svg/onload=alert('XSS')>",
    "<svg><script>alert&#40;1)</script></svg>",
    '<LINK REL="stylesheet" HREF="javascript:alert(\'XSS\');">',
    "<STYLE>@import'http://xss.example/xss.css';</STYLE>",
    '<META HTTP-EQUIV="refresh" CONTENT="0;url=javascript:alert(\'XSS\');">',
    '<IFRAME SRC="javascript:alert(\'XSS\');"></IFRAME>',
    '<OBJECT TYPE="text/x-scriptlet" DATA="http://xss.example/scriptlet.html"></OBJECT>',
    '<BASE HREF="javascript:alert(\'XSS\');//">',
    '<DIV STYLE="background-image: url(javascript:alert(\'XSS\'))">',
    "<form action='javascript:alert(1)'><button>Go</button></form>",
    "<details open ontoggle=alert(1)>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "[a](javascript:alert(1))",
    "![a](x\" onerror=\"alert(1))",
    "<javascript:alert(1)>",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1) data:text/html;base64,PHNjcmlwdD4= vbscript:msgbox(1) file:///etc/passwd",
    "https://example.org/\" onmouseover=\"alert(1)",
    "https://example.org/'onfocus='alert(1)'autofocus='",
    "https://example.org/<script>alert(1)</script>",
    "https://javascript:alert(1)",
    "mailto:a@example.org\" onclick=\"alert(1)",
    "http://`onmouseover=alert(1)",
    "@ada\" onmouseover=\"alert(1)",
    "```\n</code></pre><script>alert(1)</script>\n```",
    "`</code><script>alert(1)</script>`",
    "``` \" onmouseover=\"alert(1)\n<b>\n```",
    "<!--<img src=\"--><img src=x onerror=alert(1)//\">",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\x00<scr\x00ipt>alert(1)</scr\x00ipt>",
    "＜script＞alert(1)＜/script＞",
    "{{ 7*7 }}{% load x %}${alert(1)}",
]  # fmt: skip
ALLOWED = {"p": set(), "br": set(), "pre": set(), "code": set(), "span": {"class"}, "a": {"href", "rel"}}


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("around", ["{}", "a {} b", "`{}", "```\n{}", "https://example.org/{}", "@ada{}"])
def test_hostile_text_is_only_ever_shown(text, around):
    for tag, attributes in Reader(as_html(around.replace("{}", text), names={"ada"})).tags:
        assert tag in ALLOWED
        assert set(attributes) <= ALLOWED[tag]
        assert re.match(r"(?:https?://|mailto:)", attributes.get("href") or "https://", re.IGNORECASE)
        assert attributes.get("class") in (None, "mention")
