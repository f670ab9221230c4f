"""Find a Chromium for the browser tests, or install Debian's where that can be done: `python -m tests.get_browser`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from tests.browser import find_chromium


def main() -> int:
    if _found():
        return 0
    apt = shutil.which("apt-get")
    if os.geteuid() == 0 and apt:
        _say("No Chromium was found. Installing Debian's.")
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for step in (["update", "-qq"], ["install", "-qq", "--yes", "--no-install-recommends", "chromium"]):
            subprocess.run([apt, *step], env=environment, stdout=subprocess.DEVNULL, check=False)  # noqa: S603
        if _found():
            return 0
    if os.environ.get("CHATDECK_REQUIRE_BROWSER") == "1":
        _say("No Chromium was found, and CHATDECK_REQUIRE_BROWSER=1 asks for one. Install chromium.")
        return 1
    _say("No Chromium was found, so the browser tests are skipped. Install chromium to run them.")
    return 0


def _found() -> bool:
    try:
        return bool(find_chromium())
    except (pytest.skip.Exception, pytest.fail.Exception):
        return False


def _say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
