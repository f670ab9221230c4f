from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.services.postgres import Postgres
from dashboard.services.redis import Redis


@pytest.fixture
def home() -> Iterator[Path]:
    """A closed folder such as a person's home, with a short path."""
    path = Path(tempfile.mkdtemp(prefix="cd-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def postgres(home: Path) -> Iterator[Postgres]:
    server = Postgres(home / "project" / ".chatdeck", durable=False)
    yield server
    server.stop()
    server.remove()


@pytest.fixture
def redis(home: Path) -> Iterator[Redis]:
    server = Redis(home / "project" / ".chatdeck")
    yield server
    server.stop()
    server.remove()
