"""How the client behaves when the network, the remote, or its answers misbehave."""

from __future__ import annotations

import logging
import socket
import struct
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler

import pytest

from chats.v3.client import Client
from chats.v3.errors import Advice, NoAnswer, NotReached, Refused, RemoteError
from tests.v3 import samples
from tests.v3.conftest import TOKEN, Recorder
from tests.v3.samples import CHAT_ID, MESSAGE_ID, TRACE_ID

PRIVATE = "what nobody else may read"
MESSAGE = {"parts": [{"type": "text", "value": PRIVATE}], "idempotency_key": "key-1"}


def write(client: Client) -> object:
    return client.messages.send(CHAT_ID, MESSAGE)


def read(client: Client) -> object:
    return client.chats.retrieve(CHAT_ID)


def cut(handler: BaseHTTPRequestHandler) -> None:
    """Close the connection with a reset, as a remote that dies does."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """Close the connection properly, without an answer."""
    handler.close_connection = True


def promise_more(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(202)
    handler.send_header("Content-Length", "1000")
    handler.send_header("X-Trace-ID", TRACE_ID)
    handler.end_headers()
    handler.wfile.write(b'{"chat_id":')
    handler.close_connection = True


def break_chunks(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(202)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b'400\r\n{"chat_id":')
    handler.close_connection = True


@pytest.fixture
def hurried(remote: Recorder) -> Iterator[Client]:
    client = Client(remote.base_url, TOKEN, timeout=(2, 0.2))
    yield client
    client.close()


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.mark.parametrize("ask", [write, read])
def test_a_refused_connection_reached_nobody(closed_port: int, ask: Callable[[Client], object]) -> None:
    with pytest.raises(NotReached) as failed:
        ask(Client(f"http://127.0.0.1:{closed_port}/api/partner", TOKEN))
    assert failed.value.advice is Advice.RETRY_LATER
    assert failed.value.sentence == "The remote could not be reached. It will be tried again."


def test_a_name_that_does_not_exist_reached_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*asked: object, **options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(NotReached):
        write(Client("http://nowhere.invalid", TOKEN))


def test_a_connection_that_takes_too_long_reached_nobody() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = []
        try:
            for _ in range(4):  # fill the queue of a server that accepts nobody
                other = socket.socket()
                waiting.append(other)
                other.setblocking(False)
                other.connect_ex(address)
            with pytest.raises(NotReached):
                write(Client(f"http://127.0.0.1:{address[1]}", TOKEN, timeout=(0.2, 2)))
        finally:
            for other in waiting:
                other.close()


@pytest.mark.parametrize("behave", [cut, hang_up, promise_more, break_chunks])
def test_a_cut_after_a_write_leaves_its_outcome_unknown(
    remote: Recorder, client: Client, behave: Callable[[BaseHTTPRequestHandler], None]
) -> None:
    remote.behave = behave
    with pytest.raises(NoAnswer) as failed:
        write(client)
    assert failed.value.advice is Advice.OUTCOME_UNKNOWN
    assert len(remote.asked) == 1  # nothing is repeated in here


@pytest.mark.parametrize("behave", [cut, hang_up, promise_more, break_chunks])
def test_a_cut_after_a_read_is_simply_tried_again(
    remote: Recorder, client: Client, behave: Callable[[BaseHTTPRequestHandler], None]
) -> None:
    remote.behave = behave
    with pytest.raises(NoAnswer) as failed:
        read(client)
    assert failed.value.advice is Advice.RETRY_LATER
    assert len(remote.asked) == 1


def test_a_cut_answer_keeps_its_status_and_trace_id(remote: Recorder, client: Client) -> None:
    remote.behave = promise_more
    with pytest.raises(NoAnswer) as failed:
        write(client)
    assert (failed.value.status, failed.value.trace_id) == (202, TRACE_ID)


@pytest.mark.parametrize(("ask", "advice"), [(write, Advice.OUTCOME_UNKNOWN), (read, Advice.RETRY_LATER)])
def test_no_answer_in_time(remote: Recorder, hurried: Client, ask: Callable[[Client], object], advice: Advice) -> None:
    done = threading.Event()

    def wait(handler: BaseHTTPRequestHandler) -> None:
        done.wait(10)
        handler.close_connection = True

    remote.behave = wait
    try:
        with pytest.raises(NoAnswer) as failed:
            ask(hurried)
    finally:
        done.set()
    assert failed.value.advice is advice
    assert failed.value.sentence.startswith("The remote did not answer in time. ")


def test_a_body_that_drips_is_not_waited_for_without_end(remote: Recorder) -> None:
    enough = threading.Event()
    drops = []

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        for _ in range(1000):
            if enough.wait(0.05):
                break
            handler.wfile.write(b" ")
            drops.append(1)
        handler.close_connection = True

    remote.behave = drip
    client = Client(remote.base_url, TOKEN, timeout=(0.2, 0.3))  # each wait is shorter than 0.3 seconds
    try:
        with pytest.raises(NoAnswer) as failed:
            write(client)
        assert len(drops) < 200  # of the thousand that were to come
    finally:
        enough.set()
        client.close()
    assert failed.value.sentence.startswith("The remote's answer was cut off. ")


@pytest.mark.parametrize(
    "content", [b"<html>ok</html>", b"[]", b'"done"', b"{", b"{}", b'{"chat_id": "x"}', b"\xff", b"[" * 50_000]
)
def test_a_success_that_cannot_be_read_leaves_the_outcome_of_a_write_unknown(
    remote: Recorder, client: Client, content: bytes
) -> None:
    remote.answer(content, 202, X_Trace_ID=TRACE_ID)
    with pytest.raises(NoAnswer) as failed:
        write(client)
    assert failed.value.advice is Advice.OUTCOME_UNKNOWN
    assert (failed.value.status, failed.value.trace_id) == (202, TRACE_ID)


def test_a_huge_html_error_is_read_in_part_and_never_shown(remote: Recorder, client: Client) -> None:
    remote.answer(b"<html>" + b"x" * 5_000_000, 502)
    with pytest.raises(Refused) as failed:
        write(client)
    assert failed.value.advice is Advice.OUTCOME_UNKNOWN
    assert failed.value.message == ""
    assert failed.value.sentence.startswith("The remote, or something in front of it, failed with status 502. ")


def test_a_rate_limit_waits_as_long_as_it_says(remote: Recorder, client: Client) -> None:
    error = {"error": {"status": 429, "code": 1007, "message": "Slow down"}, "trace_id": TRACE_ID}
    remote.answer(error, 429, Retry_After="45")
    with pytest.raises(Refused) as failed:
        write(client)
    assert (failed.value.advice, failed.value.retry_after) == (Advice.WAIT, 45.0)
    assert failed.value.trace_id == TRACE_ID
    assert len(remote.asked) == 1


def test_a_redirect_is_not_followed(remote: Recorder, client: Client) -> None:
    remote.answer(b"", 307, Location=remote.base_url + "/elsewhere")
    with pytest.raises(Refused) as failed:
        write(client)
    assert failed.value.advice is Advice.GIVE_UP
    assert failed.value.sentence == (
        "The remote answered with a redirect, so its base URL in the settings is not right. Trying again will not help."
    )
    assert len(remote.asked) == 1


def test_cookies_are_not_kept(remote: Recorder, client: Client) -> None:
    remote.answer(samples.CHAT, 200, Set_Cookie="a=b")
    read(client)
    read(client)
    assert ["cookie" in asked.headers for asked in remote.asked] == [False, False]


def test_a_netrc_file_does_not_replace_the_key(
    remote: Recorder, client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    netrc = f"{tmp_path}/netrc"
    with open(netrc, "w") as file:
        file.write("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", netrc)
    remote.answer(samples.CHAT)
    read(client)
    assert remote.asked[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_one_client_serves_many_threads(remote: Recorder, client: Client) -> None:
    connections = set()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        connections.add(handler.client_address)
        content = remote.content
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    remote.answer(samples.CHAT)
    remote.behave = answer
    together = threading.Barrier(6)

    def work(_: int) -> list[str]:
        together.wait(10)
        try:
            return [client.chats.retrieve(CHAT_ID).id for _ in range(5)]
        finally:
            client.close()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(work, range(6))) == [[CHAT_ID] * 5] * 6
    assert len(remote.asked) == 30
    assert len(connections) == 6  # each thread kept one of its own open


def test_the_key_is_in_no_repr() -> None:
    client = Client("https://api.linqapp.com/api/partner", TOKEN)
    groups = [group for name, group in vars(client).items()]
    assert repr(client) == "Client('https://api.linqapp.com/api/partner')"
    assert not [group for group in groups if TOKEN in repr(group)]


@pytest.mark.parametrize("behave", [cut, promise_more, None])
def test_neither_key_nor_text_is_logged_or_carried_by_an_error(
    remote: Recorder,
    client: Client,
    caplog: pytest.LogCaptureFixture,
    behave: Callable[[BaseHTTPRequestHandler], None] | None,
) -> None:
    caplog.set_level(logging.DEBUG)
    remote.behave = behave
    remote.answer({"error": {"code": 1004, "message": f"bad text: {PRIVATE}"}}, 400)
    with pytest.raises(RemoteError) as failed:
        write(client)
    error = failed.value
    assert error.__cause__ is None
    assert error.__context__ is None
    shown = "".join(traceback.format_exception(error)) + repr(error) + str(error) + error.sentence + caplog.text
    assert TOKEN not in shown
    assert PRIVATE not in shown
    assert "Authorization" not in repr(error.__dict__)


@pytest.mark.parametrize(
    "base_url", ["", "api.linqapp.com", "ftp://api.linqapp.com", "https://", "https://a.example/?q=1", "https://a/#b"]
)
def test_a_wrong_base_url_is_refused_at_once(base_url: str) -> None:
    with pytest.raises(ValueError, match="must look like https://"):
        Client(base_url, TOKEN)


@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", "schlüssel"])
def test_a_wrong_key_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(ValueError, match="must be printable characters") as refused:
        Client("https://api.linqapp.com/api/partner", key)
    assert not key or key not in str(refused.value)


@pytest.mark.parametrize("chat_id", ["", ".", ".."])
def test_an_id_that_names_another_resource_never_leaves(remote: Recorder, client: Client, chat_id: str) -> None:
    with pytest.raises(ValueError, match="An id is missing"):
        client.chats.leave(chat_id)
    assert remote.asked == []


def test_an_id_is_escaped(remote: Recorder, client: Client) -> None:
    remote.answer(samples.MESSAGE)
    client.messages.retrieve("../chats?x=1#y")
    assert remote.asked[0].path == "/api/partner/v3/messages/../chats?x=1#y"  # one segment, as the server decodes it
    assert remote.asked[0].query == {}


def test_a_base_url_may_end_in_a_slash(remote: Recorder) -> None:
    remote.answer(samples.MESSAGE)
    client = Client(remote.base_url + "/", TOKEN)
    client.messages.retrieve(MESSAGE_ID)
    client.close()
    assert remote.asked[0].path == f"/api/partner/v3/messages/{MESSAGE_ID}"
