from __future__ import annotations

from tests.engine.worker import moment, wakes
from tests.remote import remote, remote_server

__all__ = ["moment", "remote", "remote_server", "wakes"]
