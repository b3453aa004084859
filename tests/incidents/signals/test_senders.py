"""What each real sender's payload becomes: documented payloads in, alarms' words out."""

import json

import pytest

from incidents.signals.payloads import alertmanager, grafana, kapacitor
from incidents.signals.payloads.items import Item, Unreadable, as_key
from tests.incidents.signals.senders import (
    ALERTMANAGER,
    ERROR,
    GRAFANA,
    GRAFANA_ITEM,
    KAPACITOR,
    NO_DATA,
)


def body(data) -> bytes:
    return json.dumps(data).encode()


def of_grafana(*items, **fields) -> list[Item]:
    return grafana.parse(body(GRAFANA | {"alerts": list(items)} | fields)).items


def test_an_item_of_grafana_becomes_an_alarm_keyed_by_its_fingerprint():
    (item,) = grafana.parse(body(GRAFANA)).items

    assert item == Item(
        firing=True,
        key="c6eadffa33fcdf37",
        title="Alerts leave 95 s after readout",
        severity=3,
        description=(
            "The median of the last ten visits.\n"
            "B = 95.25, C = 1\n"
            "Picture: https://grafana.example.org/render/3.png\n"
            "Silence it in Grafana: https://grafana.example.org/alerting/silence/new?alertmanager=grafana&orgId=1"
        ),
        labels=GRAFANA_ITEM["labels"],
        link="https://grafana.example.org/d/prompt?viewPanel=3",
    )


def test_of_a_group_of_grafana_each_item_has_its_own_status():
    over = GRAFANA_ITEM | {"status": "resolved", "fingerprint": "bc97ff14869b13e3"}

    assert [(item.key, item.firing) for item in of_grafana(GRAFANA_ITEM, over)] == [
        ("c6eadffa33fcdf37", True),
        ("bc97ff14869b13e3", False),
    ]


def test_no_data_is_said_before_the_summary_which_is_of_the_rule():
    (item,) = of_grafana(NO_DATA)

    assert item.title == "No data for Prompt latency high"


def test_a_rule_that_grafana_cannot_evaluate_is_said_with_its_error():
    (item,) = of_grafana(ERROR)

    assert item.title == "Grafana cannot evaluate Prompt latency high"
    assert item.description.startswith("failed to execute query A: dial tcp: connection refused\n")


@pytest.mark.parametrize(
    ("item", "title"),
    [
        ({"labels": {"alertname": "Late"}, "annotations": {"summary": " "}}, "Late"),
        ({"labels": {"alertname": "Late", "instance": "\t"}, "annotations": {"summary": " "}}, "Late"),
        (NO_DATA | {"labels": NO_DATA["labels"] | {"rulename": " "}, "annotations": {}}, "No data"),
    ],
)
def test_what_is_blank_in_grafana_is_no_title(item, title):
    (found,) = of_grafana(GRAFANA_ITEM | item)

    assert found.title == title


@pytest.mark.parametrize("odd", [{"labels": {}, "annotations": {}}, {"labels": [], "annotations": 3}])
def test_what_grafana_calls_resolved_needs_only_its_fingerprint(odd):
    (item,) = of_grafana(GRAFANA_ITEM | {"status": "resolved"} | odd, orgId=7)

    assert (item.firing, item.key, item.title) == (False, "7/c6eadffa33fcdf37", "7/c6eadffa33fcdf37")


def test_what_fires_in_grafana_without_any_name_is_refused():
    parsed = grafana.parse(body(GRAFANA | {"alerts": [GRAFANA_ITEM | {"labels": {}, "annotations": {}}]}))

    assert [list(one.errors) for one in parsed.rejected] == [["labels"]]


def test_two_organisations_of_one_grafana_with_one_fingerprint_are_two_alarms():
    (main,), (other,) = of_grafana(GRAFANA_ITEM), of_grafana(GRAFANA_ITEM, orgId=7)

    assert (main.key, other.key) == ("c6eadffa33fcdf37", "7/c6eadffa33fcdf37")
    assert other.labels["grafana_organisation"] == "7"


def test_the_words_of_an_older_grafana_are_read_too():
    (item,) = of_grafana({name: value for name, value in GRAFANA_ITEM.items() if name != "values"})

    assert "[ var='B' labels={} value=95.25 ], [ var='C' labels={} value=1 ]" in item.description


