"""What a refusal leaves in the log."""

import logging

from django.core.exceptions import PermissionDenied
from django.http import HttpResponseForbidden
from django.utils.log import log_response


def test_a_refusal_is_one_line_without_a_traceback(caplog):
    with caplog.at_level(logging.WARNING, logger="django.request"):
        log_response("Forbidden: %s", "/x/", response=HttpResponseForbidden(), exception=PermissionDenied("no"))

    assert [(one.getMessage(), one.exc_info) for one in caplog.records] == [("Forbidden: /x/", None)]


def test_a_fault_of_ours_keeps_its_traceback(caplog):
    with caplog.at_level(logging.WARNING, logger="django.request"):
        log_response("Forbidden: %s", "/x/", response=HttpResponseForbidden(), exception=ValueError("no"))

    assert caplog.records[0].exc_info is not None
