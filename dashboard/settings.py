"""The console's settings. Each comes from the environment through `dashboard.env`."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from dashboard import env

BASE_DIR = Path(__file__).resolve().parent.parent
# What this installation keeps beside its code: embedded databases, made secrets, logs, collected static files.
STATE_DIR = Path(env.text("CHATDECK_STATE", str(BASE_DIR / ".chatdeck"))).resolve()

DEBUG = env.flag("CHATDECK_DEBUG")
SECRET_KEY = env.text("CHATDECK_SECRET_KEY")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "CHATDECK_SECRET_KEY is not set. Use `make run`, which makes one, or set a long random text."
    )

# Where this console is reached; the remote delivers its webhooks here.
PORT = env.number("CHATDECK_PORT", 8000, least=1, most=65535)
PUBLIC_URL = env.web_address("CHATDECK_PUBLIC_URL", f"http://127.0.0.1:{PORT}")
SECURE = PUBLIC_URL.startswith("https://")
ALLOWED_HOSTS = [
    *env.words("CHATDECK_ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"]),
    urlsplit(PUBLIC_URL).hostname or "",
]
CSRF_TRUSTED_ORIGINS = env.words("CHATDECK_TRUSTED_ORIGINS", [PUBLIC_URL])

# The remote. Names follow the official SDK.
LINQ_API_KEY = env.text("LINQ_API_V3_API_KEY", "sandbox-token")
LINQ_BASE_URL = env.web_address(
    "LINQ_API_V3_BASE_URL",
    "https://api.linqapp.com/api/partner"
    if env.text("LINQ_API_V3_API_KEY")
    else f"http://127.0.0.1:{env.number('SANDBOX_PORT', 4010, least=1, most=65535)}/api/partner",
)
LINQ_WEBHOOK_SECRET = env.text("LINQ_WEBHOOK_SECRET")
USES_SANDBOX = not env.text("LINQ_API_V3_API_KEY")

INSTALLED_APPS = [
    "chats.apps.ChatsConfig",
    "dashboard.apps.ConsoleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "csp",
    "django_htmx",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "dashboard.static.StaticFiles",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "chats.admin.zones.in_the_readers_zone",
]

ROOT_URLCONF = "dashboard.urls"
ASGI_APPLICATION = "dashboard.asgi.application"
WSGI_APPLICATION = "dashboard.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboard.rooms.frame",
            ],
        },
    },
]

# Form widgets are looked up among our templates too, where those that lack a label are replaced.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

DATABASE: dict[str, Any] | None = env.postgres("DATABASE_URL")
if DATABASE is None:
    raise ImproperlyConfigured("DATABASE_URL is not set. Use `make run`, which starts a PostgreSQL of its own.")
DATABASE["CONN_MAX_AGE"] = 0
DATABASE["OPTIONS"] |= {
    # A webhook has to be answered within 10 s (linq-v3, 4), also to say that the database is away.
    "pool": {"min_size": 1, "max_size": env.number("CHATDECK_DATABASE_POOL", 20, least=2, most=500), "timeout": 5},
}
DATABASES = {"default": DATABASE}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.redis("REDIS_URL")
if not REDIS_URL:
    raise ImproperlyConfigured("REDIS_URL is not set. Use `make run`, which starts a Redis of its own.")

# Celery: short "do what is due" ticks that may be lost or run twice.
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "chatdeck"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 2,
    "socket_timeout": 30,
    "health_check_interval": 15,
    # Whoever sends a task is a person waiting for a page; kombu would keep them for six seconds.
    "max_retries": 0,
}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_PUBLISH_RETRY = False
# A tick that nobody took in time is worth nothing: the next one does the same.
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "chats.tasks.sweep", "schedule": 2.0, "options": {"expires": 10}},
    "keep connected": {"task": "chats.tasks.keep_connected", "schedule": 20.0, "options": {"expires": 30}},
    "reconcile": {"task": "chats.tasks.reconcile_chats", "schedule": 10.0, "options": {"expires": 20}},
    "keep media": {"task": "chats.tasks.keep_media", "schedule": 10.0, "options": {"expires": 20}},
    "retention": {"task": "chats.tasks.apply_retention", "schedule": 60.0, "options": {"expires": 60}},
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
FORMAT_MODULE_PATH = "dashboard.formats"

STATIC_URL = "/static/"
STATIC_ROOT = STATE_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Files that the team sends and what comes in. Nothing serves this folder: `chats.admin.files` alone gives them out.
MEDIA_ROOT = Path(env.text("CHATDECK_MEDIA", str(STATE_DIR / "media"))).resolve()
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # Hashed names need `collectstatic`; while developing, files are served from where they are.
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

# Law 10: message text is hostile, so nothing inline runs on any page.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "media-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = False
SESSION_COOKIE_SECURE = SECURE
CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 14 * 24 * 3600
SECURE_HSTS_SECONDS = 3600 * 24 * 30 if SECURE else 0
if env.flag("CHATDECK_BEHIND_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

LOG_LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR"]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.choice("CHATDECK_LOG_LEVEL", "INFO", LOG_LEVELS)},
}
