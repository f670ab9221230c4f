"""One HTTP exchange with the remote: sent once, never repeated, and either an answer or a `RemoteError`.

Repeating is the engine's business: only it knows what a request means and which key it carries.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import BinaryIO, Final, NoReturn, Protocol, TypeVar
from urllib.parse import quote, urlsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError
from urllib3.exceptions import ProxyError as UnreachableProxy

from chats.v3.errors import MAX_BODY_READ, NoAnswer, NotReached, RemoteError, from_response
from chats.v3.resources.reading import Json, Unreadable

T = TypeVar("T")
Query = Mapping[str, str | int | list[str] | None]

USER_AGENT: Final = "chatdeck"
MAX_ANSWER_BYTES: Final = 32 * 1024 * 1024
_CHUNK: Final = 64 * 1024


class _Bearer(AuthBase):
    """Sets the token. Being an auth object, it also keeps requests from looking into ~/.netrc for another."""

    def __init__(self, api_key: str) -> None:
        self._api_key = api_key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._api_key}"
        return request


class _Nobody(AuthBase):
    """Sends no token, for storage elsewhere, and again keeps ~/.netrc out."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


@dataclass(frozen=True)
class Answer:
    """A success of the remote's."""

    method: str
    status: int
    data: Json
    """The JSON object of the body; empty when there was no body."""
    trace_id: str | None

    def read(self, reader: Callable[[Json], T]) -> T:
        """What `reader` makes of the body.

        Raises `NoAnswer` when the body lacks what a resource cannot be without: the remote did something, and
        did not say what.
        """
        try:
            return reader(self.data)
        except Unreadable:
            pass
        raise NoAnswer(
            "The remote's answer was not understood", method=self.method, status=self.status, trace_id=self.trace_id
        )


@dataclass(frozen=True)
class Fetched:
    """The bytes of a file."""

    content: bytes
    content_type: str


class Upload(Protocol):
    """A file that is read while it is sent, and so is never whole in memory. Its length is known before."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[bytes]: ...

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, at most `size` of them; nothing at the end."""


class Transport:
    """The way to one base URL with one API key. May be shared by any number of threads.

    A `requests.Session` is not promised to be safe under threads, so each thread has its own, with its own pool
    of kept-open connections; it is closed when its thread ends.
    """

    def __init__(self, base_url: str, api_key: str, *, timeout: tuple[float, float]) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("The base URL of the remote must look like https://api.linqapp.com/api/partner.")
        if not api_key or not api_key.isascii() or not api_key.isprintable() or " " in api_key:
            raise ValueError("The API key of the remote must be printable characters without spaces.")
        self.base_url = base_url.rstrip("/")
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self._timeout = timeout
        self._auth = _Bearer(api_key)
        self._threads = threading.local()

    def __repr__(self) -> str:
        return f"Transport({self.base_url!r})"

    def request(self, method: str, path: str, *, query: Query | None = None, body: Json | None = None) -> Answer:
        """Ask the remote for `path`, which begins with /v3/. Raises `RemoteError`."""
        response, content = self._exchange(
            method,
            self.base_url + path,
            query=_flat(query or {}),
            content=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Accept": "application/json"},
            auth=self._auth,
            judged_as=method,
            longest=MAX_ANSWER_BYTES,
        )
        trace_id = response.headers.get("X-Trace-ID")
        data: object = {}
        if content.strip():
            try:
                data = json.loads(content)
            except (ValueError, RecursionError):
                data = None
        if not isinstance(data, dict):
            raise NoAnswer(
                "The remote's answer was not understood", method=method, status=response.status_code, trace_id=trace_id
            )
        in_body = data.get("trace_id")
        return Answer(method, response.status_code, data, trace_id or (in_body if isinstance(in_body, str) else None))

    def put_file(self, url: str, content: bytes | Upload, headers: Mapping[str, str]) -> None:
        """Store bytes under a URL that the remote gave out, without the token. Raises `RemoteError`.

        The same bytes at the same URL may be stored any number of times, so no failure is an unknown outcome.
        """
        self._exchange(
            "PUT", url, content=content, headers=headers, auth=_Nobody(), judged_as="GET", longest=MAX_ANSWER_BYTES
        )

    def fetch_file(self, url: str, *, longest: int) -> Fetched:
        """The file at a URL that the remote gave out, without the token. Raises `RemoteError`."""
        response, content = self._exchange(
            "GET", url, content=None, headers={}, auth=_Nobody(), judged_as="GET", longest=longest
        )
        return Fetched(content, response.headers.get("Content-Type", "application/octet-stream"))

    def fetch_into(self, file: BinaryIO, url: str, *, longest: int, seconds: float) -> str:
        """Write the file at a URL that the remote gave out into `file`, as `fetch_file`, and return its type.

        At most `longest` bytes, and for about `seconds`; a file that is longer or slower raises `NoAnswer`.
        """
        response, _ = self._exchange(
            "GET",
            url,
            content=None,
            headers={"Accept-Encoding": "identity"},
            auth=_Nobody(),
            judged_as="GET",
            longest=longest,
            into=file,
            seconds=seconds,
        )
        return response.headers.get("Content-Type", "application/octet-stream")

    def close(self) -> None:
        """Close the connections that this thread keeps open."""
        session = getattr(self._threads, "session", None)
        if session is not None:
            session.close()
            del self._threads.session

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._threads, "session", None)
        if session is None:
            session = requests.Session()
            session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
            session.headers["User-Agent"] = USER_AGENT
            self._threads.session = session
        return session

    def _exchange(
        self,
        method: str,
        url: str,
        *,
        content: bytes | Upload | None,
        headers: Mapping[str, str],
        auth: AuthBase,
        judged_as: str,
        longest: int,
        query: Mapping[str, str] | None = None,
        into: BinaryIO | None = None,
        seconds: float | None = None,
    ) -> tuple[requests.Response, bytes]:
        """Send one request and read its answer whole. `judged_as` is the method by which failures are judged.

        The body of a success goes `into` a file where one is given. `seconds` is for all of it; without, an answer
        has as long as both timeouts together.
        """
        response, failure = None, None
        until = time.monotonic() + (sum(self._timeout) if seconds is None else seconds)
        try:
            response = self._session().request(
                method,
                url,
                params=query,
                data=content,
                headers=headers,
                auth=auth,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            )
        except requests.RequestException as error:
            failure = error
        # Raised out here, so that it does not carry the original: that one holds the request, token and all.
        if response is None:
            _raise_unsent(failure, judged_as)
        if not isinstance(content, bytes | None):
            # The clock of the answer begins when the file is through.
            until = time.monotonic() + sum(self._timeout)
        with response:
            if into is not None and 200 <= response.status_code < 300:
                body, whole = b"", _copy(response, into, longest=longest, until=until)
            else:
                body, whole = _read(response, longest=longest if into is None else MAX_BODY_READ, until=until)
        if not 200 <= response.status_code < 300:
            # Cut short or not, an error says enough by its status.
            raise from_response(response.status_code, response.headers, body, method=judged_as)
        if not whole:
            raise NoAnswer(
                "The remote's answer was cut off",
                method=judged_as,
                status=response.status_code,
                trace_id=response.headers.get("X-Trace-ID"),
            )
        return response, body


