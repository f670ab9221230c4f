from __future__ import annotations

import builtins
import stat
from pathlib import Path

import pytest

from dashboard import run_reset
from dashboard.run_checks import Lock
from dashboard.services.postgres import Postgres


def answer(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    monkeypatch.setattr(builtins, "input", lambda question: words)


@pytest.fixture
def state(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHATDECK_STATE", str(postgres.state))
    return postgres.state


def test_it_asks_and_deletes_only_on_yes(
    state: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    state.mkdir(parents=True, exist_ok=True)
    postgres.start("chatdeck")
    for words in ("", "y", "no"):
        answer(monkeypatch, words)
        assert run_reset.main() == 1
        assert capsys.readouterr().out.endswith("Nothing was deleted.\n")
    assert postgres.running()

    answer(monkeypatch, "yes")
    assert run_reset.main() == 0
    assert capsys.readouterr().out.endswith("Deleted.\n")
    assert not state.exists()
    assert not postgres.home.exists()
    assert stat.S_ISDIR(state.parent.stat().st_mode)

    assert run_reset.main() == 0
    assert capsys.readouterr().out == "There is nothing to delete.\n"


def test_it_refuses_while_chatdeck_runs(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    state.mkdir(parents=True, exist_ok=True)
    lock = Lock(state)
    answer(monkeypatch, "yes")
    assert run_reset.main() == 1
    assert capsys.readouterr().out.startswith("Chatdeck already runs here, process ")
    lock.release()
    assert state.exists()
