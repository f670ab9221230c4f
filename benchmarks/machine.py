"""Where and when something is measured, and the processor time that processes took."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import psutil


def describe() -> str:
    """The machine, the versions, the moment and the load, in one line."""
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    return (
        f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, load {load}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def seconds_of(pids: Iterable[int]) -> float:
    """Processor seconds, user and system, that these processes and their children have taken so far."""
    total = 0.0
    for pid in pids:
        try:
            whole = psutil.Process(pid)
            family = [whole, *whole.children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
        for process in family:
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            # A process that ended is counted by its parent from then on.
            total += times.user + times.system
        gone = whole.cpu_times()
        total += gone.children_user + gone.children_system
    return total


def can_pin() -> bool:
    """Whether processes can be bound to a core here, and others are left for the rest."""
    return hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1


def pin(pids: Iterable[int], core: int) -> None:
    """Let these processes, and what they start from now on, run on this core only, where that is possible."""
    if not can_pin():
        return
    for pid in pids:
        process = psutil.Process(pid)
        for each in [process, *process.children(recursive=True)]:
            for thread in each.threads():
                os.sched_setaffinity(thread.id, {core})
