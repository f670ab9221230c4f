"""The sandbox's settings. It listens on loopback only and keeps no secrets of anybody's."""

from __future__ import annotations

from logging import LogRecord
from pathlib import Path
from typing import Any

from sandbox import env
from sandbox.schema.configuration import SPECTACULAR

DEBUG = False
SECRET_KEY = "the-sandbox-keeps-no-secrets"  # noqa: S105 - it signs addresses of vCards, which are no secret
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "sandbox.urls"
ASGI_APPLICATION = "sandbox.asgi.application"
INSTALLED_APPS = ["sandbox.apps.SandboxConfig", "rest_framework"]
MIDDLEWARE: list[str] = []
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "page" / "templates"],
    }
]

PORT = env.port("SANDBOX_PORT", 4010)
SPEED = env.speed("SANDBOX_SPEED")
TOKENS = frozenset(["sandbox-token", *env.words("SANDBOX_TOKENS")])
# the folder that uploaded files are kept in
STATE = env.text("SANDBOX_STATE", ".chatdeck/sandbox")
# how long a receiver of webhooks has for its answer, in real time
WEBHOOK_TIMEOUT = env.seconds("SANDBOX_WEBHOOK_TIMEOUT", 10.0)
# messages the account may send a day, counted from midnight UTC; 0: as many as it likes
DAILY_LIMIT = env.number("SANDBOX_DAILY_LIMIT", 0)
# and in any 60 seconds; 0 likewise
MINUTE_LIMIT = env.number("SANDBOX_MINUTE_LIMIT", 0)

DATABASE: dict[str, Any] = env.postgres("SANDBOX_DATABASE_URL")
DATABASE["CONN_MAX_AGE"] = None  # each worker thread keeps its connection
# prepared statements: planning each one anew cost more than running it
DATABASE["OPTIONS"] |= {"server_side_binding": True, "prepare_threshold": 5}
# A crash of PostgreSQL itself may cost the last fraction of a second, and never half of anything; the end of a
# process costs nothing. It is a simulation, and waiting for the disk is what would make it slow.
DATABASE["OPTIONS"]["options"] = " ".join([DATABASE["OPTIONS"].get("options", ""), "-c synchronous_commit=off"]).strip()
DATABASES = {"default": DATABASE}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True
APPEND_SLASH = False

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "sandbox.api.errors.answer_exception",
    "DEFAULT_SCHEMA_CLASS": "sandbox.schema.inspector.Inspector",
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
}

SPECTACULAR_SETTINGS = SPECTACULAR


def _is_failure(record: LogRecord) -> bool:
    """Whether a request failed by an exception. A 503 of the document is an answer like any other, and no news."""
    return record.exc_info is not None


LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"failures": {"()": "django.utils.log.CallbackFilter", "callback": _is_failure}},
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("SANDBOX_LOG_LEVEL", "WARNING")},
    # An answer of 4xx is what a client asked for.
    "loggers": {"django.request": {"level": "ERROR", "filters": ["failures"]}},
}
