"""Hostile text is inert. The vectors are those of OWASP's XSS Filter Evasion Cheat Sheet, by its headings, and some of
Markdown's own; security.md S20.
"""

from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playbooks.library.render import ATTRIBUTES, TAGS, clean, html, is_fit

VECTORS = {
    "Basic XSS Test Without Filter Evasion": "<SCRIPT SRC=https://cdn.example/xss.js></SCRIPT>",
    "XSS Locator (Polygot)": "javascript:/*--></title></style></textarea></script></xmp>"
    "<svg/onload='+/\"`/+/onmouseover=1/+/[*/[]/+alert(42);//'>",
    "Malformed A Tags": "\\<a onmouseover=\"alert(document.cookie)\"\\>xxs link\\</a\\>",
    "Malformed A Tags, no quotes": "<a onmouseover=alert(document.cookie)>xxs link</a>",
    "Malformed IMG Tags": '<IMG """><SCRIPT>alert("XSS")</SCRIPT>"\\>',
    "fromCharCode": "<a href=\"javascript:alert(String.fromCharCode(88,83,83))\">Click Me!</a>",
    "Default SRC Tag to Get Past Filters that Check SRC Domain": "<IMG SRC=# onmouseover=\"alert('xxs')\">",
    "Default SRC Tag by Leaving it out Entirely": "<IMG onmouseover=\"alert('xxs')\">",
    "On Error Alert": '<IMG SRC=/ onerror="alert(String.fromCharCode(88,83,83))"></img>',
    "Decimal HTML Character References": "<a href=\"&#106;&#97;&#118;&#97;&#115;&#99;&#114;&#105;&#112;&#116;&#58;"
    "&#97;&#108;&#101;&#114;&#116;&#40;&#49;&#41;\">Click Me!</a>",
    "Hexadecimal HTML Character References Without Trailing Semicolons": "<a href=\"&#x6A&#x61&#x76&#x61&#x73&#x63"
    "&#x72&#x69&#x70&#x74&#x3A&#x61&#x6C&#x65&#x72&#x74&#x28&#x31&#x29\">Click Me</a>",
    "Embedded Tab": "<a href=\"jav\tascript:alert('XSS');\">Click Me</a>",
    "Embedded Encoded Tab": "<a href=\"jav&#x09;ascript:alert('XSS');\">Click Me</a>",
    "Embedded Newline to Break Up XSS": "<a href=\"jav&#x0A;ascript:alert('XSS');\">Click Me</a>",
    "Embedded Carriage Return to Break Up XSS": "<a href=\"jav&#x0D;ascript:alert('XSS');\">Click Me</a>",
    "Null breaks up JavaScript Directive": "<IMG SRC=java\0script:alert(\"XSS\")>",
    "Spaces and Meta Chars Before the JavaScript": "<a href=\" &#14;  javascript:alert('XSS');\">Click Me</a>",
    "Non-alpha-non-digit XSS": '<SCRIPT/XSS SRC="http://xss.example/xss.js"></SCRIPT>',
    "Extraneous Open Brackets": "<<SCRIPT>alert(\"XSS\");//\\<</SCRIPT>",
    "No Closing Script Tags": "<SCRIPT SRC=http://xss.example/xss.js?< B >",
    "Protocol Resolution in Script Tags": "<SCRIPT SRC=//xss.example/.j>",
    "Half Open HTML/JavaScript XSS Vector": "<IMG SRC=\"`<javascript:alert>`('XSS')\"",
    "End Title Tag": '</TITLE><SCRIPT>alert("XSS");</SCRIPT>',
    "INPUT Image": "<INPUT TYPE=\"IMAGE\" SRC=\"javascript:alert('XSS');\">",
    "BODY Image": "<BODY BACKGROUND=\"javascript:alert('XSS')\">",
    "List-style-image": "<STYLE>li {list-style-image: url(\"javascript:alert('XSS')\");}</STYLE><UL><LI>XSS</br>",
    "VBscript in an Image": "<IMG SRC='vbscript:msgbox(\"XSS\")'>",
    "SVG Object Tag": "<svg/onload=alert('XSS')>",
    "BODY Tag": "<BODY ONLOAD=alert('XSS')>",
    "BGSOUND": "<BGSOUND SRC=\"javascript:alert('XSS');\">",
    "STYLE sheet": "<LINK REL=\"stylesheet\" HREF=\"javascript:alert('XSS');\">",
    "Remote style sheet": "<STYLE>@import'http://xss.example/xss.css';</STYLE>",
    "STYLE Tags that Breaks Up JavaScript for XSS": "<STYLE>@im\\port'\\ja\\vasc\\ript:alert(\"XSS\")';</STYLE>",
    "STYLE Attribute that Breaks Up an Expression": "<p STYLE=\"xss:expr/*XSS*/ession(alert('XSS'))\">",
    "META": "<META HTTP-EQUIV=\"refresh\" CONTENT=\"0;url=javascript:alert('XSS');\">",
    "META Using Data": '<META HTTP-EQUIV="refresh" CONTENT="0;url=data:text/html base64,PHNjcmlwdD4=">',
    "IFRAME Event Based": '<IFRAME SRC=# onmouseover="alert(document.cookie)"></IFRAME>',
    "FRAME": "<FRAMESET><FRAME SRC=\"javascript:alert('XSS');\"></FRAMESET>",
    "TABLE": "<TABLE BACKGROUND=\"javascript:alert('XSS')\"><TD BACKGROUND=\"javascript:alert(1)\">",
    "DIV Background-image": "<DIV STYLE=\"background-image: url(javascript:alert('XSS'))\">",
    "Downlevel-Hidden Block": "<!--[if gte IE 4]><SCRIPT>alert('XSS');</SCRIPT><![endif]-->",
    "BASE Tag": "<BASE HREF=\"javascript:alert('XSS');//\">",
    "OBJECT Tag": '<OBJECT TYPE="text/x-scriptlet" DATA="http://xss.example/scriptlet.html"></OBJECT>',
    "EMBED SVG Which Contains XSS Vector": '<EMBED SRC="data:image/svg+xml;base64,PHN2Zz4=" '
    'type="image/svg+xml" AllowScriptAccess="always"></EMBED>',
    "XML Data Island with CDATA Obfuscation": "<XML ID=\"xss\"><I><B><IMG SRC=\"javas<!-- -->cript:alert('XSS')\">"
    "</B></I></XML>",
    "Cookie Manipulation": "<META HTTP-EQUIV=\"Set-Cookie\" Content=\"USERID=<SCRIPT>alert('XSS')</SCRIPT>\">",
    "XSS Using HTML Quote Encapsulation": '<SCRIPT a=">" SRC="http://xss.example/xss.js"></SCRIPT>',
    "Assisting XSS with HTTP Parameter Pollution": "[x](javascript:alert(1)?u=https://ok.example)",
    "Markdown: link": "[x](javascript:alert(1))",
    "Markdown: link in capitals": "[x](JaVaScRiPt:alert(1))",
    "Markdown: link with a reference": "[x]\n\n[x]: javascript:alert(1)",
    "Markdown: link with entities": "[x](&#x6A;avascript:alert(1))",
    "Markdown: link with a tab": "[x](<java\tscript:alert(1)>)",
    "Markdown: data": "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "Markdown: vbscript": "[x](vbscript:msgbox(1))",
    "Markdown: file": "[x](file:///etc/passwd)",
    "Markdown: another host without a scheme": "[x](//evil.example/x)",
    "Markdown: backslashes for slashes": "[x](/\\evil.example)",
    "Markdown: encoded backslash": "[x](</\\evil.example>)",
    "Markdown: name before the host": "[x](https://portal.example@evil.example/)",
    "Markdown: fullwidth letters": "[x](ｊａｖａｓｃｒｉｐｔ:alert(1))",
    "Markdown: title that breaks out": "[x](https://ok.example '\" onmouseover=alert(1) \"')",
    "Markdown: autolink": "<javascript:alert(1)>",
    "Markdown: image": "![x](javascript:alert(1))",
    "Markdown: image from outside": "![x](https://evil.example/pixel.png)",
    "Markdown: image with onerror": "![x](x\" onerror=\"alert(1))",
    "Markdown: language of a fence": "```\"><script>alert(1)</script>\nls\n```",
    "Markdown: fence that holds HTML": "```\n</code></pre><script>alert(1)</script>\n```",
    "Markdown: table": "|<img src=x onerror=alert(1)>|\n|-|\n|<svg onload=alert(1)>|",
    "Markdown: heading that clobbers": "<h1 id=csrf name=cookie>x</h1>\n\n# x {#csrf onclick=alert(1)}",
    "Mutation: math": "<math><mtext><table><mglyph><style><!--</style>"
    "<img title=\"--&gt;&lt;img src onerror=alert(1)&gt;\">",
    "Mutation: noscript": "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
}  # fmt: skip


