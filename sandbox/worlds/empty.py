"""A world with lines and nobody in it: people appear when they are written to."""

from __future__ import annotations

from sandbox import chance
from sandbox.models import Line

# All numbers of the sandbox are of the range that is set aside for fiction (555-0100 to 555-0199).
LINE_NUMBERS = tuple(f"+1202555010{index}" for index in range(1, 6))


def fill(seed: int) -> None:
    """Five lines."""
    make_lines(seed)


def make_lines(seed: int) -> list[Line]:
    """The five lines that every world has."""
    return Line.objects.bulk_create(
        Line(id=chance.identifier(seed, "line", number), phone_number=number) for number in LINE_NUMBERS
    )
