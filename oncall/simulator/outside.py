"""What stands in for the rest of the outside: Slack, browsers with their push service, whoever hears our webhooks.

Configured by the environment that the portal has too (SLACK_BOT_TOKEN, SLACK_SIGNING_SECRET, PUBLIC_BASE_URL): these
are the other side of the same agreement.
"""

import os
from dataclasses import dataclass

from flask import Flask

from . import browsers, chat, receiver
from .company import Company
from .notebook import Notebook


@dataclass(frozen=True)
class Agreement:
    """What both sides know of each other."""

    token: str
    signing_secret: str
    portal: str
    vapid_public_key: str


def register(app: Flask, company: Company) -> None:
    """Add the stand-ins to the simulator's application."""
    path = company.store.path
    notebook = Notebook(path.with_name(f"{path.stem}-outside{path.suffix}"))
    agreed = Agreement(
        token=os.environ.get("SLACK_BOT_TOKEN", ""),
        signing_secret=os.environ.get("SLACK_SIGNING_SECRET", ""),
        portal=os.environ.get("PUBLIC_BASE_URL", ""),
        vapid_public_key=os.environ.get("VAPID_PUBLIC_KEY", ""),
    )
    app.register_blueprint(
        chat.blueprint(notebook, token=agreed.token, secret=agreed.signing_secret, portal=agreed.portal)
    )
    app.register_blueprint(browsers.blueprint(notebook, vapid_public_key=agreed.vapid_public_key))
    app.register_blueprint(receiver.blueprint(notebook))
