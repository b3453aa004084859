"""Both ways between our words and Slack's markup; nobody's text becomes a link or a mention of theirs."""

import pytest

from incidents.mirror import wording


@pytest.mark.parametrize(
    ("number", "title", "restricted", "nth", "name"),
    [
        (12, "No alerts since 02:10!", False, 1, "inc-12-no-alerts-since-02-10"),
        (12, "Caméra été", False, 2, "inc-12-camera-ete-2"),
        (7, "Stolen key", True, 1, "inc-7-restricted"),
        (7, "火", False, 1, "inc-7"),
        (1, "a" * 200, False, 3, "inc-1-" + "a" * 72 + "-3"),
    ],
)
def test_a_channel_is_called_after_number_and_title(number, title, restricted, nth, name):
    assert wording.channel_name(number, title, restricted=restricted, nth=nth) == name


def test_a_topic_keeps_its_address_however_long_the_name_is():
    topic = wording.topic(severity=1, state="identified", commander="x" * 400, url="https://o.example/incidents/1/")

    assert len(topic) == 250
    assert topic.endswith(" · https://o.example/incidents/1/")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<!channel> & <@U1>", "&lt;!channel&gt; &amp; &lt;@U1&gt;"),
        ("@ada, and @Ada. not x@ada", "<@U0ADA>, and <@U0ADA>. not x@ada"),
        ("`@ada` ```@ada\n<b>```", "`@ada` ```@ada\n&lt;b&gt;```"),
        ("@nobody", "@nobody"),
    ],
)
def test_our_words_in_slack(text, said):
    assert wording.to_slack(text, {"ada": "U0ADA"}) == said


def test_a_long_line_is_cut_between_characters():
    assert wording.to_slack("a" * 11998 + "&" * 9, {}) == "a" * 11998 + " … (cut: the rest stands in oncall)"


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("<@U0ADA> and <@U0ADA|ada>, <@W9>", "@ada and @ada, somebody"),
        ("<#C1|general> <#C2> <!here> <!subteam^S1|@ops> <!date^1^x|noon>", "#general #C2 @here @ops noon"),
        ("<https://x.example|https://x.example> <https://x.example|x.example>", "https://x.example https://x.example"),
        ("<https://evil.example|the plot>", "the plot (https://evil.example)"),
        ("<mailto:a@x.example|a@x.example>", "a@x.example"),
        ("&lt;b&gt; &amp;lt;", "<b> &lt;"),
        ("  a\0  ", "a"),
    ],
)
def test_slacks_words_here(text, ours):
    assert wording.from_slack(text, {"U0ADA": "@ada"}) == ours


def test_a_long_message_is_cut_to_what_a_line_takes():
    assert len(wording.from_slack("x" * 40000, {})) == 19000 + len("… (cut: the rest stands in Slack)")
