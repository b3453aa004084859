"""An edge: what an outside watcher asks. They say yes only on evidence.

`/healthz`: this process answers. `/readyz`: database, broker, migrations and a tick finished lately, each by name.
`/metrics`: Prometheus. None needs a sign-in, and none says anything about people.
"""

from collections.abc import Iterator
from datetime import datetime

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from incidents.alarms.models import Alarm
from incidents.display import queries
from oncall import clock
from oncall.paging.models import Attempt, Page


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """503 and the reason where something is amiss. A broker that is away is one: its workers idle."""
    checks: dict[str, str] = {}
    try:
        now = clock.now()
        checks["database"] = "ok"
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        checks["migrations"] = f"{len(missing)} not applied" if missing else "ok"
        pager = queries.pager(now=now)
        checks["tick"] = "ok" if pager.beating else "no cycle finished lately: start the pulse or a worker"
        checks["late"] = "ok" if not pager.late_pages + pager.late_alarms else "pages or alarms are late"
    except Error as error:
        checks["database"] = f"away: {type(error).__name__}"
    checks["broker"] = _broker()
    ready = all(checks.get(name) == "ok" for name in ("database", "migrations", "tick", "broker"))
    return JsonResponse({"ready": ready, "checks": checks}, status=200 if ready else 503)


def _broker() -> str:
    try:
        client = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=0.5, socket_timeout=0.5)
        client.ping()
    except (redis.RedisError, OSError) as error:
        return f"away: {type(error).__name__}"
    return "ok"


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
        beats = GaugeMetricFamily("oncall_beat_age_seconds", "Seconds since a loop finished a cycle.", labels=["loop"])
        for name, age, _ in pager.beats:
            if age is not None:
                beats.add_metric([name], age)
        yield beats
        yield _by("oncall_alarms_open", "Open alarms.", "state", Alarm.objects.open().values_list("state"))
        yield _by("oncall_pages", "Pages by state.", "state", Page.objects.values_list("state"))
        yield _by("oncall_attempts", "Attempts by state.", "state", Attempt.objects.values_list("state"))
        yield GaugeMetricFamily(
            "oncall_troubles_open", "Open troubles of this system itself.", value=len(pager.troubles)
        )


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
