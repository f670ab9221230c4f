"""The official SDK, as its two clients, for the contract tests."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from linq import APIStatusError, AsyncLinqAPIV3, LinqAPIV3

from sandbox.schema.operations import OPERATIONS
from tests.sandbox.contract.calls import Call
from tests.sandbox_server import TOKEN, SandboxServer


class Caller:
    """Calls methods of the SDK by their names, with either client, and keeps which ones succeeded."""

    def __init__(self, client: LinqAPIV3 | AsyncLinqAPIV3, runner: asyncio.Runner | None) -> None:
        self._client = client
        self._runner = runner
        self.succeeded: set[str] = set()
        self.requests: list[httpx.Request] = []

    def __call__(self, name: str, *arguments: Any, **options: Any) -> Any:
        """The answer of a method such as `chats.create`."""
        method: Any = self._client
        for step in name.split("."):
            method = getattr(method, step)
        answer = method(*arguments, **options)
        if self._runner is not None:
            answer = self._runner.run(_awaited(answer))
        self.succeeded.add(name)
        return answer

    def refused(self, name: str, *arguments: Any, **options: Any) -> tuple[int, int]:
        """The status and the code with which a method is refused; the whole envelope must be there."""
        with pytest.raises(APIStatusError) as caught:
            self(name, *arguments, **options)
        error, envelope = caught.value, caught.value.response.json()
        self.requests.append(error.request)
        assert sorted(envelope) == ["error", "success", "trace_id"]
        assert envelope["trace_id"] == error.response.headers["X-Trace-ID"]
        assert envelope["error"]["status"] == error.status_code
        return error.status_code, envelope["error"]["code"]

    def refused_as_documented(self, name: str, *arguments: Any, **options: Any) -> tuple[int, int]:
        """Like `refused`; the document must have this refusal for the address that was asked."""
        found = self.refused(name, *arguments, **options)
        assert found in OPERATIONS[_key(self.requests[-1])].refusals()
        return found


def _key(request: httpx.Request) -> tuple[str, str]:
    """Which row of the document a request is about."""
    steps = request.url.path.removeprefix("/api/partner/v3/").split("/")

    def fits(path: str) -> int:
        """How many steps are the same; -1 when the path is of something else."""
        pairs = list(zip(path.split("/"), steps, strict=False))
        same = [mine == theirs for mine, theirs in pairs]
        alike = all(each or mine[0] == "{" for each, (mine, _) in zip(same, pairs, strict=True))
        return sum(same) if alike and path.count("/") + 1 == len(steps) else -1

    path, method = max((key for key in OPERATIONS if key[1] == request.method), key=lambda key: fits(key[0]))
    assert fits(path) >= 0
    return path, method


def operation_of(call: Call) -> tuple[str, str]:
    """Which row of the document a call of the SDK asks."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(404, json={})

    name, path, options = call
    transport = httpx.MockTransport(answer)
    with (
        httpx.Client(transport=transport) as http,
        LinqAPIV3(api_key="x", base_url="http://x/api/partner", max_retries=0, http_client=http) as client,
        pytest.raises(APIStatusError),
    ):
        Caller(client, None)(name, *path, **options)
    return _key(seen[0])


async def _awaited(answer: Any) -> Any:
    return await answer if inspect.isawaitable(answer) else answer


def shows(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Say which methods of the SDK a test calls with success; `caller` checks it when the test ends."""

    def mark(test: Callable[..., None]) -> Callable[..., None]:
        test.shows = frozenset(names)  # type: ignore[attr-defined]
        return test

    return mark


@pytest.fixture
def sync_caller(server: SandboxServer) -> Iterator[Caller]:
    """The synchronous client."""
    with LinqAPIV3(api_key=TOKEN, base_url=server.base_url, max_retries=0, _strict_response_validation=True) as client:
        yield Caller(client, None)


@pytest.fixture
def async_caller(server: SandboxServer) -> Iterator[Caller]:
    """The asynchronous client."""
    with asyncio.Runner() as runner:
        client = AsyncLinqAPIV3(
            api_key=TOKEN, base_url=server.base_url, max_retries=0, _strict_response_validation=True
        )
        yield Caller(client, runner)
        runner.run(client.close())


@pytest.fixture(params=["sync", "async"])
def caller(request: pytest.FixtureRequest) -> Iterator[Caller]:
    """Each of the two clients. The test must have called with success what it says that it shows."""
    found: Caller = request.getfixturevalue(f"{request.param}_caller")
    yield found
    assert found.succeeded >= getattr(request.function, "shows", frozenset())
