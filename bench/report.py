"""The table that is printed and the file that scripts read."""

import json
import platform
from dataclasses import asdict
from importlib.metadata import version
from os import cpu_count
from pathlib import Path
from typing import Any

from bench.figures import Spread

PROGRESS = {
    "floor": "Measuring the floor: a bare view, and an outbox with its worker.",
    "start": "Migrating and starting the portal.",
    "idle": "Weighing it at rest.",
    "hook": "Sending signals steadily.",
    "ingest": "Sending signals as fast as they are taken.",
    "storm": "A storm, after a minute's rest: every alarm for somebody else.",
    "few": "The same storm for five people.",
    "flood": "A storm over 500 keys, and one over a single key.",
    "lateness": "Ten thousand open alarms, one of them due every few milliseconds.",
    "visits": "Visits and deliveries, one by one and a thousand at once.",
    "tempest": "Ten thousand distinct events a minute from one source.",
    "loaded": "Weighing it again.",
    "listing": "The list of a hundred thousand alarms.",
    "search": "The search over sixty thousand lines and a hundred thousand alarms.",
    "rotations": "A thousand schedules: computing, storing and asking who is on call.",
}
NOT_PARTS = ("total", "total_mib", "load")
Row = tuple[str, str, str, str]


def rows(found: dict[str, Any]) -> list[Row]:
    """Return what, figure, floor of the same run, and goal; only of what was measured."""
    table: list[Row] = []
    floor, start = found.get("floor"), found.get("start")
    if floor:
        table.append(("floor: bare view, 1 row", f"{floor['bare_per_s']:.0f}/s", "", ""))
        table.append(("floor: row, outbox, worker", f"{floor['outbox_per_s']:.0f}/s", "", ""))
    if one := found.get("hook"):
        beside = str(floor["paged"]) if floor else "not measured"
        table.append(("hook to first page, 1.6/s", str(one["paged"]), beside, "p50 170, p99 300 ms; aim 40, 120"))
        beside = str(floor["accepted"]) if floor else "not measured"
        table.append(("  of it until the 202", str(one["accepted"]), beside, ""))
    if one := found.get("ingest"):
        ratio = "not measured"
        if floor:
            ratio = (
                f"{one['per_s'] / floor['outbox_per_s']:.2f} x outbox, {one['per_s'] / floor['bare_per_s']:.2f} x bare"
            )
        table.append(("ingest, 8 connections", f"{one['per_s']:.0f}/s", ratio, "208/s and 0.6 x outbox; aim 0.9"))
        table.append(("  its answers", str(one["accepted"]), "", ""))
        table.append(("  backlog gone after the last", f"{one['drained_s']} s", "", ""))
    for name, text in (("storm", "storm, each for somebody else"), ("few", "storm, for five people")):
        if one := found.get(name):
            last = f"last page {one['paged'].most / 1000:.2f} s ({one['pages']} pages for {one['alarms']} alarms)"
            table.append((text, last, "", "3 s; aim 0.6" if name == "storm" else ""))
            table.append(("  all accepted, all stepped", f"{one['accepted_s']} s, {one['stepped_s']} s", "", ""))
    table += rows_of_floods(found)
    table += rows_of_visits(found)
    table += rows_of_tempest(found)
    for name, text in (
        ("ingest", "CPU per alarm, ingest"),
        ("storm", "CPU per alarm, storm"),
        ("few", "CPU per alarm, five people"),
        ("lateness", "CPU per step, open alarms"),
    ):
        if one := found.get(name):
            table.append((text, f"{one['cpu_ms']['total']:.0f} ms", parts(one["cpu_ms"]), ""))
    for name, text in (("idle", "memory at rest (PSS)"), ("loaded", "memory afterwards (PSS)")):
        if one := found.get(name):
            table.append((text, f"{one['total_mib']:.0f} MiB", parts(one), "540; aim 400" if name == "idle" else ""))
    table += rows_of_search(found)
    table += rows_of_rotations(found)
    if start:
        table.append(("start-up, all healthy", f"{start['up_s']} s", "", "5.3; aim 3.6"))
        table.append(("migrating an empty database", f"{start['migrate_s']} s", "", "23; aim 15"))
    return table


