"""Codes sent and typed at the same moment by several: limits hold, and one code proves once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from oncall.paging import verification
from oncall.paging.models import ContactMethod, Notice, Verification
from oncall.paging.verification import CannotSend, WrongCode
from tests.conftest import NOW, make_person

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def phone(db) -> ContactMethod:
    return make_person("Ada Moreno", "+14155550101").contact_methods.get()


def at_once(many: int, act) -> list[str]:
    """Do it so many times at the same moment; return what became of each."""
    start = Barrier(many, timeout=30)

    def one(n: int) -> str:
        try:
            start.wait()
            act(n)
        except (CannotSend, WrongCode) as error:
            return str(error)
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(many) as pool:
        return list(pool.map(one, range(many)))


def test_of_six_sends_at_once_three_leave_and_one_code_is_good(phone):
    said = at_once(6, lambda n: verification.send_code(contact=phone, channel="sms", now=NOW))
    assert said.count("done") == 3
    assert Verification.objects.filter(closed_at__isnull=True).count() == 1
    assert Notice.objects.filter(next_due__isnull=False).count() == 1


def test_two_people_with_the_same_number_share_its_three_sends(phone):
    other = make_person("Grace Okafor", "+14155550101").contact_methods.get()
    said = at_once(6, lambda n: verification.send_code(contact=[phone, other][n % 2], channel="sms", now=NOW))
    assert said.count("done") == 3


def test_of_six_wrong_tries_at_once_five_are_counted(phone):
    verification.send_code(contact=phone, channel="sms", now=NOW)
    said = at_once(6, lambda n: verification.check_code(contact=phone, code="wrong", now=NOW))
    assert sorted(said)[:1] == ["No code is waiting to be typed. Send a new one."]
    assert Verification.objects.get().tries == 5


def test_the_right_code_typed_twice_at_once_proves_once(phone):
    verification.send_code(contact=phone, channel="sms", now=NOW)
    code = "".join(c for c in Notice.objects.get().text if c.isdigit())[:6]
    said = at_once(2, lambda n: verification.check_code(contact=phone, code=code, now=NOW))
    assert sorted(said) == ["No code is waiting to be typed. Send a new one.", "done"]
