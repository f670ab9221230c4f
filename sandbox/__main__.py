"""`python -m sandbox serve --port 4010` and `python -m sandbox reset`."""

from __future__ import annotations

import argparse
import os
import socket
import sys

import django
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError

HOST = "127.0.0.1"


def main(arguments: list[str]) -> int:
    """Run one command. Returns the exit code; what goes wrong is said in one sentence."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sandbox.settings")
    options = _parser().parse_args(arguments)
    try:
        django.setup()
        return _serve(options) if options.command == "serve" else _reset(options)
    except ImproperlyConfigured as wrong:
        return _refuse(str(wrong))
    except KeyboardInterrupt:  # before it serves; from then on it ends by itself
        return 130
    except OperationalError as wrong:
        return _refuse(f"The sandbox's database cannot be reached: {str(wrong).strip()}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A stand-in for the remote v3 API.")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve the API until it is stopped")
    serve.add_argument("--port", type=int, help="where to listen on 127.0.0.1 (SANDBOX_PORT, else 4010; 0: any free)")
    reset = commands.add_parser("reset", help="replace the world of a sandbox that is not running")
    for command in (serve, reset):
        command.add_argument(
            "--world", default="demo", help="demo, empty, or a size: lines=5,people=100,chats=120,messages=900"
        )
        command.add_argument("--seed", type=int, help="the seed to make it from")
    return parser


def _serve(options: argparse.Namespace) -> int:
    from django.conf import settings

    from sandbox import serving, world

    port = settings.PORT if options.port is None else options.port
    try:
        listener = _listen(port)
    except (OSError, OverflowError):
        return _refuse(f"Port {port} on {HOST} is taken or not allowed. Set SANDBOX_PORT to another one.")
    _migrate()
    if not world.exists():
        _make(options)
    return serving.run(listener)


def _reset(options: argparse.Namespace) -> int:
    _migrate()
    _make(options)
    return 0


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    # Listening before anything is prepared, so that two sandboxes started at once do not both prepare.
    listener.listen(2048)
    return listener


def _migrate() -> None:
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)


def _make(options: argparse.Namespace) -> None:
    from sandbox import worlds
    from sandbox.worlds.sized import BadSize

    seed = worlds.DEFAULT_SEED if options.seed is None else options.seed
    if "=" in options.world:
        try:
            worlds.make(worlds.Plan(size=worlds.Size.read_text(options.world), seed=seed))
        except BadSize as wrong:
            raise ImproperlyConfigured(str(wrong)) from None
        return
    if options.world not in worlds.WORLDS:
        raise ImproperlyConfigured(f"There is no world called {options.world}; there is {', '.join(worlds.WORLDS)}.")
    worlds.make(worlds.Plan(name=options.world, seed=seed))


def _refuse(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
