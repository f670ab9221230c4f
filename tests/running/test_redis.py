from __future__ import annotations

import os
import shutil
import signal
import stat
import tempfile
import time
from pathlib import Path

import kombu
import pytest
import redis as client

from dashboard.services.errors import ServiceError
from dashboard.services.folders import LONGEST_SOCKET_PATH, private_folder, socket_folder
from dashboard.services.redis import Redis


def server_pid(redis: Redis) -> int:
    with client.Redis.from_url(redis.url()) as connection:
        return int(connection.info("server")["process_id"])


def test_it_starts_again_after_kill_9(redis: Redis) -> None:
    redis.start()
    first = server_pid(redis)
    os.kill(first, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while redis.running():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert redis.socket.exists()
    redis.start()
    assert server_pid(redis) != first
    redis.stop()
    assert not redis.running()
    assert not redis.socket.exists()


def test_another_launcher_finds_it_running_and_can_end_it(redis: Redis) -> None:
    redis.start()
    first = server_pid(redis)
    other = Redis(redis.state)
    other.start()
    assert server_pid(redis) == first
    other.stop()
    assert not redis.running()


def test_only_the_owner_can_connect_and_nothing_is_kept(redis: Redis) -> None:
    redis.start()
    assert stat.S_IMODE(redis.socket.stat().st_mode) == 0o700
    assert stat.S_IMODE(redis.socket.parent.stat().st_mode) == 0o700
    with client.Redis.from_url(redis.url()) as connection:
        assert connection.info("server")["tcp_port"] == 0
        connection.set("lost", "1")
    redis.stop()
    assert [path.name for path in redis.folder.iterdir()] == ["redis.log"]


def test_the_address_suits_celery_too(redis: Redis) -> None:
    redis.start()
    address = redis.url().replace("unix://", "redis+socket://", 1)
    with kombu.Connection(address) as connection, connection.SimpleQueue("probe") as queue:
        queue.put({"a": 1})
        assert queue.get(timeout=5).payload == {"a": 1}


@pytest.mark.parametrize("name", ["d" * 90, "with space", "per%cent"])
def test_an_unusual_place_still_gets_a_short_socket(home: Path, name: str) -> None:
    state = home / name / ".chatdeck"
    redis = Redis(state)
    try:
        redis.start()
        assert redis.running()
        assert len(str(redis.socket)) <= LONGEST_SOCKET_PATH
        assert not redis.socket.is_relative_to(home)
        assert redis.socket.parent.stat().st_uid == os.geteuid()
        assert Redis(state).socket == redis.socket
    finally:
        redis.stop()
        redis.remove()


def test_a_folder_of_somebody_else_is_not_used() -> None:
    link = Path(tempfile.mkdtemp(prefix="cd-")) / "run"
    link.symlink_to("/")
    with pytest.raises(ServiceError, match=r"belongs to somebody else\. Remove it, or work as its owner\.$"):
        private_folder(link)
    shutil.rmtree(link.parent)


def test_a_folder_of_ours_that_was_open_is_closed(home: Path) -> None:
    (home / "run").mkdir()
    (home / "run").chmod(0o755)
    assert socket_folder(home) == home.resolve() / "run"
    assert stat.S_IMODE((home / "run").stat().st_mode) == 0o700
