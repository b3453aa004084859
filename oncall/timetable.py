"""Beat's entry: `celery -A oncall.timetable beat`. It only sends ticks by name, so it loads no task and no model."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oncall.settings")

app = Celery("oncall", fixups=[])
app.config_from_object("django.conf:settings", namespace="CELERY")
