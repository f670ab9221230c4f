"""What the launcher prepares before the processes start. All of it is safe to do again on every start."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

from dashboard.run_checks import CannotRunError

ADMIN = "admin"


def kept_secret(path: Path, make: str) -> str:
    """The text in `path`; where there is none yet, `make` is put there for its owner alone to read."""
    if not path.exists():
        unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(make + "\n")
        unfinished.rename(path)
    return path.read_text().strip()


def migrate() -> None:
    """Bring the database to this release's shape."""
    from django.core.management import call_command
    from django.db import DatabaseError, OperationalError

    try:
        call_command("migrate", interactive=False, verbosity=0)
    except OperationalError as error:
        raise CannotRunError(f"The database in DATABASE_URL cannot be used: {_first_line(error)}") from None
    except DatabaseError as error:
        raise CannotRunError(f"The database could not be brought up to date: {_first_line(error)}") from None


def collect_static(state: Path) -> None:
    """Put the static files where whitenoise serves them, unless nothing about them changed since the last time."""
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders
    from django.core.management import call_command

    summary = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            there = Path(storage.path(name)).stat()
            summary.update(f"{name}\0{there.st_size}\0{there.st_mtime_ns}\0".encode())
    stamp = state / "static.sha256"
    if stamp.exists() and stamp.read_text() == summary.hexdigest() and Path(settings.STATIC_ROOT).is_dir():
        return
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    stamp.write_text(summary.hexdigest())


def make_administrator(state: Path) -> str:
    """Make the first administrator where there is none. Returns what to say about their password."""
    from django.contrib.auth import get_user_model
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError

    people = get_user_model()._default_manager
    kept = state / "admin_password"
    given = os.environ.get("CHATDECK_ADMIN_PASSWORD", "")
    admin = people.filter(username=ADMIN).first()
    if admin is None and people.filter(is_superuser=True).exists():
        return "of your own account"
    if admin is None:
        if given:
            try:
                validate_password(given)
            except ValidationError as error:
                raise CannotRunError(f"CHATDECK_ADMIN_PASSWORD will not do. {' '.join(error.messages)}", 2) from None
        password = given or kept_secret(kept, secrets.token_urlsafe(12))
        people.create_superuser(ADMIN, password=password)
        return "the one in CHATDECK_ADMIN_PASSWORD" if given else f"{password}  (kept in {kept})"
    if given and admin.check_password(given):
        return "the one in CHATDECK_ADMIN_PASSWORD"
    if kept.exists() and admin.check_password(kept.read_text().strip()):
        return f"kept in {kept}"
    return "the one you chose"


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
