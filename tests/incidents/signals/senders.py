"""What real senders send, written after their documentation: the same shapes, with an observatory's values.

Grafana: documentation, “Configure webhook notifications”, Webhook JSON payload; “No Data and Error states”.
Kapacitor: documentation, “Post (HTTP) event handler”, Alert templates; “AlertNode”, Message and Details.
"""

from typing import Any

ALERTMANAGER_ITEM: dict[str, Any] = {
    "status": "firing",
    "labels": {"alertname": "AlertsNone", "severity": "critical", "instance": "usdf-prompt:9090"},
    "annotations": {"summary": "No alerts for three visits", "description": "Since visit 2027032200123."},
    "startsAt": "2027-03-23T03:09:50Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://prometheus/graph",
    "fingerprint": "c0ffee0123456789",
}
ALERTMANAGER: dict[str, Any] = {
    "version": "4",
    "groupKey": '{}:{alertname="AlertsNone"}',
    "truncatedAlerts": 0,
    "status": "firing",
    "receiver": "oncall",
    "groupLabels": {"alertname": "AlertsNone"},
    "commonLabels": {"alertname": "AlertsNone"},
    "commonAnnotations": {},
    "externalURL": "http://alertmanager",
    "alerts": [ALERTMANAGER_ITEM],
}
GRAFANA_ITEM: dict[str, Any] = {
    "status": "firing",
    "labels": {"alertname": "Prompt latency high", "grafana_folder": "Prompt Processing", "severity": "warning"},
    "annotations": {
        "summary": "Alerts leave 95 s after readout",
        "description": "The median of the last ten visits.",
        "runbook_url": "https://example.org/playbooks/latency",
    },
    "startsAt": "2027-03-23T03:09:50.157076Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "https://grafana.example.org/alerting/grafana/afz29v7z/view?orgId=1",
    "fingerprint": "c6eadffa33fcdf37",
    "silenceURL": "https://grafana.example.org/alerting/silence/new?alertmanager=grafana&orgId=1",
    "dashboardURL": "https://grafana.example.org/d/prompt",
    "panelURL": "https://grafana.example.org/d/prompt?viewPanel=3",
    "imageURL": "https://grafana.example.org/render/3.png",
    "values": {"B": 95.25, "C": 1},
    "valueString": "[ var='B' labels={} value=95.25 ], [ var='C' labels={} value=1 ]",
}
GRAFANA: dict[str, Any] = {
    "receiver": "oncall",
    "status": "firing",
    "orgId": 1,
    "alerts": [GRAFANA_ITEM],
    "groupLabels": {"alertname": "Prompt latency high"},
    "commonLabels": {"grafana_folder": "Prompt Processing"},
    "commonAnnotations": {},
    "externalURL": "https://grafana.example.org/",
    "version": "1",
    "groupKey": '{}:{alertname="Prompt latency high"}',
    "truncatedAlerts": 0,
    "title": "[FIRING:1] Prompt latency high (Prompt Processing)",
    "state": "alerting",
    "message": "**Firing**\n\nValue: B=95.25, C=1",
}
NO_DATA: dict[str, Any] = GRAFANA_ITEM | {
    "labels": {
        "alertname": "DatasourceNoData",
        "datasource_uid": "P1809F7CD0C75ACF3",
        "ref_id": "A",
        "rulename": "Prompt latency high",
    },
    "values": {},
}
ERROR: dict[str, Any] = GRAFANA_ITEM | {
    "labels": {
        "alertname": "DatasourceError",
        "datasource_uid": "P1809F7CD0C75ACF3",
        "ref_id": "A",
        "rulename": "Prompt latency high",
    },
    "annotations": {"Error": "failed to execute query A: dial tcp: connection refused", "summary": "Alerts leave late"},
    "values": None,
}
KAPACITOR: dict[str, Any] = {
    "id": "efd_lag:site=summit",
    "message": "efd_lag:site=summit is CRITICAL value: 312",
    "details": "<b>The EFD lags</b> by 312 s &amp; grows.",
    "time": "2027-03-23T03:09:50Z",
    "duration": 120000000000,
    "level": "CRITICAL",
    "data": {
        "series": [
            {
                "name": "efd_lag",
                "tags": {"site": "summit", "product": "EFD"},
                "columns": ["time", "value"],
                "values": [["2027-03-23T03:09:40Z", 290], ["2027-03-23T03:09:50Z", 312]],
            }
        ]
    },
    "previousLevel": "WARNING",
    "recoverable": True,
}
JSON: dict[str, Any] = {
    "key": "lhn", "title": "No images arrive", "severity": 2, "status": "firing", "description": "Since 03:05.",
    "labels": {"link": "lhn"}, "link": "https://example.org/lhn", "product": "Long-Haul Network",
}  # fmt: skip
MAPPED: dict[str, Any] = {
    "site": {"name": "Cerro Pachón", "room": "computer room"},
    "probes": [
        {"sensor": {"id": 17, "tags": {"rack": "B4"}}, "state": "ALARM", "level": "crit", "text": "Rack B4 at 41 °C"},
        {"sensor": {"id": 18, "tags": {"rack": "B5"}}, "state": "fine", "level": "crit", "text": "Rack B5 at 22 °C"},
    ],
}
MAPPING: dict[str, Any] = {
    "items": "probes",
    "title": "{text} in the {$.site.room}",
    "key": "sensor.id",
    "status": "state",
    "severity": "level",
    "labels": ["sensor.tags", "site = $.site.name"],
    "product": "$.site.name",
    "statuses": {"alarm": "firing", "fine": "resolved"},
    "severities": {"crit": 2},
}
