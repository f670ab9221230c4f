"""Folders that only their owner can enter, and socket paths short enough for the system."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import stat
import tempfile
from pathlib import Path

from dashboard.services.errors import ServiceError

# The system's limit for a socket's path is 107 bytes on Linux and 103 on macOS.
LONGEST_SOCKET_PATH = 103
# Both addresses are written into URLs, which different libraries unquote differently.
SAFE_PATH = re.compile(r"[A-Za-z0-9/._-]+")


def fingerprint(path: Path) -> str:
    """Twelve letters and digits that stand for this folder, the same on every start."""
    return hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:12]


def instance_name(state: Path) -> str:
    """Twelve letters and digits that this folder keeps for itself, wherever it is moved to.

    Made at the first asking. Another folder that is later put in the same place has another name, and so
    nothing of what belonged to the old one.
    """
    kept = private_folder(state) / "instance"
    if not kept.exists():
        made = kept.with_name(f".instance-{secrets.token_hex(6)}")
        made.write_text(secrets.token_hex(6))
        try:
            # A link and no rename: of two who ask first at once, one name counts for both.
            os.link(made, kept)
        except FileExistsError:
            pass
        finally:
            made.unlink()
    name = kept.read_text().strip()
    if not re.fullmatch(r"[0-9a-f]{12}", name):
        raise ServiceError(
            f"{kept} does not hold the name of this installation. Delete it to begin with an empty database."
        )
    return name


def private_folder(path: Path) -> Path:
    """Make `path` (and what is missing above it), closed to everybody else, and return it.

    A folder that is already there is used only if it is ours; it is closed if it was open. Folders
    above it are never changed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        there = path.lstat()
        if not stat.S_ISDIR(there.st_mode) or there.st_uid != os.geteuid():
            raise ServiceError(f"{path} belongs to somebody else. Remove it, or work as its owner.") from None
        if there.st_mode & 0o077:
            path.chmod(0o700)
    return path


def socket_folder(state: Path) -> Path:
    """A private folder for sockets: `run` inside `state`, or a short one when that path is too long or unusual."""
    folder = state.resolve() / "run"
    longest = folder / ".s.PGSQL.5432"
    if len(os.fsencode(longest)) > LONGEST_SOCKET_PATH or not SAFE_PATH.fullmatch(str(folder)):
        # /tmp on purpose: TMPDIR may itself be long, and must be the same for every process.
        base = Path("/tmp") if Path("/tmp").is_dir() else Path(tempfile.gettempdir())  # noqa: S108
        folder = base / f"chatdeck-{os.geteuid()}-{fingerprint(state)}"
    return private_folder(folder)
