"""What a benchmark found: one table on the screen, and the same in `benchmarks/results/` as text and as JSON."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results"


@dataclass(frozen=True)
class Row:
    """One thing measured. The aim is a least one for a ratio, and a most one for a time in milliseconds."""

    name: str
    value: str
    beside: str = ""
    """What it is compared with, and its value."""
    ratio: float | None = None
    aim: str = ""
    met: bool | None = None


@dataclass
class Report:
    """The rows of one benchmark, and what has to be known to read them."""

    name: str
    title: str
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    load_before: float = field(default_factory=lambda: os.getloadavg()[0])
    at: str = field(default_factory=lambda: datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"))

    def compare(self, name: str, value: str, *, beside: str, ratio: float, aim: float) -> None:
        """Add something whose ratio to something else should be `aim` at least."""
        self.rows.append(Row(name, value, beside, round(ratio, 2), f"at least {aim:g}", ratio >= aim))

    def finish(self) -> None:
        """Print the table, and write it down."""
        text = self.text()
        print(f"\n{text}\n", flush=True)
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{self.name}.txt").write_text(text + "\n")
        (RESULTS / f"{self.name}.json").write_text(json.dumps({**asdict(self), "machine": machine()}, indent=2) + "\n")

    def text(self) -> str:
        heads = ("", "measured", "beside", "ratio", "aim", "")
        lines = [
            (
                row.name,
                row.value,
                row.beside,
                "" if row.ratio is None else f"{row.ratio:.2f}",
                row.aim,
                "" if row.met is None else "met" if row.met else "missed",
            )
            for row in self.rows
        ]
        widths = [max(len(line[column]) for line in (heads, *lines)) for column in range(len(heads))]
        table = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
                 for line in (heads, *lines)]  # fmt: skip
        where = f"{machine()}. {self.at}. Load before and after: {self.load_before:.1f}, {os.getloadavg()[0]:.1f}."
        return "\n".join([self.title, "", *table, "", where, *self.notes])


def machine() -> str:
    """The processor, how many, the memory, and the Python."""
    cpu = next(
        (line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor() or platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{cpu}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []
