"""Reads a page as a browser would: elements with their attributes and text, nothing executed."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

from django.http import HttpResponse

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    text: str = ""
    ancestors: list[Element] = field(default_factory=list, repr=False)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs), ancestors=list(self._open))
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        for position in range(len(self._open) - 1, -1, -1):
            if self._open[position].tag == tag:
                del self._open[position:]
                return

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data


def read(response: HttpResponse) -> list[Element]:
    reader = _Reader()
    reader.feed(response.content.decode())
    reader.close()
    return reader.elements


def find(elements: list[Element], tag: str, **attributes: str) -> list[Element]:
    """Elements of this tag whose attributes have exactly these values; `_` in a name stands for `-`."""
    wanted = {name.strip("_").replace("_", "-"): value for name, value in attributes.items()}
    return [e for e in elements if e.tag == tag and all(e.attributes.get(n) == v for n, v in wanted.items())]


def rail_links(response: HttpResponse) -> list[tuple[str, str | None]]:
    """The words and address of each link in the rail, in order."""
    return [
        (" ".join(link.text.split()), link.attributes["href"])
        for link in find(read(response), "a")
        if any("rail" in (a.attributes.get("class") or "").split() for a in link.ancestors)
    ]