@pytest.mark.parametrize(
    ("parse", "payload", "remedy"),
    [
        (grafana.parse, GRAFANA, "Set Max Alerts of its contact point to 0."),
        (alertmanager.parse, ALERTMANAGER, "Set max_alerts of its webhook_config to 0."),
    ],
)
def test_what_a_sender_left_out_is_a_rejection_beside_what_it_sent(parse, payload, remedy):
    parsed = parse(body(payload | {"truncatedAlerts": 3}))

    assert len(parsed.items) == 1
    (rejected,) = parsed.rejected
    assert rejected.index == 1
    assert rejected.errors == {
        "truncatedAlerts": [
            f"The sender left “3” more out. {remedy} They are not known here: look there for what they are."
        ]
    }


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (GRAFANA | {"alerts": []}, "Empty. Send at least one."),
        (GRAFANA | {"alerts": {}}, "“{}” is an object; a list is wanted."),
        ({"title": "[Alerting] Test", "evalMatches": [], "ruleName": "Test"}, "this is Grafana's old alerting"),
        ({"my": "own payload"}, "make its source of kind “mapped”"),
    ],
)
def test_what_is_no_payload_of_grafana_s_says_what_would_be(data, words):
    with pytest.raises(Unreadable) as caught:
        grafana.parse(body(data))

    assert words in caught.value.errors["alerts"][0]


def test_an_event_of_kapacitor_becomes_an_alarm_keyed_by_its_id():
    (item,) = kapacitor.parse(body(KAPACITOR)).items

    assert item == Item(
        firing=True,
        key="efd_lag:site=summit",
        title="efd_lag:site=summit is CRITICAL value: 312",
        severity=1,
        description="The EFD lags by 312 s & grows.\nefd_lag: time = 2027-03-23T03:09:50Z, value = 312",
        labels={"site": "summit", "product": "EFD"},
        product="EFD",
    )


@pytest.mark.parametrize(
    ("level", "firing", "severity"),
    [("CRITICAL", True, 1), ("WARNING", True, 3), ("INFO", True, 4), ("OK", False, None)],
)
def test_a_level_of_kapacitor_is_a_severity_and_ok_resolves(level, firing, severity):
    (item,) = kapacitor.parse(body(KAPACITOR | {"level": level, "previousLevel": "CRITICAL"})).items

    assert (item.key, item.firing, item.severity) == ("efd_lag:site=summit", firing, severity)


def test_what_kapacitor_will_never_call_over_says_so():
    (item,) = kapacitor.parse(body(KAPACITOR | {"recoverable": False})).items

    assert item.description.endswith("its rule has noRecoveries. Resolve it here.")


def test_kapacitor_s_own_default_details_are_left_out():
    (item,) = kapacitor.parse(body(KAPACITOR | {"details": "{&#34;id&#34;:&#34;x&#34;}", "data": None})).items

    assert item.description == ""


def test_without_a_message_the_id_is_the_title():
    (item,) = kapacitor.parse(body(KAPACITOR | {"message": ""})).items

    assert item.title == "efd_lag:site=summit"


def test_what_kapacitor_calls_ok_needs_only_its_id():
    (item,) = kapacitor.parse(body({"id": "efd_lag", "level": "OK", "message": {"odd": 1}})).items

    assert (item.firing, item.key, item.title) == (False, "efd_lag", "efd_lag")


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({"level": "CRITICAL"}, {"id": ["Missing. Give it a text."]}),
        (
            KAPACITOR | {"level": "BAD"},
            {"level": ["“BAD” is not known; Kapacitor sends OK, INFO, WARNING, CRITICAL."]},
        ),
        ({"id": "x"}, {"level": ["Missing; Kapacitor sends OK, INFO, WARNING, CRITICAL."]}),
        (
            {"series": []},
            {"level": ["Missing: the httpPost node sends data, not what is wrong. Use .post() of an alert node."]},
        ),
    ],
)
def test_what_is_no_event_of_kapacitor_s_says_which_field(data, errors):
    with pytest.raises(Unreadable) as caught:
        kapacitor.parse(body(data))

    assert caught.value.errors == errors


def test_two_long_ids_that_begin_alike_are_two_alarms():
    first, second = as_key("host=" + "a" * 300), as_key("host=" + "a" * 299 + "b")

    assert first != second
    assert (len(first), len(second)) == (200, 200)
