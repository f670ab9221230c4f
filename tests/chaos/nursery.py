"""Starts processes of the console in no time: one process loads everything once, and its children are forked from it.

Each line of its input is a job: a name, what the child runs, what its environment has more, and where its log is.
The answer is the child's process id. It forks before it has any thread or connection, so each child is as good as new.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from tests.chaos import inside


def main() -> None:
    # Nobody asks how they ended; they are gone when they are gone.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    _say("ready")
    pids = []
    for line in sys.stdin:
        job = json.loads(line)
        pid = os.fork()
        if not pid:
            _run(job["arguments"], job["environment"], job["log"])
        pids.append(pid)
        _say(str(pid))
    # Whoever started us has gone, so the children go too.
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _run(arguments: Sequence[str], environment: Mapping[str, str], log: str) -> None:
    """What a forked child does for all its life."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.update(environment)
    nothing = os.open(os.devnull, os.O_RDONLY)
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for descriptor, instead in ((0, nothing), (1, written), (2, written)):
        os.dup2(instead, descriptor)
    inside.arm()
    kind, *rest = arguments
    code = 1
    try:
        _KINDS[kind](rest)
        code = 0
    finally:
        os._exit(code)


def _celery(arguments: Sequence[str]) -> None:
    inside.app.start(list(arguments))


def _web(arguments: Sequence[str]) -> None:
    from uvicorn.main import main

    main(["tests.chaos.inside:application", *arguments])


_KINDS: dict[str, Callable[[Sequence[str]], None]] = {"celery": _celery, "web": _web}


def _say(what: str) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
