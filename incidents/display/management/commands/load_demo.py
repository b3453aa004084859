"""`manage.py load_demo`: fill an empty database with the demo, and write what scripts and the telephones need. Where
the demo is there already, its checks of tonight are caught up with.
"""

import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from incidents.display import demo, demo_products, demo_readiness
from incidents.escalation.models import EscalationPolicy
from incidents.latency.generator import WATCHER
from incidents.signals import heartbeats
from incidents.signals import services as signals
from incidents.signals.heartbeats_models import Heartbeat
from incidents.signals.heartbeats_views import beat_url
from incidents.signals.models import Source
from incidents.signals.views import hook_url
from oncall import clock
from oncall.paging.models import ContactMethod
from oncall.people import services as people
from oncall.people.models import Person

LOGINS = {
    "moreno": "triage worker",
    "lindqvist": "expert on call",
    "tanaka": "pilot of the rotations",
    "novak": "manager",
    "rojas": "observing specialist",
    "admin": "administrator",
}
SOURCES = {"alertmanager": "Prometheus at the data facility", "json": "Scripts"}


class Command(BaseCommand):
    help = "Load the demo into an empty database and write access.json and phones.json into ONCALL_DEMO_DIR."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demo's passwords are known to everybody: not with ONCALL_ENV=production.")
        place = Path(os.environ.get("ONCALL_DEMO_DIR", ".demo"))
        place.mkdir(exist_ok=True)
        with transaction.atomic():
            fresh = demo.load(now=clock.now(), year=True)
            if fresh:  # it has the nights of its incidents alone, whatever play_nights sent into the one before
                (place / "nights.json").unlink(missing_ok=True)
            else:  # before the portal looks what is missing, and calls somebody for it
                demo_readiness.catch_up(now=clock.now())
            secrets = self.secrets(place, fresh=fresh)
            secrets["heartbeat"] = self.heartbeat(secrets.get("heartbeat", ""))
        access = {
            "base_url": settings.PUBLIC_BASE_URL,
            "simulator_url": os.environ.get("SIMULATOR_URL", settings.TWILIO_API_BASE),
            "api_token": secrets["api_token"],
            "logins": self.logins(),
            "sources": {kind: hook_url(secrets[kind]) for kind in SOURCES},
            "heartbeats": {WATCHER: beat_url(secrets["heartbeat"])},
            "secrets": secrets,
        }
        self.write(place / "access.json", access)
        phones = ContactMethod.objects.filter(kind="phone").select_related("person").order_by("person__name")
        self.write(place / "phones.json", [{"name": one.person.name, "number": one.address} for one in phones])
        self.stdout.write("The demo is loaded." if fresh else "The demo was there already.")

    def secrets(self, place: Path, *, fresh: bool) -> dict[str, str]:
        """Return the secrets that are kept hashed: those of last time if they still fit, else new ones."""
        try:
            known: dict[str, str] = json.loads((place / "access.json").read_text())["secrets"]
        except (OSError, ValueError, KeyError):
            known = {}
        if not fresh and known and all(signals.source_of(known.get(kind, "")) for kind in SOURCES):
            return known
        admin = Person.objects.get(username="admin")
        _, token = people.create_token(person=admin, name="demo scripts", now=clock.now())
        return {"api_token": token} | {kind: self.source(kind, name) for kind, name in SOURCES.items()}

    def source(self, kind: str, name: str) -> str:
        known = Source.objects.filter(name=name).first()
        if known:
            return signals.renew_secret(source=known)
        policy = EscalationPolicy.objects.filter(is_default=True).first()
        source, secret = signals.create_source(name=name, kind=kind, policy=policy, severity=2, now=clock.now())
        if kind == "alertmanager":
            demo_products.routes(source)
        return secret

    def heartbeat(self, known: str) -> str:
        """Return the secret of the heartbeat that watches the observing: last time's if it fits, else a new one."""
        row = Heartbeat.objects.filter(name=WATCHER).first()
        if row is None:
            watching = Heartbeat(name=WATCHER, every_s=60, grace_s=60, severity=2, watches_observing=True)
            return heartbeats.create(heartbeat=watching, now=clock.now())
        fits = bool(known) and row.token_digest == people.digest(known)
        return known if fits else heartbeats.renew_secret(heartbeat=row)

    def logins(self) -> list[dict[str, str]]:
        rows = Person.objects.filter(username__in=LOGINS).prefetch_related("contact_methods")
        by_name = {person.username: person for person in rows}
        return [
            {
                "name": by_name[username].name,
                "username": username,
                "password": demo.PASSWORD,
                "role": role,
                "phone": next((c.address for c in by_name[username].contact_methods.all() if c.kind == "phone"), ""),
            }
            for username, role in LOGINS.items()
        ]

    def write(self, path: Path, what: object) -> None:
        path.touch(mode=0o600)
        path.write_text(json.dumps(what, indent=2) + "\n")
