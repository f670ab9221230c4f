"""A window on pages that notes whatever is wrong with them."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Browser, ConsoleMessage

# The stylesheets are not fetched once more, which only a rule about turned phones would need.
RULES = {"resultTypes": ["violations"], "preload": False}
CHECK = "options => axe.run(options).then(found => found.violations)"
# The page itself never scrolls sideways.
BEYOND = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Eyes:
    """Looks at pages in one window, and notes whatever is wrong with them."""

    def __init__(self, browser: Browser, address: str, width: int, colours: str) -> None:
        self.name = f"{width} px, {colours}"
        self.wrong: list[str] = []
        self.address = address
        self.context = browser.new_context(
            base_url=address,
            viewport={"width": width, "height": 900 if width > 720 else 740},
            color_scheme=colours,  # type: ignore[arg-type]
            reduced_motion="reduce",
        )
        self.context.add_init_script(Axe().axe_script)
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.wrong.append(f"{self.page.url}: {error}"))
        self.page.on("console", self._hear)

    def _hear(self, said: ConsoleMessage) -> None:
        if "Security Policy" in said.text:
            self.wrong.append(f"{self.page.url}: {said.text}")

    def sign_in(self, session: str) -> None:
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": self.address}
        self.context.add_cookies([cookie])  # type: ignore[list-item]

    def look(self, at: str) -> None:
        where = f"{at}, {self.name}"
        for found in self.page.evaluate(CHECK, RULES):
            self.wrong += [f"{where}: {found['id']} at {node['target']}" for node in found["nodes"]]
        beyond = self.page.evaluate(BEYOND)
        if beyond > 0:
            self.wrong.append(f"{where}: {beyond} px too wide")

    def visit(self, address: str, who: str = "") -> None:
        self.page.goto(address)
        self.look(f"{address} {who}".strip())
        if not self.page.title().endswith(" | Chatdeck"):
            self.wrong.append(f"{address}: the tab says {self.page.title()!r}")
