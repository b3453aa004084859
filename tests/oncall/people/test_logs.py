"""Secrets do not reach the log."""

import logging

from oncall.people.logs import HideSecrets, hide


def test_a_refused_hook_leaves_no_secret_in_the_log():
    record = logging.LogRecord(
        "django.request", logging.WARNING, "", 0, "%s: %s", ("Not Found", "/hooks/s3cret/"), None
    )
    HideSecrets().filter(record)

    assert record.getMessage() == "Not Found: /hooks/…/"


def test_the_telephone_company_s_addresses_are_no_secret():
    assert hide("/hooks/twilio/sms/inbound") == "/hooks/twilio/sms/inbound"
