"""What must be true before Django's settings load in a test run.

Where `DATABASE_URL` or `REDIS_URL` is absent, a PostgreSQL and a Redis start for this run alone and
end with it. `tests/conftest.py` calls `start()` when it is imported, which is the earliest moment
at which a plain `pytest` from any folder passes by.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

import django
import psutil

from dashboard.services.postgres import Postgres
from dashboard.services.redis import Redis

PREFIX = "chatdeck-test-"
REDIS_IS_OURS = "CHATDECK_TEST_REDIS_IS_OURS"


def start() -> None:
    """Set the environment, start what is missing, and load the settings as tests want them."""
    _clear_leftovers()
    if "PYTEST_XDIST_WORKER" not in os.environ:
        # The processes of a parallel run may end without a word; the one that leads them is the last.
        atexit.register(_clear_leftovers)
    state = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    atexit.register(_remove_folder, state)
    # A polite end from outside (CI, a closed terminal) runs the exits above and below too.
    signal.signal(signal.SIGTERM, _leave)
    os.environ.setdefault("CHATDECK_SECRET_KEY", "only-for-tests")
    if not os.environ.get("DATABASE_URL"):
        postgres = Postgres(state, durable=False)
        atexit.register(_end_postgres, postgres)
        postgres.start("chatdeck")
        os.environ["DATABASE_URL"] = postgres.url("chatdeck")
    if not os.environ.get("REDIS_URL") or os.environ.get(REDIS_IS_OURS):
        # Each process of a parallel run has a Redis of its own: what is published knows no databases.
        os.environ[REDIS_IS_OURS] = "1"
        redis = Redis(state)
        atexit.register(_end_redis, redis)
        redis.start()
        os.environ["REDIS_URL"] = redis.url()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    _adjust_settings(state)
    # The shared fixtures name models, and they load before pytest-django would set Django up.
    django.setup()


def _adjust_settings(state: Path) -> None:
    from django.conf import settings

    database = settings.DATABASES["default"]
    # Two runs beside each other on one server must not share a database.
    database.setdefault("TEST", {})["NAME"] = f"test_{database['NAME']}_{os.getpid()}"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STATIC_ROOT = state / "static"
    settings.STATIC_ROOT.mkdir()
    settings.MEDIA_ROOT = state / "media"
    # Static files straight from the source folders: nothing is collected in a test run.
    settings.WHITENOISE_USE_FINDERS = True


def _clear_leftovers() -> None:
    """End the servers of a run that was killed, so that they do not pile up."""
    for state in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        pid = state.name.removeprefix(PREFIX).partition("-")[0]
        ours = state.is_dir() and not state.is_symlink() and state.stat().st_uid == os.geteuid()
        if ours and pid.isdigit() and not psutil.pid_exists(int(pid)):
            _end_redis(Redis(state))
            _end_postgres(Postgres(state, durable=False))
            _remove_folder(state)


def _end_postgres(postgres: Postgres) -> None:
    postgres.stop()
    postgres.remove()


def _end_redis(redis: Redis) -> None:
    redis.stop()
    redis.remove()


def _remove_folder(state: Path) -> None:
    shutil.rmtree(state, ignore_errors=True)


def _leave(signum: int, frame: FrameType | None) -> None:
    sys.exit(128 + signum)
