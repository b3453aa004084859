"""Somebody proves that a telephone is theirs: by a text, and by a call, over the very way that pages take."""

import re

import requests

from tests.journeys.cast import PASSWORD
from tests.system import until


def test_a_code_comes_by_text_and_by_call_and_is_typed_back(system):
    browser = requests.Session()

    def submit(path, at="/me/", **fields):
        page = browser.get(system.url + at, timeout=30)
        token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[0]
        answer = browser.post(system.url + path, {**fields, "csrfmiddlewaretoken": token}, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.text

    submit("/accounts/login/", at="/accounts/login/", username="olga", password=PASSWORD)
    contact = re.findall(r"/people/contacts/([0-9a-f-]{36})/code/", browser.get(system.url + "/me/", timeout=30).text)[
        0
    ]

    submit(f"/people/contacts/{contact}/code/", channel="sms")
    text = system.wait_for_text("olga", "your code is")
    assert "is confirmed." in submit(f"/people/contacts/{contact}/confirm/", code=re.findall(r"\d{6}", text)[0])

    submit(f"/people/contacts/{contact}/code/", channel="voice")
    call = until(lambda: [one for one in system.calls("olga") if one["state"] == "ringing"], "a call with the code")[0]
    said = system.press(call, "")
    code = re.sub(r"\D", "", re.findall(r"Your code is ([\d, ]+)\.", said)[0])
    assert "is confirmed." in submit(f"/people/contacts/{contact}/confirm/", code=code)
