"""Files that a message names by their address.

Only what is on this machine is fetched, because a sandbox has to work without a network.

Assumption (8.2): the remote fetches a file before it answers, once, within some seconds, and follows no redirect.
"""

from __future__ import annotations

import ipaddress
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import urllib3

from chats.v3.limits import ATTACHMENT_CONTENT_TYPES, MAX_URL_MEDIA_BYTES
from sandbox import file_types
from sandbox.api.errors import ApiError

TIMEOUT = 5.0  # real seconds for the whole of it
PIECE = 64 * 1024
NO_TYPE = frozenset({"", "application/octet-stream", "binary/octet-stream"})

# Nobody signs certificates for a loopback address, so they are not looked at.
urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
_pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(total=TIMEOUT), cert_reqs="CERT_NONE")


@dataclass(frozen=True)
class Fetched:
    """What was behind an address."""

    content: bytes
    content_type: str


def fetch(url: str, name: str, too_large: ApiError) -> Fetched | None:
    """The file behind an address on this machine; None for any other address, which is taken at its word.

    Raises `ApiError`: 5002 when nothing is there, 5004 or 5006 for what it is, `too_large` above ten megabytes. A host
    under `.invalid` is one that cannot be reached (RFC 2606), so that everybody can see what happens then.
    """
    if not is_near(url):
        return None
    if _host(url).endswith(".invalid"):
        raise _unreachable()
    try:
        answer = _pool.request("GET", url, preload_content=False, redirect=False)
    except urllib3.exceptions.HTTPError:
        raise _unreachable() from None
    try:
        if answer.status != 200:
            raise _unreachable()
        content = _read(answer, too_large)
    except (urllib3.exceptions.HTTPError, OSError):
        raise _unreachable() from None
    finally:
        answer.close()
    return Fetched(content, _type(answer.headers.get("Content-Type", ""), name))


def is_near(url: str) -> bool:
    """Whether the file behind an address is looked for at all."""
    host = _host(url)
    return host.endswith(".invalid") or is_loopback(host)


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").rstrip(".")


def is_loopback(host: str) -> bool:
    """Whether this host is the machine itself."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _read(answer: urllib3.BaseHTTPResponse, too_large: ApiError) -> bytes:
    deadline = time.monotonic() + TIMEOUT
    pieces, size = [], 0
    while piece := answer.read(PIECE):
        pieces.append(piece)
        size += len(piece)
        if size > MAX_URL_MEDIA_BYTES:
            raise too_large
        if time.monotonic() > deadline:
            raise _unreachable()
    if not size:
        raise _unreachable()
    return b"".join(pieces)


def _type(header: str, name: str) -> str:
    """What the file is: what it is served as must be a type that can be sent, and go with its name."""
    served, named = header.partition(";")[0].strip().lower(), file_types.of(name)
    if served in NO_TYPE:
        if named is None:
            raise ApiError(5004, "Files of this type cannot be sent")
        return named
    if served not in ATTACHMENT_CONTENT_TYPES:
        raise ApiError(5004, "Files of this type cannot be sent")
    if named is not None and named.partition("/")[0] != served.partition("/")[0]:
        raise ApiError(5006, f"The file is {served}, and its name says {named}")
    return served


def _unreachable() -> ApiError:
    return ApiError(5002, "The file could not be downloaded from its URL")
