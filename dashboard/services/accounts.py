"""Who the database server runs as.

PostgreSQL refuses to run as root. Started by root it gets an account of its own, and a home under
/var/lib/chatdeck that this account can reach, so that no other folder has to be opened to it: the
project may well lie in root's own closed home.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass

from dashboard.services.errors import ServiceError

NAME = "chatdeck"
# Below this, Debian, Fedora and Alpine keep the accounts that belong to no person.
FIRST_PERSON = 1000
SYSTEM_TOOLS = "/usr/sbin:/sbin:/usr/local/sbin"


@dataclass(frozen=True)
class Account:
    uid: int
    gid: int


def server_account() -> Account | None:
    """The account to run the server as, made when missing; None for the ordinary user who already is one."""
    if os.geteuid() != 0:
        return None
    entry = _find(NAME) or _make() or _find("nobody")
    if entry is None:
        raise ServiceError("PostgreSQL cannot run as root and no other account was found. Add a user named chatdeck.")
    if entry.pw_name == NAME and entry.pw_uid >= FIRST_PERSON:
        raise ServiceError(
            "The account chatdeck on this machine belongs to a person. Run Chatdeck as an ordinary user."
        )
    return Account(entry.pw_uid, entry.pw_gid)


def _find(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _make() -> pwd.struct_passwd | None:
    """Add the system account. None where the system has no `useradd`, or would not let us."""
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:{SYSTEM_TOOLS}")
    if useradd is None:
        return None
    nologin = shutil.which("nologin", path=f"/usr/sbin:/sbin:{os.environ.get('PATH', '')}") or "/bin/false"
    subprocess.run(  # noqa: S603
        [
            useradd,
            "--system",
            "--user-group",
            "--no-create-home",
            "--home-dir",
            "/nonexistent",
            "--shell",
            nologin,
            NAME,
        ],
        check=False,
        capture_output=True,
    )
    return _find(NAME)
