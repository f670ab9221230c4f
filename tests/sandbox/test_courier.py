"""The client that posts webhooks: connections that are kept, and every way in which an answer can fail to come."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest

from sandbox.courier import Answer, Courier, Failed, Hopeless

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Route: Left\r\n\r\nok"


class Server:
    """Answers each request with the next of these bytes; None closes without a word."""

    def __init__(self, *answers: bytes | None) -> None:
        self.answers = list(answers)
        self.requests: list[bytes] = []
        self.connections = 0
        self.url = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while self.answers:
                head = await reader.readuntil(b"\r\n\r\n")
                self.requests.append(head + await reader.readexactly(4))
                answer = self.answers.pop(0)
                if answer is None:
                    break
                writer.write(answer)
                if b"Connection: close" in answer:
                    break
            else:
                await reader.read()
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


def run(server: Server, story: Callable[[Courier], Awaitable[None]], *, timeout: float = 10.0) -> None:
    """Run a story with the server listening at `server.url`."""

    async def whole() -> None:
        listening = await asyncio.start_server(server.answer, "127.0.0.1", 0)
        server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/hook?version=1"
        client = Courier(timeout)
        try:
            await story(client)
        finally:
            client.close()
            listening.close()
            await listening.wait_closed()
            await asyncio.sleep(0)

    asyncio.run(whole())


def test_a_connection_is_kept_and_used_again() -> None:
    server = Server(OK, b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")

    async def story(client: Courier) -> None:
        first = await client.post(server.url, {"X-One": "1"}.items(), b"body")
        assert first == Answer(200, {"content-length": "2", "x-route": "Left"})
        assert (await client.post(server.url, [], b"more")).status == 503

    run(server, story)
    assert server.connections == 1
    host = server.url.removeprefix("http://").split("/")[0]
    assert server.requests == [
        f"POST /hook?version=1 HTTP/1.1\r\nHost: {host}\r\nContent-Length: 4\r\nX-One: 1\r\n\r\nbody".encode(),
        f"POST /hook?version=1 HTTP/1.1\r\nHost: {host}\r\nContent-Length: 4\r\n\r\nmore".encode(),
    ]


def test_a_connection_that_is_closed_is_replaced() -> None:
    server = Server(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end", OK)

    async def story(client: Courier) -> None:
        assert (await client.post(server.url, [], b"body")).status == 200
        assert (await client.post(server.url, [], b"body")).status == 200

    run(server, story)
    assert server.connections == 2


def test_what_comes_before_the_answer_is_passed_over() -> None:
    server = Server(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK)

    async def story(client: Courier) -> None:
        assert await client.post(server.url, [], b"body") == Answer(200, {"content-length": "2", "x-route": "Left"})

    run(server, story)


@pytest.mark.parametrize("answer", [None, b"nothing like HTTP\r\n\r\n"])
def test_without_an_answer_it_failed(answer: bytes | None) -> None:
    server = Server(answer)

    async def story(client: Courier) -> None:
        with pytest.raises(Failed) as failed:
            await client.post(server.url, [], b"body")
        assert not isinstance(failed.value, Hopeless)

    run(server, story)
    assert len(server.requests) == 1


def test_a_silent_receiver_is_not_waited_for_for_ever() -> None:
    server = Server(b"")

    async def story(client: Courier) -> None:
        with pytest.raises(Failed, match=r"No answer within 0\.02 seconds"):
            await client.post(server.url, [], b"body")

    run(server, story, timeout=0.02)


def test_nobody_listening_is_a_failure_and_no_address_is_hopeless(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    async def story(client: Courier) -> None:
        with pytest.raises(Failed, match="ConnectionRefusedError"):
            await client.post(f"http://127.0.0.1:{port}/", [], b"body")
        with pytest.raises(Hopeless):
            await client.post("http:///nowhere", [], b"body")

        async def unknown(*_: object, **__: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", unknown)
        with pytest.raises(Hopeless, match=r"hooks\.example\.com leads nowhere"):
            await client.post("https://hooks.example.com/", [], b"body")

    run(Server(), story)
