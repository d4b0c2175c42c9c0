"""One evening of a small service behind a real server, and the hands of those on shift.

Everything is real: the whole application with its files, its sockets, its pages. Supporters act through the core's
own commands.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestServer, get_unused_port_socket
from playwright.async_api import expect

from app import DEMO, init_app
from helpline.clock import SystemClock
from helpline.contact import Contact
from helpline.definition import read_definition
from helpline.demonstration import shifts_around
from helpline.events import By
from helpline.people import Principal
from helpline.ports import Clock
from helpline.settings import Settings
from helpline.shape import Definition
from helpline.talking import Message
from tests.browser.chromium import PATIENCE
from webchat.keys import HELPLINE, SIO
from webchat.socket_keys import ANNOUNCING, PERSON_SOCKET

# The machine may be busy: what is waited for is given as long as a window is.
expect.set_options(timeout=PATIENCE)


class Evening:
    """A running service. `url` is where it answers; `helpline` is its core."""

    def __init__(self, app: web.Application, server: TestServer) -> None:
        self.app = app
        self.helpline = app[HELPLINE]
        self.server = server
        self._changed = asyncio.Event()
        self.helpline.listen(lambda _: self._changed.set())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def who(self, id: str) -> Principal:
        """Somebody of the definition's people."""
        principal = self.helpline.people.principal(id)
        assert principal is not None, id
        return principal

    async def on_shift(self, *ids: str) -> None:
        """These check in, with their desk open, and are ready."""
        for id in ids:
            self.helpline.supporter_connected(id)
            await self.helpline.check_in(self.who(id), client_id=str(uuid4()), sound=True)
            await self.helpline.ready(self.who(id))

    async def until(self, there: Callable[[], Any]) -> Any:
        """What `there` gives, as soon as it gives something; asked again after every change."""
        async with asyncio.timeout(15):
            while not (found := there()):
                self._changed.clear()
                await self._changed.wait()
            return found

    async def contact(self) -> Contact:
        """The one live contact."""
        found: Contact = await self.until(lambda: next(iter(self.helpline.contacts()), None))
        return found

    def now(self, log: str) -> Contact:
        """A contact as it stands."""
        fold = self.helpline.logbook.held(log)
        assert isinstance(fold, Contact)
        return fold

    async def as_staff_read_it(self, log: str) -> list[dict[str, Any]]:
        """All of a contact's events, page after page, as a desk and the board are given them."""
        shown: list[dict[str, Any]] = []
        more = True
        while more:
            page, more = await self.helpline.staff_events(log, after=shown[-1]["seq"] if shown else 0)
            shown += page
        return shown

    async def answered_by(self, id: str) -> str:
        """They take the next offer made to them; gives the contact."""

        def offered() -> Contact | None:
            return next((c for c in self.helpline.contacts() if c.offer and c.offer.supporter == id), None)

        fold: Contact = await self.until(offered)
        assert fold.offer is not None
        await self.helpline.accept(self.who(id), fold.offer.offer, str(uuid4()))
        return fold.log

    async def says(self, id: str, contact: str, text: str, lang: str = "") -> int:
        """A supporter writes; gives the person's number of it."""
        answer = await self.helpline.say_to(self.who(id), contact, [Message(str(uuid4()), text)], lang)
        return answer.talk

    def by(self, id: str) -> By:
        """A supporter as the author of something."""
        who = self.who(id)
        return By("supporter", who.id, who.name)

    async def has_read(self, id: str, contact: str) -> None:
        """A supporter's desk shows everything there is."""
        await self.app[ANNOUNCING].staff_has_seen(contact, self.now(contact).seq)

    def cut_persons(self) -> None:
        """Every person's line breaks, without a word."""
        for caller in list(self.app[PERSON_SOCKET].callers):
            self.app[SIO].cut(caller)

    async def words_of(self, contact: str) -> list[str]:
        """What the person said, as the log has it."""
        events, _ = await self.helpline.person_events(contact)
        return [one["text"] for one in events if one["kind"] == "said" and one["by"]["role"] == "person"]


def demonstration(**changes: Any) -> Definition:
    """The demonstration's definition with everybody on shift now, and what a test wants different."""
    read = read_definition(DEMO)
    return msgspec.structs.replace(read, shifts=shifts_around(read, SystemClock().now()), **changes)


@asynccontextmanager
async def evening(
    folder: Path, definition: Definition, clock: Clock | None = None, **more: Any
) -> AsyncIterator[Evening]:
    """Opens the service in `folder` and serves it. `more` are settings beside those of a demonstration."""
    socket = get_unused_port_socket("127.0.0.1")
    settings = Settings(
        definition=DEMO,
        data=folder / "data",
        keys=folder / "keys",
        demo=definition.demo,
        port=socket.getsockname()[1],
        **more,
    )
    app = init_app(settings, clock or SystemClock(), definition=definition)
    server = TestServer(app, host="127.0.0.1", socket_factory=lambda *_: socket)
    await server.start_server()
    try:
        yield Evening(app, server)
    finally:
        await server.close()
