"""The people at the console: a process that writes what was planned, each intent once, whatever happens around it.

It reads numbers from its input, writes so many of the next intents and answers with how many were written in all.
What a restart of the database interrupts is asked for again with the same key, as a page does.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import uuid
from pathlib import Path
from typing import Any

from tests.chaos import inside  # noqa: F401 - sets everything up

# isort: split
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import Error, connection

from chats.actions.messages import start_chat
from chats.models import Line

PAUSE = 0.1


def main() -> None:
    call_command("migrate", verbosity=0)
    by = User.objects.create_superuser("chaos")
    _say("ready")
    plan: list[dict[str, Any]] = []
    written = 0
    for asked in sys.stdin:
        if not plan:
            plan = json.loads(Path(sys.argv[1], "plan.json").read_text())
        for intent in plan[written : written + int(asked)]:
            _write(intent, by)
            written += 1
        _say(str(written))


def _write(intent: dict[str, Any], by: User) -> None:
    while True:
        try:
            line = Line.objects.get(phone_number=intent["line"])
            start_chat(line=line, to=intent["to"], text=intent["text"], by=by, key=uuid.UUID(intent["key"]))
        except Error as problem:
            logging.getLogger(__name__).warning("Asking again after %s", type(problem).__name__)
            connection.close()
            time.sleep(PAUSE)
        else:
            return


def _say(what: str) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
