"""What only some sites send by is loaded only by processes that send by it: 31 MB that nobody else pays for."""

import subprocess
import sys

import pytest

HEAVY = ["slack_sdk", "pywebpush", "aiohttp"]
PROCESSES = {
    "web": "import oncall.wsgi; from django.urls import get_resolver; get_resolver().url_patterns",
    "loop": "import django; django.setup(); import incidents.alarms.loop, oncall.paging.slack_posts",
}


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_that_sends_by_neither_loads_neither(process):
    asks = f"{PROCESSES[process]}; import sys; print([one for one in {HEAVY} if one in sys.modules])"

    done = subprocess.run(
        [sys.executable, "-c", asks],
        env={"DJANGO_SETTINGS_MODULE": "oncall.settings", "ONCALL_ENV": "test"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


def test_who_sends_by_them_has_them():
    asks = (
        "import django; django.setup(); from oncall.paging.providers import channel; import sys;"
        f"channel('slack'); channel('push'); print([one for one in {HEAVY} if one in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", asks],
        env={"DJANGO_SETTINGS_MODULE": "oncall.settings", "ONCALL_ENV": "test"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.strip() == str(HEAVY), done.stderr
