"""Settings, all from the environment (README.md, Configuration). Names the other houses only by dotted string."""

import os
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent


def env(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def env_flag(name: str, default: bool = False) -> bool:
    return env(name, "1" if default else "0").lower() in {"1", "true", "yes", "on"}


ONCALL_ENV = env("ONCALL_ENV", "production")
if ONCALL_ENV not in {"production", "demo", "test"}:
    raise ImproperlyConfigured(f"ONCALL_ENV is {ONCALL_ENV!r}; it must be production, demo or test.")
PRODUCTION = ONCALL_ENV == "production"
DEBUG = env_flag("DEBUG")

# Commands that touch no data (lint, schema, makemigrations --check) may run before anything is configured.
OFFLINE_COMMANDS = {"makemigrations", "check", "spectacular", "collectstatic", "help"}
OFFLINE = len(sys.argv) > 1 and sys.argv[1] in OFFLINE_COMMANDS

SECRET_KEY = env("SECRET_KEY") or (
    "" if PRODUCTION and not OFFLINE else "only-for-tests-and-offline-commands-" + "0" * 32
)
if not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY is not set. Give it 50 or more random characters and keep them.")
SECRET_KEY_FALLBACKS = [key for key in env("SECRET_KEY_FALLBACKS").split(",") if key]
ALLOWED_HOSTS = [host.strip() for host in env("ALLOWED_HOSTS", "localhost,127.0.0.1").split(",") if host.strip()]
ABSENCE_FEED_HOSTS = [host.strip() for host in env("ABSENCE_FEED_HOSTS").split(",") if host.strip()]
PUBLIC_BASE_URL = env("PUBLIC_BASE_URL", "http://127.0.0.1:8000").rstrip("/")
CSRF_TRUSTED_ORIGINS = [f"{urlsplit(PUBLIC_BASE_URL).scheme}://{urlsplit(PUBLIC_BASE_URL).netloc}"]

ROOMS = [  # upwards; what each has under an address stands in its urls.py
    "oncall.people",
    "oncall.limits",
    "oncall.catalogue",
    "oncall.work",
    "oncall.troubles",
    "oncall.outside",
    "oncall.paging",
    "oncall.phones",
    "rotations.night",
    "rotations.schedule",
    "rotations.changes",
    "rotations.ground_rules",
    "rotations.volunteers",
    "rotations.coverage",
    "rotations.leave",
    "rotations.burden",
    "rotations.reports",
    "playbooks.library",
    "playbooks.runs",
    "playbooks.readiness",
    "incidents.escalation",
    "incidents.alarms",
    "incidents.signals",
    "incidents.latency",
    "incidents.command",
    "incidents.mirror",
    "incidents.following",
    "incidents.updates",
    "incidents.reviews",
    "incidents.handover",
    "incidents.display",
]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "django_htmx",
    "template_partials",
    *ROOMS,
]

MIDDLEWARE = [
    "oncall.people.direct.Direct",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "oncall.people.middleware.SignInFirst",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "oncall.people.middleware.PersonTimeZone",
    "oncall.people.middleware.ContentSecurityPolicy",
    "oncall.people.middleware.OnlyPressed",
    "oncall.people.middleware.DatabaseAway",
]

# What programs ask by the thousand, past most of these (oncall/people/direct.py): a pattern, and its view.
DIRECT = {
    r"/hooks/(?P<token>[A-Za-z0-9_-]{32})/?": "incidents.signals.hooks.receive",
    r"/hooks/twilio/(sms|call)/(?P<attempt_id>[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})/": (
        "oncall.paging.callbacks.status"
    ),
    r"/api/v1/visits/": "incidents.latency.api.visits",
    r"/api/v1/deliveries/": "incidents.latency.api.deliveries",
}

ROOT_URLCONF = "oncall.urls"
WSGI_APPLICATION = "oncall.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "oncall" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "oncall.people.context.site",
            ],
            "builtins": ["oncall.people.templatetags.times"],
        },
    }
]


