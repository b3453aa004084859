"""Which contact stands in for one that nobody proved, and which rule the policy overtakes."""

from oncall.paging.ladder import Rung
from oncall.paging.rules import Turn, prefer_proved, too_late


def rung(after: float, channel: str, contact: str) -> Rung:
    return Rung(after, channel, contact, f"+{contact}")


def told(rungs: list[Rung]) -> list[tuple[float, str, str]]:
    return [(one.after, one.channel, one.contact) for one in rungs]


def test_the_turn_of_an_unproved_number_goes_to_a_proved_one_at_the_same_time():
    ladder = [rung(0, "sms", "old"), rung(60, "voice", "new"), rung(600, "voice", "old")]
    assert told(prefer_proved(ladder, proved={"old"})) == [
        (0, "sms", "old"),
        (60, "voice", "old"),
        (600, "voice", "old"),
    ]


def test_the_address_goes_with_the_contact():
    [first, _] = prefer_proved([rung(0, "voice", "new"), rung(60, "voice", "old")], proved={"old"})
    assert first.address == "+old"


def test_an_unproved_number_is_used_where_no_proved_one_has_its_channel():
    ladder = [rung(0, "sms", "mobile"), rung(60, "voice", "landline")]
    assert told(prefer_proved(ladder, proved={"mobile"})) == told(ladder)


def test_with_nothing_proved_everything_is_used():
    ladder = [rung(0, "sms", "a"), rung(0, "sms", "b")]
    assert told(prefer_proved(ladder, proved=set())) == told(ladder)


def test_what_would_come_twice_at_once_comes_once():
    ladder = [rung(0, "sms", "old"), rung(0, "sms", "new")]
    assert told(prefer_proved(ladder, proved={"old"})) == [(0, "sms", "old")]


def test_a_proved_mail_address_never_replaces_an_unproved_number():
    ladder = [rung(0, "email", "box"), rung(60, "voice", "phone")]
    assert told(prefer_proved(ladder, proved={"box"})) == told(ladder)


FIVE = Turn("Night", 1, 300, "/policies/1/")


def test_a_rule_after_the_step_has_waited_comes_too_late():
    assert too_late([0, 300, 301, 600], turns=[FIVE]) == {301: [FIVE], 600: [FIVE]}


def test_a_rule_may_be_in_time_for_one_step_and_too_late_for_another():
    hour = Turn("Day", 1, 3600, "/policies/2/")
    assert too_late([900], turns=[FIVE, hour]) == {900: [FIVE]}


def test_a_step_that_goes_on_at_once_blames_no_rule():
    assert too_late([60], turns=[Turn("Night", 1, 0, "/")]) == {}
