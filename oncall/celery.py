"""The Celery application: `celery -A oncall.celery worker`."""

import gc
import os

from celery import Celery
from celery.signals import worker_before_create_process

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oncall.settings")
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")  # they load every screen, which no worker and no beat ever shows

app = Celery("oncall")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_before_create_process.connect
def share_what_is_loaded(**_: object) -> None:
    """What the parent has loaded is its children's too; a collector that looked at it would copy it, page by page."""
    gc.collect()
    gc.freeze()
