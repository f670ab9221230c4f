"""Uploading files to a sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests

from tests.sandbox_server import SandboxServer

# the smallest PNG: one transparent pixel
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001"
    "e221bc330000000049454e44ae426082"
)


def announce(server: SandboxServer, filename: str, content_type: str, size: int) -> dict[str, Any]:
    """Announce a file and return the answer."""
    body = {"filename": filename, "content_type": content_type, "size_bytes": size}
    answer = server.api("POST", "attachments", body)
    assert answer.status_code == 200, answer.text
    slot: dict[str, Any] = answer.json()
    return slot


def put(slot: Mapping[str, Any], content: bytes, headers: Mapping[str, str] | None = None) -> requests.Response:
    """Upload bytes to the address given out, with the type that was announced unless `headers` are given."""
    given = headers or {"Content-Type": slot["required_headers"]["Content-Type"]}
    return requests.put(slot["upload_url"], data=content, headers=dict(given), timeout=10)


def upload(server: SandboxServer, filename: str, content_type: str, content: bytes) -> dict[str, Any]:
    """Announce and upload a file; return the answer to the announcement."""
    slot = announce(server, filename, content_type, len(content))
    assert put(slot, content).status_code == 200
    return slot
