"""Windows onto the service in Debian's Chromium, and what is asked of every page shown in one."""

import os
import shutil
from dataclasses import dataclass
from typing import Any, Literal

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, ConsoleMessage, Error, Page

Scheme = Literal["light", "dark"]

# A window waits this long for something to appear before the test fails, in milliseconds.
PATIENCE = 20_000

FLAGS = (
    "--headless",
    "--no-sandbox",  # tests run as root in a container
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

WHOLE_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Screen:
    """What a window is looked at on; width and height in CSS pixels."""

    name: str
    width: int
    height: int
    touch: bool


PHONE = Screen("phone", 360, 740, touch=True)
LAPTOP = Screen("laptop", 1280, 720, touch=False)


@dataclass(frozen=True)
class Look:
    """One of the four ways every page must be seen and be accessible in."""

    screen: Screen
    scheme: Scheme

    def __str__(self) -> str:
        return f"{self.screen.name}-{self.scheme}"


LOOKS = tuple(Look(screen, scheme) for screen in (PHONE, LAPTOP) for scheme in ("light", "dark"))


def executable() -> str:
    """Path of the Chromium to drive; HELPLINE_CHROMIUM names one that is not on PATH.

    Rather the one without a browser's own window around the page: it takes half the processor time.
    """
    names = (os.environ.get("HELPLINE_CHROMIUM"), "chromium-headless-shell", *WHOLE_BROWSERS)
    for name in names:
        if name and (found := shutil.which(name)):
            return found
    raise FileNotFoundError("no Chromium on PATH; `make setup-test` brings it or says how")


class Windows:
    """Opens windows, each as private to itself as another machine, and remembers what went wrong inside them.

    `mistakes` gathers uncaught JavaScript errors and refusals by the Content-Security-Policy of all windows; the
    `windows` fixture fails the test on any that are left. A lost connection is no mistake.
    """

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.pages: list[Page] = []
        self.mistakes: list[str] = []

    async def open(
        self,
        url: str | None = None,
        *,
        screen: Screen = LAPTOP,
        scheme: Scheme = "light",
        locale: str = "en-GB",
        javascript: bool = True,
        zone: str = "Europe/London",
    ) -> Page:
        """A page in a context of its own (cookies, storage), at `url` if one is given.

        Another tab of the same visitor is `page.context.new_page()` with `watch(page)`; a cut line is
        `page.context.set_offline(True)`. Movement is reduced, so that a state is looked at when it is reached.
        """
        context = await self.browser.new_context(
            viewport={"width": screen.width, "height": screen.height},
            has_touch=screen.touch,
            is_mobile=screen.touch,
            color_scheme=scheme,
            reduced_motion="reduce",
            locale=locale,
            timezone_id=zone,
            java_script_enabled=javascript,
        )
        context.set_default_timeout(PATIENCE)
        page = await context.new_page()
        self.watch(page)
        if url is not None:
            await page.goto(url)
        return page

    def watch(self, page: Page) -> None:
        """Count what goes wrong in this page as a mistake too."""
        self.pages.append(page)
        page.on("pageerror", self._note_error)
        page.on("console", self._note_refusal)

    def _note_error(self, error: Error) -> None:
        self.mistakes.append(error.stack or error.message)

    def _note_refusal(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "Content Security Policy" in message.text:
            self.mistakes.append(message.text)


async def check_accessible(page: Page) -> None:
    """Fail with one line for each element that axe objects to in the page as it now stands."""
    violations: list[dict[str, Any]] = (await Axe().run(page)).response["violations"]
    found = [
        f"{violation['impact']}: {violation['help']} ({violation['id']})\n    {' '.join(map(str, node['target']))}"
        f"\n    {node['html']}\n    {node['failureSummary']}"
        for violation in violations
        for node in violation["nodes"]
    ]
    assert not found, f"axe on {page.url}:\n  " + "\n  ".join(found)
