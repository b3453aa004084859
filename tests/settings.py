"""The portal's own settings, once there is a database and a broker to name in them.

A module of settings is the one thing that pytest-django reads before anything else, in the process that starts the
run and before its workers: where the services have to be up.
"""

import os

from tests import databases, services

os.environ.setdefault("ONCALL_ENV", "test")
services.ensure()
databases.announce()

from oncall.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["tests.hashing.QuickHasher"]
