"""The demo's jobs: report what incidents/latency/demo_checks.py finds, through the addresses that real jobs use.

They ask the portal when checks are due, what is deployed and what is known already. So they may be stopped and started
at any time: what should be in by now is reported then, as of then; what nobody reported in time stays missing.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import requests

from incidents.latency import demo_checks
from incidents.latency.demo_checks import Deployment, Due
from playbooks.readiness.nights import PACIFIC
from rotations.night import sun

TIMEOUT_S = (5, 30)  # to connect, to answer
DAY = timedelta(days=1)


class Jobs:
    """Reports to the portal at `base_url`, each time that `turn` is called. `say` hears once of each stretch in which
    the portal does not answer or does not take it.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        place: sun.Place,
        say: Callable[[str], object] = lambda line: None,
        session: requests.Session | None = None,
    ) -> None:
        self.base_url, self.place, self.say = base_url.rstrip("/"), place, say
        self.session = session or requests.Session()
        self.headers = {"Authorization": f"Token {token}"}
        self.silent = False
        self.reported: set[tuple[date, int, datetime]] = set()
        self.deployed: set[Deployment] = set()

    def turn(self, now: datetime) -> None:
        """Report what is due by `now` and not known. What is not taken is tried again at the next turn."""
        try:
            self._turn(now)
        except requests.RequestException as error:
            if not self.silent:
                self.say(f"The jobs of the checks wait: {type(error).__name__}: {error}")
            self.silent = True
        else:
            self.silent = False

    def _turn(self, now: datetime) -> None:
        night = sun.day_obs(now)
        sunrise = sun.night_at(night, self.place).sunrise
        stands = self._get(f"readiness/{sun.written(night)}/")
        if stands["morning_due"] is None or (sunrise is not None and now >= sunrise):
            return  # nobody has planned it yet, or it is over
        due = Due(night, _instant(stands["morning_due"]), _instant(stands["evening_due"]))
        waivers = {one["number"] for one in stands["checks"] if one["waiver"]}
        story = demo_checks.story_of(night, today=night, waived=demo_checks.WAIVED in waivers)
        self._deploy(due, story, now)
        numbers = {one["number"] for one in stands["checks"]}
        known = {one["number"]: _instant(one["result"]["at"]) for one in stands["checks"] if one["result"]}
        wanted = [
            one
            for one in demo_checks.wanted(demo_checks.found(due, story), known=known, now=now)
            if (night, one.check, one.at) not in self.reported and one.check in numbers
        ]
        if not wanted:
            return
        version = self._version(now)
        body = [
            {
                "night": sun.written(night),
                "check": one.check,
                "result": "pass" if one.passed else "fail",
                "version": version,
                "detail": one.detail,
            }
            for one in wanted
        ]
        self._post("readiness/", {"results": body})
        self.reported |= {(night, one.check, one.at) for one in wanted}

    def _deploy(self, due: Due, story: demo_checks.Story, now: datetime) -> None:
        mends, today = demo_checks.mended_on(due, story), now.astimezone(PACIFIC).date()
        rows: list[Deployment] = []
        day = today - demo_checks.DEPLOYED_BEFORE
        while day <= today:
            rows += demo_checks.deployments(day, mends=mends if day == due.night else None)
            day += DAY
        new = [one for one in rows if one.at <= now and one not in self.deployed]
        if new:
            said = [
                {"service": one.service, "version": one.version, "at": one.at.isoformat(), "who": one.who}
                for one in new
            ]
            self._post("deployments/", {"deployments": said})
            self.deployed |= set(new)

    def _version(self, now: datetime) -> str:
        """Return what is deployed, whoever did it."""
        rows = self._get("deployments/", service=demo_checks.TRAIN[0])["results"]
        newest = max(rows, key=lambda row: _instant(row["at"]), default=None)
        return str(newest["version"]) if newest else demo_checks.version_at(now)

    def _get(self, path: str, **asked: str) -> Any:
        answer = self.session.get(
            f"{self.base_url}/api/v1/{path}", params=asked, headers=self.headers, timeout=TIMEOUT_S
        )
        answer.raise_for_status()
        return answer.json()

    def _post(self, path: str, body: Any) -> None:
        answer = self.session.post(f"{self.base_url}/api/v1/{path}", json=body, headers=self.headers, timeout=TIMEOUT_S)
        answer.raise_for_status()


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