class Reader(HTMLParser):
    """What a browser would make of it: every tag with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.others: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_comment(self, data):
        self.others.append(data)

    def handle_decl(self, decl):
        self.others.append(decl)

    def handle_pi(self, data):
        self.others.append(data)


def seen(markup: str) -> Reader:
    reader = Reader()
    reader.feed(markup)
    reader.close()
    return reader


def is_inert(markup: str) -> bool:
    """Nothing but the tags and attributes on the list, and links that lead to the web, a mailbox or this portal."""
    found = seen(markup)
    return not found.others and all(
        tag in TAGS
        and set(attributes) <= ATTRIBUTES.get(tag, set()) | ({"rel"} if tag == "a" else set())
        and _leads_well(attributes.get("href"))
        for tag, attributes in found.tags
    )


def _leads_well(address: str | None) -> bool:
    if address is None:
        return True
    parts = urlsplit(address)
    if not parts.scheme:
        return not parts.netloc and address[:1] in "/#" and address[:2] not in ("//", "/\\")
    return parts.scheme in {"http", "https", "mailto"} and "@" not in parts.netloc


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS.keys())
def test_a_vector_is_inert_as_markdown(vector):
    assert is_inert(html(vector))


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS.keys())
def test_a_vector_is_inert_behind_the_sanitiser_alone(vector):
    """The second wall holds even where the Markdown reader would let HTML through."""
    assert is_inert(clean(vector))


def test_the_judge_of_these_tests_finds_what_is_not_inert():
    assert not is_inert("<p onclick='x'>y</p>")
    assert not is_inert("<a href='javascript:alert(1)'>x</a>")
    assert not is_inert("<a href='//evil.example'>x</a>")
    assert not is_inert("<script>x</script>")


def test_no_picture_is_loaded():
    assert "<img" not in html(VECTORS["Markdown: image from outside"])


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["<", ">", '"', "'", "script", "svg", " onload=", "[x](", ")", "javascript:", "//", "&#x6A;", "\n", "`",
             "a ", "<!--", "-->", "![", "](", "|", "-", "\t", "style=", "<a href=", "data:", "\\", "https://", "@",
             "# "]
        ),
        max_size=25,
    ).map("".join)
)  # fmt: skip
def test_whatever_is_put_together_of_such_pieces_is_inert(text):
    assert is_inert(html(text))
    assert is_inert(clean(text))


@pytest.mark.parametrize(
    "address",
    ["https://example.org/x?a=b#c", "http://example.org:8080/", "mailto:ada@example.org", "/playbooks/p1/", "#step-2",
     "https://[::1]/x"],
)  # fmt: skip
def test_an_honest_link_stays(address):
    assert is_fit(address)
    assert f'href="{address}"' in html(f"[x]({address})")


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "//evil.example", "/\\evil.example", "https:evil.example", "https:///evil.example",
     "https://a@evil.example/", "https://evil.example\\@ok.example/", "data:text/html,x", "ftp://example.org/",
     "relative", "", " https://example.org", "https://ex\u00adample.org/", "https://еxample.org/", "https://[::1",
     "java\tscript:alert(1)", "mailto:a@example.org?bcc=b@example.org", "https://example.org:99999999/"],
)  # fmt: skip
def test_a_link_that_may_be_read_in_more_than_one_way_is_none(address):
    assert not is_fit(address)


def test_words_lists_tables_and_commands_come_through():
    assert html("**Do** `ls`:\n\n- a\n\n```\nls -l\n```\n") == (
        "<p><strong>Do</strong> <code>ls</code>:</p>\n<ul>\n<li>a</li>\n</ul>\n<pre><code>ls -l\n</code></pre>\n"
    )


def test_a_heading_of_the_text_stands_below_those_of_the_page():
    assert html("# a\n\n###### b") == "<h3>a</h3>\n<h6>b</h6>\n"
