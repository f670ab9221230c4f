from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.console_server import served


@pytest.fixture
def server(transactional_db: None) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    with served() as running:
        yield running
