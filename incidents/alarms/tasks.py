"""An edge: Celery's ticks. Beat fires one a second; each loops for its second and ends. A lost one loses nothing."""

from celery import shared_task
from celery.signals import worker_process_shutdown
from django.db import close_old_connections

from incidents.alarms.loop import Loop

_loops: dict[str, Loop] = {}


@shared_task(ignore_result=True)
def tick() -> None:
    """Do what is due for one second. Safe to run late, twice or in parallel: due times live in PostgreSQL."""
    close_old_connections()
    if "celery" not in _loops:
        _loops["celery"] = Loop(name="celery")
    _loops["celery"].run_for(1.0)


@worker_process_shutdown.connect
def hang_up(**_: object) -> None:
    for loop in _loops.values():
        loop.close()