def database(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ImproperlyConfigured(
            f"DATABASE_URL begins with {parts.scheme!r}; it must be postgresql://user:password@host:port/name."
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 3,
            "application_name": env("ONCALL_PROCESS", "oncall"),
            "options": "-c timezone=UTC -c statement_timeout=15000 -c idle_in_transaction_session_timeout=30000",
            "keepalives_idle": 10,
        },
    }


DATABASES = {"default": database(env("DATABASE_URL", "postgresql://oncall:oncall@127.0.0.1:5432/oncall"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env("REDIS_URL", "redis://127.0.0.1:6379/0")

AUTH_USER_MODEL = "people.Person"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 24 * 3600  # links of resets and invitations, seconds
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SAMESITE = "Lax"
HTTPS = PUBLIC_BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = False  # the proxy in front redirects; hooks must never be redirected (a sender drops the body)
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"  # no-referrer would make browsers post forms with Origin: null
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env_flag("BEHIND_PROXY") else None
APPEND_SLASH = True
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024  # alarm sources: 1 MiB (security.md S34)
SILENCED_SYSTEM_CHECKS = ["security.W008"]  # SECURE_SSL_REDIRECT, see above

LANGUAGE_CODE = "en-gb"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / ".static"
STATICFILES_DIRS = [BASE_DIR / "oncall" / "static"]
WHITENOISE_USE_FINDERS = not PRODUCTION  # the demo and tests serve straight from the sources
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
DATETIME_FORMAT = "D j M Y H:i"

EMAIL = urlsplit(env("EMAIL_URL"))
if EMAIL.scheme in {"smtp", "smtps"}:
    EMAIL_HOST, EMAIL_PORT = EMAIL.hostname or "localhost", EMAIL.port or 25
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(EMAIL.username or ""), unquote(EMAIL.password or "")
    EMAIL_USE_SSL = EMAIL.scheme == "smtps"
    EMAIL_USE_TLS = EMAIL.port == 587
    EMAIL_TIMEOUT = 10
elif env("EMAIL_FILE_PATH"):
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = env("EMAIL_FILE_PATH")
else:
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", "oncall@localhost")
# Where `manage.py receive_mail` listens, behind the mail server of the site; it takes mail for this domain, empty: any.
MAIL_IN_HOST, MAIL_IN_PORT = env("MAIL_IN_HOST", "127.0.0.1"), int(env("MAIL_IN_PORT", "8025"))
MAIL_IN_DOMAIN = env("MAIL_IN_DOMAIN")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "oncall.people.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["oncall.people.parsers.Json"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "oncall.people.errors.handler",
    "DATETIME_FORMAT": "iso-8601",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "oncall",
    "DESCRIPTION": "On-call and incidents for the people who keep an observatory's data flowing. Instants are UTC.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "AbsenceKind": "rotations.changes.models.Absence.Kind",
        "WindowKind": "rotations.night.models.Window.Kind",
        "SliceKind": "rotations.leave.credit.KINDS",
        "RoleEnum": "rotations.schedule.models.ROLES",
        "RoleInIncident": "incidents.command.roles.ROLES",
        "StageEnum": "incidents.latency.models.Delivery.Stage",
        "StageAsTold": "incidents.updates.models.Stage",
        "CallOutState": "rotations.leave.approval.STATES",
        "VerdictEnum": "incidents.latency.models.Verdict",
        "CheckState": "playbooks.readiness.standing.STATES",
        "RunEnd": "playbooks.runs.models.Run.End",
        "ReadinessVerdict": "playbooks.readiness.standing.VERDICT_NAMES",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "incidents.signals.schema.add_hook",
        "incidents.signals.heartbeats_schema.add_beats",
    ],
}

# Twilio (docs/paging.md 2). The same code speaks to Twilio and to the simulator.
TWILIO_API_BASE = env("TWILIO_API_BASE", "https://api.twilio.com").rstrip("/")
TWILIO_ACCOUNT_SID = env("TWILIO_ACCOUNT_SID")
TWILIO_AUTH_TOKENS = [
    t for t in (env("TWILIO_AUTH_TOKEN"), env("TWILIO_AUTH_TOKEN_NEXT")) if t
]  # two during a rotation
TWILIO_API_KEY = env("TWILIO_API_KEY")
TWILIO_API_SECRET = env("TWILIO_API_SECRET")
TWILIO_FROM = env("TWILIO_FROM")
TWILIO_MESSAGING_SERVICE_SID = env("TWILIO_MESSAGING_SERVICE_SID")
TWILIO_API_BASE_OTHER = env("TWILIO_API_BASE_OTHER").rstrip("/")  # another edge, where the first cannot be reached
TWILIO_FALLBACK_URL = env("TWILIO_FALLBACK_URL")  # fixed words on another host, spoken while we cannot be reached
# A second account, with numbers of its own; empty: there is none (docs/paging.md 2.10).
TWILIO_SECOND_API_BASE = env("TWILIO_SECOND_API_BASE", "https://api.twilio.com").rstrip("/")
TWILIO_SECOND_API_BASE_OTHER = env("TWILIO_SECOND_API_BASE_OTHER").rstrip("/")
TWILIO_SECOND_ACCOUNT_SID = env("TWILIO_SECOND_ACCOUNT_SID")
TWILIO_SECOND_AUTH_TOKENS = [t for t in (env("TWILIO_SECOND_AUTH_TOKEN"), env("TWILIO_SECOND_AUTH_TOKEN_NEXT")) if t]
TWILIO_SECOND_API_KEY = env("TWILIO_SECOND_API_KEY")
TWILIO_SECOND_API_SECRET = env("TWILIO_SECOND_API_SECRET")
TWILIO_SECOND_FROM = env("TWILIO_SECOND_FROM")
TWILIO_SECOND_MESSAGING_SERVICE_SID = env("TWILIO_SECOND_MESSAGING_SERVICE_SID")

# Further numbers of ours that call or text (a service's pool), for contact cards and for whom to text START.
PAGING_NUMBERS = [number.strip() for number in env("PAGING_NUMBERS").split(",") if number.strip()]
# What a stranger hears who calls our number: whom else to call, as published. A sentence; empty: nothing.
PUBLISHED_ALTERNATIVES = env("PUBLISHED_ALTERNATIVES")

# Slack: without a token and a signing secret it is not offered. Two signing secrets are good during a rotation.
SLACK_API_BASE = env("SLACK_API_BASE", "https://slack.com/api/").rstrip("/") + "/"
SLACK_BOT_TOKEN = env("SLACK_BOT_TOKEN")
SLACK_SIGNING_SECRETS = [s for s in (env("SLACK_SIGNING_SECRET"), env("SLACK_SIGNING_SECRET_NEXT")) if s]
SLACK_CHANNEL = env("SLACK_CHANNEL")  # the id of the channel that shows every alarm; empty: none does
SLACK = bool(SLACK_BOT_TOKEN and SLACK_SIGNING_SECRETS)
# Which incidents have a channel in Slack that mirrors them: none, those where it is pressed, SEV-1 and 2 too, or all.
SLACK_INCIDENTS = env("SLACK_INCIDENTS", "off")
if SLACK_INCIDENTS not in {"off", "press", "major", "all"}:
    raise ImproperlyConfigured(f"SLACK_INCIDENTS is {SLACK_INCIDENTS!r}; it must be off, press, major or all.")
# Web push (VAPID, RFC 8292): without keys it is not offered. The keys: 32 and 65 bytes in base64url.
VAPID_PRIVATE_KEY, VAPID_PUBLIC_KEY = env("VAPID_PRIVATE_KEY"), env("VAPID_PUBLIC_KEY")
VAPID_SUBJECT = env("VAPID_SUBJECT") or f"mailto:{DEFAULT_FROM_EMAIL}"
# Further push services; those of the browsers are known (oncall/paging/push_hosts.py).
PUSH_HOSTS = [host.strip() for host in env("PUSH_HOSTS").split(",") if host.strip()]
PUSH = bool(VAPID_PRIVATE_KEY and VAPID_PUBLIC_KEY)
# "host" or "host:port" inside the house to which webhooks may go; all others must be on the open internet.
WEBHOOK_HOSTS = [host.strip() for host in env("WEBHOOK_HOSTS").split(",") if host.strip()]

# Trackers in which an action of a review becomes a ticket; without a token none is offered (incidents/reviews).
JIRA_URL = env("JIRA_URL").rstrip("/")
JIRA_EMAIL, JIRA_TOKEN = env("JIRA_EMAIL"), env("JIRA_TOKEN")  # no e-mail: the token is a personal one (Data Center)
JIRA_PROJECT, JIRA_ISSUE_TYPE = env("JIRA_PROJECT"), env("JIRA_ISSUE_TYPE", "Task")
GITHUB_API_BASE = env("GITHUB_API_BASE", "https://api.github.com").rstrip("/")
GITHUB_TOKEN, GITHUB_REPOSITORY = env("GITHUB_TOKEN"), env("GITHUB_REPOSITORY").strip("/")  # owner/name

# Time travel for the demo and tests: seconds, added to the database's clock by every process (oncall/clock.py).
CLOCK_FILE = "" if PRODUCTION else env("ONCALL_CLOCK_FILE")

# What roles of an incident are called here: commander=Incident Responder; external_liaison=Communication Liaison
ROLE_LABELS = {
    role.strip(): words.strip()
    for role, _, words in (one.partition("=") for one in env("ONCALL_ROLE_LABELS").split(";") if one.strip())
}

SENDERS = int(env("ONCALL_SENDERS", "8"))  # threads of one loop that talk to providers at once

# What rooms above the loop do in it, by dotted name: called with `now` and `limits`, a few rows at a time.
# What rooms above show on a page of a room below, by dotted name: each is told the page's subject, who looks and `now`,
# and answers with HTML that is safe, or nothing (oncall/people/templatetags/panels.py).
PANELS: dict[str, list[str]] = {
    "alarm": ["incidents.command.panels.of_alarm", "incidents.following.panels.of_alarm"],
    "incident": [
        "incidents.following.panels.of_incident",
        "incidents.mirror.panels.shown",
        "incidents.updates.panels.on_incident",
        "incidents.reviews.panels.of_incident",
    ],
    "playbook": ["playbooks.runs.panels.of_playbook"],
}
# Who says that a mail which waits must not go any more, by dotted name: told what it is about, each says why, or
# nothing (oncall/outside/mailings.py).
MAILING_STOPS = ["incidents.updates.queries.why_not_mailed"]
# What rooms above say of playbooks in their list, by dotted name: told the playbooks and `now`, each answers with words
# for those that deserve a mark, by their ids.
PLAYBOOK_MARKS = ["playbooks.runs.queries.marks", "incidents.following.queries.marks"]
# Who knows for which skills nobody can be paged, by dotted name: told skills, it answers with those that no schedule
# has (playbooks/library/showing.py).
UNKNOWN_SKILLS = "incidents.following.queries.unknown_skills"
# What rooms above do when an incident becomes restricted, or is opened (R43), by dotted name: told the incident,
# which is locked, and `now` (incidents/command/editing.py).
RESTRICTION_FOLLOWS = ["incidents.following.services.follow_restriction"]
CHORES_EVERY_SECOND = [
    "incidents.alarms.sms_answers.take_left",
    "incidents.alarms.storming.watch",
    "incidents.alarms.holding.keep",
    "incidents.handover.services.follow",
    "rotations.leave.rest_keeping.keep",
    "incidents.signals.heartbeats.watch",
    "oncall.paging.canary.fly",
    "oncall.troubles.auditing.keep",
    "oncall.paging.slack_posts.send_due",
    "oncall.outside.dispatch.send_due",
    "oncall.outside.mail_out.send_due",
    "incidents.latency.judging.keep",
    "incidents.latency.watch.keep",
    "incidents.command.watch.keep",
    "incidents.mirror.sending.keep",
]
CHORES_EVERY_HALF_MINUTE = [
    "oncall.people.hours.apply_due",
    "oncall.outside.dispatch.forget_old",
    "incidents.handover.services.keep",
    "incidents.alarms.drill.watch",
    "incidents.alarms.summit.forget_wrong",
    "incidents.alarms.summit.raise_left",
    "incidents.alarms.storming.settle",
    "oncall.paging.verification.wipe_codes",
    "oncall.paging.health.keep",
    "incidents.signals.quiet.watch",
    "rotations.ground_rules.reminding.keep",
    "incidents.latency.burning.keep",
    "rotations.leave.forgotten.keep",
    "rotations.leave.expiring.keep",
    "rotations.leave.reminding.keep",
    "incidents.command.declaring.keep",
    "incidents.command.watch.remind",
    "incidents.reviews.keeping.keep",
    "incidents.reviews.ticketing.send_due",
    "incidents.latency.checks_ahead.keep",
    "playbooks.readiness.services.keep",
    "incidents.following.watch.keep",
    "incidents.updates.reminding.keep",
    "incidents.command.lapsing.keep",
    "incidents.command.returning.keep",
    "incidents.command.worsening.keep",
    "incidents.command.liaison.keep",
    "incidents.command.unlocking.keep",
]
# What the auditor asks, room by room, upwards: a list INVARIANTS in each of these.
INVARIANTS = [
    "oncall.troubles.auditing",
    "oncall.paging.auditing",
    "rotations.coverage.auditing",
    "rotations.leave.auditing",
    "incidents.alarms.auditing",
    "incidents.alarms.auditing_held",
    "incidents.signals.auditing",
    "incidents.latency.auditing",
]

# Who watches the pager (deploy/operations.md).
SITE = env("ONCALL_SITE")  # where this runs, by name; empty: there is no second site
HEARTBEAT_URL = env("HEARTBEAT_URL")  # hears from us each minute while all is well; empty: nobody outside watches
DRILL_PERSON = env("DRILL_PERSON")  # the account whose telephone answers by itself; empty: no drills

# Celery: messages are hints, the rows decide (paging.md 3). Publishing gives up within a second when the broker hangs.
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_TASK_DEFAULT_QUEUE = "pages"
CELERY_TIMEZONE = "UTC"
CELERY_TASK_ROUTES = {"rotations.changes.tasks.poll_feeds": {"queue": "feeds"}}
CELERY_BEAT_SCHEDULE = {
    # Whether it has expired is judged by the worker's own clock, which may be an hour off beat's (docs/faults.md F20).
    "tick": {"task": "incidents.alarms.tasks.tick", "schedule": 1.0, "options": {"expires": 2 * 3600}},
    "feeds": {
        "task": "rotations.changes.tasks.poll_feeds",
        "schedule": 60.0,
        "options": {"expires": 2 * 3600, "queue": "feeds"},
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {
        "secrets": {"()": "oncall.people.logs.HideSecrets"},
        "refusals": {"()": "oncall.people.logs.NoTraceOfRefusals"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["secrets"]}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", "INFO")},
    "loggers": {
        "django.request": {"filters": ["refusals"]},
        "twilio.http_client": {"level": "WARNING"},  # it logs numbers and bodies
        "mail.log": {"level": "WARNING"},  # aiosmtpd's: it logs addresses, which are secrets
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
    },
}
