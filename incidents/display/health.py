"""An edge: what an outside watcher asks. They say yes only on evidence.

`/healthz`: this process answers. `/readyz`: engine, sender and auditor each finished a whole cycle within a minute, on
a database that fits the code; what is amiss, by name. `/metrics`: Prometheus. None needs a sign-in, and none says
anything about people.
"""

import functools
import pkgutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib.util import find_spec

import redis
from django.apps import apps
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from incidents.alarms.models import Alarm
from incidents.display import queries
from oncall import clock
from oncall.limits import queries as limits
from oncall.paging.canary import NOBODY
from oncall.paging.models import Attempt, Channel, Page
from oncall.troubles import guard
from oncall.troubles.guard import AUDITOR, ENGINE, SENDER
from oncall.troubles.invariants import every
from oncall.troubles.signs import Sign, Signs


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


# What 503 means: pages may not go out. The rest is said beside it, and the auditor makes an alarm of it.
NEEDED = ("database", "migrations", "epoch", ENGINE, SENDER, AUDITOR)


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """503 and the reasons where a page might not go out.

    A broker that is away is said and is no reason: pages go by the pulse alone, and who takes this node out of service
    for it would take away the screens by which people answer.
    """
    checks: dict[str, str] = {}
    try:
        now = clock.now()
        checks["database"] = "ok"
        missing = migrations() - MigrationRecorder(connection).applied_migrations().keys()
        checks["migrations"] = f"{len(missing)} not applied" if missing else "ok"
        if not missing:
            checks |= _evidence(now)
    except Error as error:
        checks["database"] = f"away: {type(error).__name__}"
    checks["broker"] = _broker()
    ready = all(checks.get(name) == "ok" for name in NEEDED)
    return JsonResponse({"ready": ready, "checks": checks}, status=200 if ready else 503)


@functools.cache
def migrations() -> set[tuple[str, str]]:
    """Return all that this code brings, each by its app and its name, as Django finds them: by their files.

    Django's own way also loads them all, to know their order: 7 MB in each process, and time with every question.
    """
    found = set()
    for app in apps.get_app_configs():
        package, _ = MigrationLoader.migrations_module(app.label)
        spec = find_spec(package) if package else None
        for file in pkgutil.iter_modules(spec.submodule_search_locations) if spec else ():
            if not file.ispkg and file.name[0] not in "_~":
                found.add((app.label, file.name))
    return found


def _evidence(now: datetime) -> dict[str, str]:
    pager = queries.pager(now=now)
    checks = {"epoch": pager.stands_by or "ok"}
    for sign in pager.signs.modules:
        if sign.age is None:
            checks[sign.name] = "has never finished a cycle: start the pulse or a worker"
        else:
            checks[sign.name] = "ok" if sign.fresh else f"finished no cycle {_when(sign.age)}"
    for sign in pager.signs.ways_in:
        checks[sign.name] = "ok" if sign.fresh else "gives no sign of life: start manage.py receive_mail"
    checks["canary"] = _canary(pager.signs)
    checks["late"] = "ok" if not pager.late_pages + pager.late_alarms else "pages or alarms are late"
    broken = ", ".join(one["id"] for one in pager.broken)
    doubted = ", ".join(one["id"] for one in pager.signs.doubted)
    if not pager.signs.audit.fresh:
        checks["audit"] = "unknown: none ran lately"
    elif broken:
        checks["audit"] = f"broken: {broken}"
    else:
        checks["audit"] = f"being looked at again: {doubted}" if doubted else "ok"
    checks["clock"] = _clock(now)
    return checks


def _when(age: float) -> str:
    """Word the age of a sign that is not fresh, in seconds; one from the future is as good as none."""
    return f"for {age:.0f} s" if age >= 0 else f"that counts: its last is {-age:.0f} s ahead of the clock"


def _canary(signs: Signs) -> str:
    """Say how the last page to nobody fared. No reason for 503: that the engine works is asked for by itself."""
    if signs.canary.fresh:
        return "ok"
    if signs.canary.age is None:
        return "not yet: none has landed since this began" if signs.young else "unknown: none has ever landed"
    return f"unknown: none landed {_when(signs.canary.age)}"


def _clock(now: datetime) -> str:
    """Compare this node's clock with the database's (F21). Nothing here is decided by it; one that is wrong is told."""
    most = float(limits.at(now).number("clock_difference_s"))
    apart = (guard.here() - clock.reading()).total_seconds()
    return "ok" if abs(apart) <= most else f"{apart:+.0f} s from the database's"


def _broker() -> str:
    try:
        client = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=0.5, socket_timeout=0.5)
        client.ping()
    except (redis.RedisError, OSError) as error:
        return f"away: {type(error).__name__}"
    return "ok"


ATTEMPTS_OF = timedelta(hours=1)  # Own choice: tables that grow for ever are not counted at each scrape


class Pager:
    """Gathers the figures anew at each scrape, from the database: the truth, whichever process is asked."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def collect(self) -> Iterator[Metric]:
        pager = queries.pager(now=self.now)
        late = GaugeMetricFamily("oncall_late", "Rows whose due time is past by more than the limit.", labels=["kind"])
        late.add_metric(["page"], pager.late_pages)
        late.add_metric(["alarm"], pager.late_alarms)
        yield late
        yield _ages("oncall_beat_age_seconds", "Seconds since a loop finished a cycle.", "loop", pager.signs.loops)
        yield _ages(
            "oncall_module_age_seconds", "Seconds since a part finished a cycle.", "module", pager.signs.modules
        )
        if pager.signs.audit.fresh:  # what an old one found is not known to be so still: no sample is better than 0
            broken = GaugeMetricFamily("oncall_invariant_broken", "Rows that break an invariant.", labels=["invariant"])
            found = {one["id"]: max(1, len(one["rows"])) for one in pager.signs.found if one["sure"]}
            for invariant in every():
                broken.add_metric([invariant.id], found.get(invariant.id, 0))
            yield broken
        for name, text, sign in (
            ("oncall_audit_age_seconds", "Seconds since the auditor last asked everything.", pager.signs.audit),
            ("oncall_canary_age_seconds", "Seconds since a page to nobody went the whole way.", pager.signs.canary),
            ("oncall_heartbeat_age_seconds", "Seconds since the watcher outside heard from us.", pager.signs.outside),
        ):
            if sign.age is not None:
                yield GaugeMetricFamily(name, text, value=sign.age)
        yield _by("oncall_alarms_open", "Open alarms.", "state", Alarm.objects.open().values_list("state"))
        calling = Page.objects.calling().exclude(person=NOBODY)
        yield _by("oncall_pages", "Pages that call now.", "state", calling.values_list("state"))
        attempts = Attempt.objects.exclude(channel=Channel.NULL).filter(started_at__gt=self.now - ATTEMPTS_OF)
        text = "Attempts that began within the last hour, by state."
        yield _by("oncall_attempts", text, "state", attempts.values_list("state"))
        yield GaugeMetricFamily(
            "oncall_troubles_open", "Open troubles of this system itself.", value=len(pager.troubles)
        )


def _ages(name: str, text: str, label: str, signs: list[Sign]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=[label])
    for sign in signs:
        if sign.age is not None:
            family.add_metric([sign.name], sign.age)
    return family


def _by(name: str, text: str, label: str, rows: object) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=[label])
    for value, count in rows.annotate(n=Count("pk")).order_by():  # type: ignore[attr-defined]
        family.add_metric([value], count)
    return family


@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Pager(clock.now()))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
