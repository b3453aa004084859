"""PURE. Grafana unified alerting's webhook: one alarm per item of `alerts`, key = its fingerprint.

Source: Grafana documentation, “Configure webhook notifications”, sections Webhook JSON payload, Body and Alert object;
“No Data and Error states” for what it raises when a rule finds no data or fails. (Its own word “alerts” is kept here
alone.) A contact point with a payload of its own making is of kind `mapped`.
"""

from functools import partial
from typing import Any

from incidents.signals.payloads.items import (
    LONGEST_TEXT,
    LONGEST_TITLE,
    UNTITLED,
    Item,
    Parsed,
    Reader,
    Unreadable,
    as_key,
    clean,
    each,
    load,
    one_line,
    plain,
    say_what_was_cut,
    severity_of,
)

NO_DATA, ERROR = "DatasourceNoData", "DatasourceError"  # the rules' own names are in the label `rulename` then
MAIN_ORGANISATION = 1
LINKS = ("panelURL", "dashboardURL", "generatorURL")  # the nearest to what is wrong first


def parse(body: bytes) -> Parsed:
    """Return every readable item of the payload, beside those that are not.

    :raises Unreadable: if it has no list of alerts.
    """
    data = load(body)
    if "alerts" not in data:
        raise Unreadable({"alerts": [_without(data)]})
    organisation = data.get("orgId")
    parsed = each(data["alerts"], "alerts", partial(read, organisation=organisation))
    say_what_was_cut(data, parsed, remedy="Set Max Alerts of its contact point to 0.")
    return parsed


def _without(data: dict[str, Any]) -> str:
    if "evalMatches" in data or "ruleName" in data:
        return "Missing: this is Grafana's old alerting. Use unified alerting (Grafana 9 and newer)."
    return "Missing; a list is wanted. If the contact point has a custom payload, make its source of kind “mapped”."


def read(data: dict[str, Any], *, organisation: Any = None) -> tuple[Item | None, dict[str, list[str]]]:
    """Return the item, or what is wrong with which field.

    The fingerprint is of the labels: two organisations of one Grafana may have the same, so the key of another than
    the main one begins with its number. A severity word we do not know is left to the source's default. What is over
    needs no title.
    """
    reader = Reader(data)
    labels, notes = reader.labels("labels"), reader.labels("annotations")
    status = reader.choice("status", ("firing", "resolved"), "firing")
    if "status" not in data:
        reader.wrong("status", "Missing; write firing or resolved.")
    key = reader.key("fingerprint", required=True)
    title = _title(labels, notes)
    if status == "resolved":
        reader.need_only("status", "fingerprint")
    elif not title:
        reader.wrong("labels", UNTITLED)
    if reader.errors:
        return None, reader.errors
    if _is_other(organisation):
        labels["grafana_organisation"] = str(organisation)
        key = as_key(f"{organisation}/{key}")
    return (
        Item(
            firing=status == "firing",
            key=key,
            title=(title or key)[:LONGEST_TITLE],
            severity=severity_of(labels.get("severity", "")),
            description=_description(data, notes)[:LONGEST_TEXT],
            labels=labels,
            link=next((link for name in LINKS if (link := _address(data, name))), ""),
            product=labels.get("product", "")[:120],
        ),
        {},
    )


def _is_other(organisation: Any) -> bool:
    return isinstance(organisation, int) and not isinstance(organisation, bool) and organisation != MAIN_ORGANISATION


def _title(labels: dict[str, str], notes: dict[str, str]) -> str:
    """Return the summary, else the rule and instance. Where Grafana could not ask, that comes first: the summary of
    such a rule says what is wrong when there are data.
    """
    name, where = one_line(labels, "alertname"), one_line(labels, "instance")
    said = one_line(notes, "summary", "title")
    rule = one_line(labels, "rulename") or said
    if name == NO_DATA:
        return f"No data for {rule}" if rule else "No data"
    if name == ERROR:
        return f"Grafana cannot evaluate {rule}" if rule else "Grafana cannot evaluate a rule"
    return said or (f"{name} on {where}" if name and where else name)


def _description(data: dict[str, Any], notes: dict[str, str]) -> str:
    parts = [notes.get("description", ""), notes.get("Error", ""), _values(data)]
    for words, name in (("Picture", "imageURL"), ("Silence it in Grafana", "silenceURL")):
        address = _address(data, name)
        parts.append(f"{words}: {address}" if address else "")
    return "\n".join(part for part in parts if part)


def _values(data: dict[str, Any]) -> str:
    values = data.get("values")
    if isinstance(values, dict) and values:
        return clean(", ".join(f"{name} = {plain(value)}" for name, value in list(values.items())[:20]))[:1000]
    said = data.get("valueString")  # before Grafana 10
    return clean(said)[:1000] if isinstance(said, str) else ""


def _address(data: dict[str, Any], name: str) -> str:
    """Return an address of the item. One of another kind than text is left out: it is no reason to lose an alarm."""
    value = data.get(name)
    return clean(value).strip()[:1000] if isinstance(value, str) else ""