def rows_of_floods(found: dict[str, Any]) -> list[Row]:
    floor, table = found.get("floor"), []
    for keys in ("500", "1") if "flood" in found else ():
        one = found["flood"][f"keys_{keys}"]
        beside = "not measured"
        if floor:
            answers, per_s = floor["count_answers"], floor["count_per_s"]
            beside = f"{one['per_s'] / per_s:.2f} x a row and a shared count, {per_s:.0f}/s, {answers}"
        table.append((f"{one['events']:,} events over {keys} keys", f"{one['per_s']:.0f}/s", beside, "none lost"))
        table.append(("  its answers", str(one["accepted"]), "", "p99 250 ms"))
        table.append(("  another's first alarm meanwhile", f"paged after {one['another_paged_s']} s", "", "10 s"))
        table.append(("  backlog gone after the last", f"{one['drained_s']} s", "", ""))
    if one := found.get("lateness"):
        beside = str(floor["late"]) if floor else "not measured"
        table.append(("lateness of due steps, 167/s", str(one["late"]), beside, "p99 500 ms; aim 150"))
        wrong = f"{one['early']} early, {one['lost']} lost, {one['doubled']} doubled"
        table.append(("  of them", wrong, "", "none"))
    return table


def rows_of_visits(found: dict[str, Any]) -> list[Row]:
    one, floor, table = found.get("visits"), found.get("floor"), list[Row]()
    for name in ("visits", "deliveries") if one else ():
        singles, batches = found["visits"][f"{name}_one_by_one"], found["visits"][f"{name}_by_1000"]
        beside = f"{singles['per_s'] / floor['outbox_per_s']:.2f} x outbox" if floor else "not measured"
        goal = "208/s and 0.6 x outbox; aim 0.9"
        table.append((f"{name}, one by one, 8 connections", f"{singles['per_s']:.0f}/s", beside, goal))
        text = f"{singles['cpu_ms']['total']:.1f} ms"
        table.append(
            ("  CPU for each", text, ", ".join(f"{k} {v}" for k, v in singles["cpu_ms"].items() if k != "total"), "")
        )
        table.append(("  its answers", str(singles["answers"]), "", ""))
        text = f"{batches['per_s']:.0f} items/s"
        table.append((f"{name}, 1,000 at once", text, f"a batch: {batches['answers']}", ""))
    if one := found.get("listing"):
        for view in ("open", "all"):
            text = f"list of {one['alarms']:,} alarms, {view}, 50 rows"
            table.append(
                (text, str(one[view]["answers"]), parts(one[view]["cpu_ms"]), "p50 80, p99 168 ms; aim 32, 67")
            )
    return table


def rows_of_search(found: dict[str, Any]) -> list[Row]:
    one = found.get("search")
    if not one:
        return []
    row = Spread(**one["row"])
    table = [
        (
            f"search, {name.replace('_', ' ')}",
            fine(took := Spread(**one["asked"][name])),
            beside(took, row),
            "p99 300 ms",
        )
        for name in one["asked"]
    ]
    pages = ("  as a page: two common", str(one["pages"]), parts(one["cpu_ms"]), "p99 300 ms")
    filled = f"{one['alarms']:,} alarms, {one['lines']:,} lines, {one['reviews']:,} reviews"
    return [("searched", filled, f"{fine(row)}: one row by its key", ""), *table, pages]


def beside(took: Spread, row: Spread) -> str:
    return f"{took.p50 / row.p50:.0f} x a row by its key"


