"""Hands for tests that see all sides at once: sign in anywhere, look at a page in every look, listen to its line."""

from playwright.async_api import Page, WebSocket, expect

from tests.browser.chromium import LAPTOP, LOOKS, Look, check_accessible
from tests.browser.on_shift import COUNT_NOTES


async def sign_in(page: Page, url: str, place: str, name: str, password: str) -> Page:
    """Through the door at `url`, to `place`."""
    await page.add_init_script(COUNT_NOTES)
    await page.goto(f"{url}/sign-in?then={place}")
    await page.get_by_label("Your name").fill(name)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"**{place}")
    return page


async def clean_in_every_look(page: Page, *looks: Look) -> None:
    """The page as it stands, on a phone and a laptop, light and dark: accessible, and nothing wider than the window."""
    size = page.viewport_size or {"width": LAPTOP.width, "height": LAPTOP.height}
    scheme = await page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'")
    for look in looks or LOOKS:
        await page.set_viewport_size({"width": look.screen.width, "height": look.screen.height})
        await page.emulate_media(color_scheme=look.scheme)
        await check_accessible(page)
        await check_fits(page)
    await page.set_viewport_size(size)
    await page.emulate_media(color_scheme=scheme)


async def check_fits(page: Page) -> None:
    """Nothing makes the page wider than its window, and no message is wider than the conversation it stands in."""
    wide, room = await page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert wide <= room, f"{page.url} is {wide} px wide in a window of {room}"
    out = await page.evaluate(
        """() => [...document.querySelectorAll("[role=log]")].filter((log) => log.checkVisibility()).flatMap((log) => {
             const room = log.getBoundingClientRect();
             return [...log.querySelectorAll(".said p, .said .words")].filter((one) => {
               const box = one.getBoundingClientRect();
               return box.left < room.left - 1 || box.right > room.right + 1 || one.scrollWidth > one.clientWidth + 1;
             }).map((one) => one.textContent.slice(0, 60)); })"""
    )
    assert out == [], f"out of the conversation's room on {page.url}: {out}"


async def within_reach_when_zoomed(page: Page, *selectors: str) -> None:
    """On a laptop zoomed to twice its size, these are in view and nothing stands over them."""
    size = page.viewport_size or {"width": LAPTOP.width, "height": LAPTOP.height}
    await page.set_viewport_size({"width": LAPTOP.width // 2, "height": LAPTOP.height // 2})
    for selector in selectors:
        over = await page.locator(selector).evaluate(
            """(one) => { const box = one.getBoundingClientRect();
                 const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
                 return one === top || one.contains(top) ? "" : (top?.outerHTML ?? "out of the window").slice(0, 200); }"""
        )
        assert not over, f"{selector} on {page.url} is under {over}"
    await page.set_viewport_size(size)


class Overheard:
    """Everything the server sends to one page over its socket. Begin before the page is opened."""

    def __init__(self, page: Page) -> None:
        self.frames: list[str] = []
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: self.frames.append(str(frame)))

    def mentions(self, words: str) -> list[str]:
        return [frame for frame in self.frames if words in frame]


async def conversation(page: Page) -> list[str]:
    """The messages of the one conversation on a page, in order, each as it is read."""
    found: list[str] = await page.get_by_role("log").locator(".said > p").all_text_contents()
    return found


async def types_on(page: Page, box: str, text: str) -> None:
    """Go on writing at the end of what stands in the box, a key at a time."""
    await page.locator(box).press_sequentially(text)


async def read_in_order(page: Page, *texts: str) -> None:
    """The conversation ends with these messages, each once."""
    said = page.get_by_role("log").locator(".said > p")
    for text in texts:
        await expect(said.filter(has_text=text)).to_have_count(1)
    assert (await conversation(page))[-len(texts) :] == list(texts)