def path(*segments: str) -> str:
    """A path of the API, `/v3/` and the segments, each escaped.

    Raises `ValueError` for an empty segment or one of dots, which would name another resource.
    """
    if any(segment.strip(".") == "" for segment in segments):
        raise ValueError("An id is missing from the path of a request.")
    return "/v3/" + "/".join(quote(segment, safe="") for segment in segments)


def given(**fields: object) -> dict[str, object]:
    """The fields that are not None: the remote tells a missing field from a null one. A trailing _ is dropped."""
    return {name.rstrip("_"): value for name, value in fields.items() if value is not None}


def _flat(query: Query) -> dict[str, str]:
    """Lists joined by commas, as the official SDK sends them; what is None left out."""
    return {
        name: ",".join(value) if isinstance(value, list) else str(value)
        for name, value in query.items()
        if value is not None and value != []
    }


def _read(response: requests.Response, *, longest: int, until: float) -> tuple[bytes, bool]:
    """The body, and whether it is whole: not cut, not longer than `longest` bytes, not later than `until`."""
    # The read timeout is for one wait on the socket. A body that drips would never reach it, and a worker
    # would hold its lane for as long.
    body = bytearray()
    try:
        # read1 gives what is there; requests' own iter_content would wait until a whole chunk is.
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            body += chunk
            if len(body) > longest or time.monotonic() > until:
                return bytes(body[:longest]), False
    except (HTTPError, OSError):
        return bytes(body), False
    return bytes(body), True


def _copy(response: requests.Response, file: BinaryIO, *, longest: int, until: float) -> bool:
    """Write the body into a file. Whether it is whole: not cut, not longer than `longest`, not later than `until`."""
    size = 0
    try:
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            size += len(chunk)
            if size > longest or time.monotonic() > until:
                return False
            file.write(chunk)
    except HTTPError:
        return False
    promised = response.headers.get("Content-Length", "")
    return not promised.isdecimal() or "Content-Encoding" in response.headers or size == int(promised)


def _raise_unsent(failure: requests.RequestException | None, method: str) -> NoReturn:
    """Tell a request that never left from one that may have arrived."""
    error: RemoteError
    if isinstance(failure, requests.exceptions.ReadTimeout):
        error = NoAnswer("The remote did not answer in time", method=method)
    elif isinstance(failure, requests.exceptions.ConnectTimeout):
        error = NotReached("The remote could not be reached in time")
    elif isinstance(failure, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)):
        error = NotReached("The address of the remote is not a valid one")
    elif failure is not None and any(_is_before_sending(cause) for cause in _causes(failure)):
        error = NotReached("The remote could not be reached")
    else:
        error = NoAnswer("The connection to the remote broke before it answered", method=method)
    raise error


def _is_before_sending(cause: object) -> bool:
    """Whether this can only happen while the connection is being made."""
    return isinstance(cause, (NewConnectionError, ConnectTimeoutError, UnreachableProxy, ssl.SSLCertVerificationError))


def _causes(error: BaseException) -> Iterator[object]:
    """The error, and what it wraps: requests and urllib3 put causes into `args`, `reason` and `__context__`."""
    pending: list[object] = [error]
    seen: set[int] = set()
    while pending:
        cause = pending.pop()
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        pending += [*cause.args, getattr(cause, "reason", None), cause.__context__, cause.__cause__]