def rows_of_tempest(found: dict[str, Any]) -> list[Row]:
    one = found.get("tempest")
    if not one:
        return []
    before, after = one["before"]["total_mib"], one["after"]["total_mib"]
    text = f"{one['events']:,} events at {one['per_s']:.0f}/s, all kept, none refused"
    return [
        ("tempest of one source", text, f"{one['answers']}", "10,000 a minute, no 5xx"),
        ("  its sender behind its time at worst", f"{one['behind_s']} s", "", ""),
        ("  of it alarms, and pages to its person", f"{one['alarms']} and {one['pages']}", "", "one page"),
        ("  another's first alarm meanwhile", f"paged after {one['another_paged_s']} s", "", "at once"),
        ("  backlog gone after the last", f"{one['drained_s']} s", "", ""),
        ("  memory before and after (PSS)", f"{before:.0f} and {after:.0f} MiB", parts(one["after"]), "flat"),
    ]


def rows_of_rotations(found: dict[str, Any]) -> list[Row]:
    one, floor = found.get("rotations"), found.get("floor")
    if not one:
        return []
    load = f"{one['rotations']:,} rotations, {one['shifts']:,} shifts, {one['tiles']:,} pieces"
    ask, row = Spread(**one["ask"]), Spread(**one["row"])
    edit, nothing = Spread(**one["edit"]), Spread(**one["nothing_due"])
    web = "not measured" if not floor else f"{one['on_call_api']['per_s'] / floor['bare_per_s']:.2f} x bare"
    return [
        ("a year of all, computed", f"{seconds(one['compute'])} ({load})", "", "8 s; aim 3.4"),
        ("  turns alone", seconds(one["turns"]), f"{seconds(one['conversions'])} for as many conversions", ""),
        ("  stored, from nothing", f"{seconds(one['store'])} ({one['rows']:,} rows)", "", "60 s"),
        ("  one rule edited, stored", f"{edit} ({one['edit_rows']} rows)", "", "that schedule alone"),
        ("  a look when nothing is due", str(nothing), "", ""),
        ("who is on call, in process", fine(ask), f"{fine(row)}: one row by its key", "p50 2.3 ms"),
        ("who is on call, API", api(one["on_call_api"]), web, "150/s"),
        ("shifts of a month, API", api(one["shifts_api"]), "", ""),
        ("preview of a month, API", api(one["preview_api"]), "", ""),
    ]


def seconds(took: dict[str, float]) -> str:
    return f"{took['s']:.2f} s, CPU {took['cpu_s']:.2f}"


def fine(found: Spread) -> str:
    return f"p50 {found.p50:.1f}, p99 {found.p99:.1f} ms (n = {found.n})"


def api(found: dict[str, float]) -> str:
    return (
        f"{found['per_s']:.0f}/s, p50 {found['p50']:.0f}, p99 {found['p99']:.0f} ms, web CPU {found['web_cpu_ms']} ms"
    )


def parts(figures: dict[str, float]) -> str:
    return ", ".join(f"{part} {value:.0f}" for part, value in figures.items() if part not in NOT_PARTS)


def plain_of(figures: Any) -> Any:
    """Return figures as JSON can keep them."""
    if isinstance(figures, dict):
        return {name: plain_of(one) for name, one in figures.items()}
    return asdict(figures) if isinstance(figures, Spread) else figures


def write(found: dict[str, Any], *, to: Path) -> None:
    """Print the table and keep the figures."""
    table: list[Row] = [("", "measured", "floor of the same run, or parts", "goal"), *rows(found)]
    widths = [max(len(row[column]) for row in table) for column in range(4)]
    print()
    for row in table:
        print("  " + "   ".join(map(str.ljust, row, widths)).rstrip())
    loads = ", ".join(f"{name} {figures['load']:.1f}" for name, figures in found.items())
    machine = {"cores": cpu_count(), "python": platform.python_version(), "django": version("django")}
    print(f"\n  {machine['cores']} cores; load of the machine at the end of each phase: {loads}.")
    print(f"  Figures for scripts: {to}\n")
    to.write_text(json.dumps({"machine": machine, **plain_of(found)}, indent=2) + "\n")
