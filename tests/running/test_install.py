"""`.venv` is made, found finished, and made again when it was not finished."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dashboard import install

NOT_COMPLETE = "The folder .venv is not complete, so it is made again."


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose only code is the installer and which asks for no packages."""
    (tmp_path / "dashboard").mkdir()
    shutil.copy(install.__file__, tmp_path / "dashboard" / "install.py")
    (tmp_path / "requirements.txt").write_text("# none\n")
    (tmp_path / "requirements-dev.txt").write_text("-r requirements.txt\n")
    return tmp_path


def run(project: Path, *arguments: str) -> tuple[int, str]:
    command = [sys.executable, str(project / "dashboard" / "install.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout.strip()


def test_it_installs_once_and_mends_what_was_cut_short(project: Path) -> None:
    python = project / ".venv" / "bin" / "python"
    code, said = run(project)
    assert (code, NOT_COMPLETE in said, python.exists()) == (0, False, True)
    assert run(project) == (0, ""), "nothing is left to do"

    # A changed list installs again, in the same place.
    (project / "requirements.txt").write_text("# still none\n")
    code, said = run(project)
    assert (code, said.startswith("Installing packages"), NOT_COMPLETE in said) == (0, True, False)

    # An installation that was killed left no stamp.
    (project / ".venv" / "installed-requirements.txt").unlink()
    python.unlink()
    code, said = run(project)
    assert (code, said.splitlines()[0], python.exists()) == (0, NOT_COMPLETE, True)


def test_a_package_that_cannot_be_had_is_one_sentence(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    (project / "requirements.txt").write_text("chatdeck-needs-what-nobody-has==1\n")
    code, said = run(project)
    assert code == 1
    assert said.splitlines()[-1].startswith(
        "The packages could not be installed. Is this machine online, and has the disk room? pip said: "
    )
    assert not list((project / ".venv").glob("installed-*"))


def test_an_old_python_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 1))
    assert install.main([]) == 1
    assert capsys.readouterr().out == (
        "Chatdeck needs Python 3.11 or later, this is 3.10. Name another one: make run PYTHON=python3.12\n"
    )
