"""Labels typed to try routes come out as their source's parser would take them."""

import json

import pytest

from incidents.alarms.models import Alarm
from incidents.signals import route_services, route_trial, services
from incidents.signals.models import Source
from incidents.signals.routes import Route
from oncall.catalogue.services import import_table
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tree(policy):
    import_table(text="path,tier\nDM,real_time\n", now=NOW)


def make(kind: str) -> Source:
    return services.create_source(name="Probe", kind=kind, policy=None, severity=4, now=NOW)[0]


def tried(text: str, kind: str) -> tuple[str, int, str]:
    (trial,) = route_trial.try_out(text, source=make(kind), now=NOW).trials
    assert trial.firing is not None
    return trial.title, trial.firing.severity, trial.firing.product


TYPED = "severity = critical\nproduct = DM\ntitle = Disk is full"


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("alertmanager", TYPED, ("Disk is full", 1, "DM")),
        ("alertmanager", "alertname = Disk\ninstance = host1\nseverity = odd", ("Disk on host1", 4, "")),
        ("alertmanager", "alertname = Disk\nsummary = It is full", ("It is full", 4, "")),
        ("grafana", "alertname = DatasourceNoData\nrulename = Disk", ("No data for Disk", 4, "")),
        ("kapacitor", "level = CRITICAL\nproduct = DM\nmessage = Disk is full", ("Disk is full", 1, "DM")),
        ("json", TYPED, ("Disk is full", 1, "DM")),
        ("mapped", TYPED, ("Disk is full", 1, "DM")),
        ("mail", "title = CRITICAL: disk is full\nproduct = DM", ("CRITICAL: disk is full", 1, "")),
        ("alertmanager", "team = df", ("A signal with these labels", 4, "")),
    ],
)
def test_typed_labels_have_title_severity_and_product_as_the_source_would_give_them(kind, text, expected):
    assert tried(text, kind) == expected


def test_a_trial_says_what_the_alarm_then_is():
    source = make("alertmanager")
    labels = {"alertname": "Disk", "severity": "critical", "product": "DM"}
    route_services.save_route(
        route=Route(source=source, name="All", matchers=[{"label": "severity", "op": "=", "value": "critical"}])
    )
    source.refresh_from_db()
    body = {"version": "4", "alerts": [{"status": "firing", "fingerprint": "a", "labels": labels, "annotations": {}}]}

    (trial,) = route_trial.try_out("alertname = Disk\nseverity = critical\nproduct = DM", source=source, now=NOW).trials

    receipt = services.receive(source=source, body=json.dumps(body).encode(), now=NOW)
    real = Alarm.objects.get(pk=receipt.alarms[0])
    assert trial.firing is not None
    assert (trial.title, trial.firing.severity, trial.firing.product) == (real.title, real.severity, real.product)
    assert trial.route is not None


def test_what_the_parser_would_reject_is_said():
    tried = route_trial.try_out("level = odd", source=make("kapacitor"), now=NOW)

    assert tried.trials == ()
    assert "“odd” is not known" in tried.rejected[0].errors["level"][0]
