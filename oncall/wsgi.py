"""The web's entry: `gunicorn oncall.wsgi`.

With `--preload` all is loaded before the processes part, addresses and what they import too, and is theirs in common:
what they share is paid for once. Nothing here may open a connection or start a thread.
"""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oncall.settings")
application = get_wsgi_application()
get_resolver().url_patterns  # noqa: B018  # loads them now, not with the first request of each process
gc.collect()
gc.freeze()  # a collector that looks at what is shared would copy it, page by page
