"""`make run`: prepare everything, start everything, say where it is, and stop everything on Ctrl-C.

With `python -m dashboard.run sandbox` the sandbox runs alone. Exit codes: 0 after Ctrl-C, 1 when
something failed, 2 for a setting that cannot be used.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from dashboard import env
from dashboard.run_checks import MARK, CannotRunError, Lock, check_disk, check_port, end_leftovers
from dashboard.run_processes import reachable, say, supervise
from dashboard.run_setup import ADMIN, collect_static, kept_secret, make_administrator, migrate
from dashboard.services.errors import ServiceError
from dashboard.services.folders import private_folder
from dashboard.services.postgres import Postgres
from dashboard.services.redis import Redis

PROJECT = Path(__file__).resolve().parent.parent


def main(arguments: list[str]) -> int:
    # Until the supervisor takes over, a polite end must still stop the servers.
    signal.signal(signal.SIGTERM, lambda signum, frame: sys.exit(128 + signum))
    try:
        return _run(sandbox_alone=arguments == ["sandbox"])
    except ImproperlyConfigured as error:
        say(str(error))
        return 2
    except CannotRunError as error:
        say(str(error))
        return error.code
    except ServiceError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        return 0


def _run(*, sandbox_alone: bool) -> int:
    state = private_folder(Path(env.text("CHATDECK_STATE", str(PROJECT / ".chatdeck"))).resolve())
    with_sandbox = sandbox_alone or not env.text("LINQ_API_V3_API_KEY")
    lock = Lock(state)
    postgres, redis = Postgres(state), Redis(state)
    needs_postgres = not os.environ.get("DATABASE_URL") or (with_sandbox and not os.environ.get("SANDBOX_DATABASE_URL"))
    needs_redis = not sandbox_alone and not os.environ.get("REDIS_URL")
    try:
        end_leftovers(state)
        _fill_environment(state, postgres, redis, with_sandbox=with_sandbox)
        _check(state, web=not sandbox_alone, with_sandbox=with_sandbox)
        if needs_postgres:
            postgres.start("chatdeck", "sandbox")
        if needs_redis:
            redis.start()
        password = "" if sandbox_alone else _prepare(state)
        names = [*(["sandbox"] if with_sandbox else []), *([] if sandbox_alone else ["web", "worker", "beat"])]
        return supervise(
            PROJECT / "Procfile",
            names,
            # Each process names its own settings; the sandbox's are not ours.
            environment={k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"} | {MARK: str(state)},
            logs=state / "logs",
            on_ready=_sandbox_block if sandbox_alone else lambda: _console_block(password),
        )
    finally:
        if needs_redis:
            redis.stop()
        if needs_postgres:
            postgres.stop()
        lock.release()


def _fill_environment(state: Path, postgres: Postgres, redis: Redis, *, with_sandbox: bool) -> None:
    """Give every process the same complete environment, whatever the person left out."""
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    os.environ["CHATDECK_STATE"] = str(state)
    os.environ["PYTHONUNBUFFERED"] = "1"
    defaults = {
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "CHATDECK_SECRET_KEY": kept_secret(state / "secret_key", secrets.token_urlsafe(50)),
        "CHATDECK_HOST": "127.0.0.1",
        "CHATDECK_PORT": "8000",
        "DATABASE_URL": postgres.url("chatdeck"),
        "REDIS_URL": redis.url(),
    }
    if with_sandbox:
        defaults |= {"SANDBOX_PORT": "4010", "SANDBOX_DATABASE_URL": postgres.url("sandbox")}
    for name, value in defaults.items():
        os.environ[name] = env.text(name, value)
    for name, most in (("CHATDECK_WEB_WORKERS", 64), ("CHATDECK_WORKER_THREADS", 256)):
        env.number(name, 1, least=1, most=most)


def _check(state: Path, *, web: bool, with_sandbox: bool) -> None:
    """Refuse wrong settings, a full disk and taken ports, before anything has started."""
    check_disk(state)
    if web:
        import django
        from django.conf import settings

        django.setup()  # refuses wrong settings
        os.environ.setdefault("CHATDECK_PUBLIC_URL", settings.PUBLIC_URL)
        check_port(os.environ["CHATDECK_HOST"], settings.PORT, what="the console", variable="CHATDECK_PORT")
    if with_sandbox:
        port = env.number("SANDBOX_PORT", 4010, least=1, most=65535)
        check_port("127.0.0.1", port, what="the sandbox", variable="SANDBOX_PORT")


def _prepare(state: Path) -> str:
    """Bring database, static files and first administrator in order. Returns what to say about the password."""
    from django.db import connections

    try:
        migrate()
        collect_static(state)
        return make_administrator(state)
    finally:
        # The supervisor forks next; a connection or a pool's thread must not be taken along.
        connections["default"].close()
        connections["default"].close_pool()  # type: ignore[attr-defined]  # PostgreSQL's own


def _console_block(password: str) -> None:
    from django.conf import settings

    port = os.environ["CHATDECK_PORT"]
    address = f"http://{reachable(os.environ['CHATDECK_HOST'])}:{port}/"
    public = "" if settings.PUBLIC_URL.startswith("http://127.0.0.1") else f" (for others: {settings.PUBLIC_URL}/)"
    remote = (
        f"the sandbox on port {os.environ['SANDBOX_PORT']}: simulated people, nothing leaves this machine"
        if settings.USES_SANDBOX
        else settings.LINQ_BASE_URL
    )
    say("")
    say("Chatdeck is running.")
    say(f"  Address   {address}{public}")
    say(f"  User      {ADMIN}")
    say(f"  Password  {password}")
    say(f"  Remote    {remote}")
    say("Press Ctrl-C to stop.")
    say("")


def _sandbox_block() -> None:
    tokens = "sandbox-token" + (", and those in SANDBOX_TOKENS" if os.environ.get("SANDBOX_TOKENS") else "")
    say("")
    say("The sandbox is running.")
    say(f"  Address   http://127.0.0.1:{os.environ['SANDBOX_PORT']}/api/partner/v3/")
    say(f"  Token     {tokens}")
    say("Press Ctrl-C to stop.")
    say("")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
