"""Somebody at the pages of the rota: reads them, and presses only what is on them."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

from rota.shifts import Slot
from tests.clock import SetClock
from tests.webchat.conftest import House

# A Wednesday evening; London is on UTC.
NOW = datetime(2026, 1, 14, 20, 0, tzinfo=UTC)


class Forms(HTMLParser):
    """The forms of a page: where they go, their fields, and what is on their buttons."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[dict[str, Any]] = []
        self._form: dict[str, Any] | None = None
        self._button: dict[str, Any] | None = None
        self._choosing = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = {"action": given.get("action", ""), "fields": [], "buttons": []}
            self.found.append(self._form)
        elif self._form is None:
            return
        elif tag == "input" and given.get("name"):
            self._form["fields"].append((given["name"], given.get("value", "")))
        elif tag == "select":
            self._choosing = given.get("name", "")
        elif tag == "option" and "selected" in given:
            self._form["fields"].append((self._choosing, given.get("value", "")))
        elif tag == "button":
            self._button = {"text": "", "name": given.get("name", ""), "value": given.get("value", "")}
            self._form["buttons"].append(self._button)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "button":
            self._button = None

    def handle_data(self, data: str) -> None:
        if self._button is not None:
            self._button["text"] += data


class Visitor:
    """`status`, `text` and `path` are those of the page they look at."""

    def __init__(self, house: House, cookies: dict[str, str]) -> None:
        self.house = house
        self.cookies = cookies
        self.status, self.text, self.path = 0, "", ""

    async def look(self, path: str) -> str:
        async with self.house.client.get(path, cookies=self.cookies, allow_redirects=False) as response:
            self.status, self.path, self.text = response.status, path, await response.text()
            return self.text

    @property
    def said(self) -> str:
        """The words of the page without its tags."""
        main = self.text.partition("<main")[2].partition(">")[2].partition("</main>")[0]
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())

    def buttons(self) -> list[str]:
        return [
            " ".join(button["text"].split())
            for form in Forms(self.text.partition("<main")[2]).found
            for button in form["buttons"]
        ]

    def form(self, label: str) -> tuple[str, list[tuple[str, str]]]:
        """The form with a button that begins so, and its fields as pressing that button sends them."""
        for form in Forms(self.text.partition("<main")[2]).found:
            for button in form["buttons"]:
                if " ".join(button["text"].split()).startswith(label):
                    pressed = [(button["name"], button["value"])] if button["name"] else []
                    return form["action"], [*form["fields"], *pressed]
        raise AssertionError(f"no “{label}” among {self.buttons()}")

    async def post(self, action: str, fields: list[tuple[str, str]]) -> str:
        """Send a form; follows a 303 to the page that says what it came to. Gives where it led."""
        async with self.house.client.post(
            action, data=fields, cookies=self.cookies, allow_redirects=False
        ) as response:
            self.status, self.text = response.status, await response.text()
            there = response.headers.get("Location", "")
        if self.status == 303:
            await self.look(there)
        return there

    async def press(self, label: str, **more: str) -> str:
        """Press the button that begins so, with these fields filled in."""
        action, fields = self.form(label)
        return await self.post(action, [one for one in fields if one[0] not in more] + list(more.items()))


def page_of(slot: str) -> str:
    return f"/rota/shift/{quote(slot, safe='')}"


class RotaHouse:
    """The house, its clock, and its visitors by name."""

    def __init__(self, house: House, clock: SetClock) -> None:
        self.house, self.clock = house, clock
        self.rota = house.helpline.rota

    async def visitor(self, account: str, path: str = "/rota") -> Visitor:
        visitor = Visitor(self.house, await self.house.session(account))
        await visitor.look(path)
        return visitor

    def holder(self, slot: str) -> str | None:
        """Who has it; empty for nobody, None when there is no such occurrence."""
        duty = self.rota.book.duty(Slot.parse(slot))
        return duty.person if duty is not None else None

    def goes_on(self, **by: float) -> None:
        self.clock.set(self.clock.now() + timedelta(**by))
