"""What the stand-in for Slack tells the portal."""

import threading
import weakref
from types import SimpleNamespace

from oncall.simulator import events
from oncall.simulator.notebook import Notebook


class Answer:
    status_code = 200


def test_whoever_took_what_was_told_is_let_go(tmp_path, monkeypatch):
    answers, gone = [], threading.Event()

    def take(*args, **kwargs):
        answer = Answer()
        weakref.finalize(answer, gone.set)
        answers.append(weakref.ref(answer))
        return answer

    monkeypatch.setattr(events, "signed_post", take)
    monkeypatch.setattr(events, "Channels", lambda notebook: SimpleNamespace(one=lambda channel: {"id": channel}))
    told = events.Events(Notebook(tmp_path / "notes.sqlite3"), portal="https://portal.example", secret="s")

    told.joined("C1", "U0ADA", at="1.000001")

    assert gone.wait(20)  # who waits for the next event with the answer to the last one keeps its connection
    assert len(answers) == 1
