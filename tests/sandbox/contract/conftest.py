"""The official SDK, as its two clients, for the contract tests."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from linq import APIStatusError, AsyncLinqAPIV3, LinqAPIV3

from tests.sandbox_server import TOKEN, SandboxServer


class Caller:
    """Calls methods of the SDK by their names, with either client, and keeps which ones succeeded."""

    def __init__(self, client: LinqAPIV3 | AsyncLinqAPIV3, runner: asyncio.Runner | None) -> None:
        self._client = client
        self._runner = runner
        self.succeeded: set[str] = set()

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
        assert sorted(envelope) == ["error", "success", "trace_id"]
        assert envelope["trace_id"] == error.response.headers["X-Trace-ID"]
        assert envelope["error"]["status"] == error.status_code
        return error.status_code, envelope["error"]["code"]


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
