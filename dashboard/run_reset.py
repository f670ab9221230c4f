"""`make reset`: delete what this installation keeps beside its code, after asking."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from dashboard import env
from dashboard.run_checks import CannotRunError, Lock, end_leftovers
from dashboard.run_processes import say
from dashboard.services.errors import ServiceError
from dashboard.services.postgres import Postgres
from dashboard.services.redis import Redis

PROJECT = Path(__file__).resolve().parent.parent


def main() -> int:
    state = Path(env.text("CHATDECK_STATE", str(PROJECT / ".chatdeck"))).resolve()
    if not state.is_dir():
        say("There is nothing to delete.")
        return 0
    try:
        lock = Lock(state)
        try:
            return _reset(state)
        finally:
            lock.release()
    except (CannotRunError, ServiceError) as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("\nNothing was deleted.")
        return 1


def _reset(state: Path) -> int:
    postgres, redis = Postgres(state), Redis(state)
    say(f"This deletes the database, passwords and logs of this installation for good: {state}")
    if postgres.home != state and postgres.home.exists():
        say(f"and {postgres.home}")
    try:
        answer = input("Type yes to delete: ")
    except EOFError:
        answer = ""
    if answer.strip().lower() != "yes":
        say("Nothing was deleted.")
        return 1
    end_leftovers(state)
    redis.stop()
    postgres.stop()
    redis.remove()
    postgres.remove()
    shutil.rmtree(state)
    say("Deleted.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
