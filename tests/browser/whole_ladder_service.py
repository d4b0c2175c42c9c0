"""A service inside the test whose clock is set by hand, which can be stopped hard and begun again on the same files."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestServer

from app import DEMO, init_app
from helpline.clock import SystemClock
from helpline.definition import read_definition
from helpline.demonstration import hours_around, shifts_around
from helpline.directory import EMERGENCY
from helpline.settings import Settings
from helpline.shape import Definition
from rota.hours import Hours, OpeningHours
from rota.hours_entry import read_hours
from tests.browser.evening import Evening
from tests.browser.on_shift import PASSWORD
from tests.clock import SetClock
from webchat.keys import SESSIONS
from webchat.socket_keys import BOARD_SOCKET, DESK_SOCKET

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def another_day(now: datetime) -> Hours:
    """Open for an hour, three days from now."""
    day = DAYS[(now.weekday() + 3) % 7]
    raw = {"zone": "Europe/London", "channels": {"ring": {"week": {day: ["10:00-11:00"]}}}}
    read = read_hours(raw, channels=("ring",))
    assert isinstance(read, OpeningHours)
    return read.hours


def all_closed_but_999(now: datetime) -> Definition:
    """The demonstration with every crisis contact but 999 closed tonight, whenever tonight is."""
    read = read_definition(DEMO)
    contacts = tuple(
        one if one.role == EMERGENCY else msgspec.structs.replace(one, hours=another_day(now))
        for one in read.crisis_contacts
    )
    return msgspec.structs.replace(
        read,
        shifts=shifts_around(read, now),
        hours=hours_around(read, now),
        crisis_contacts=contacts,
    )


class Service:
    """The whole application at one address, through several lives."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # From where the browsers' clocks stand; they stay there, while this one is set.
        now = SystemClock().now().replace(microsecond=0)
        self.clock = SetClock(now)
        self.definition = all_closed_but_999(now)
        self.stopped = 0
        self._port: int | None = None
        self._server: TestServer | None = None
        self._tonight: Evening | None = None

    @property
    def tonight(self) -> Evening:
        assert self._tonight is not None
        return self._tonight

    async def start(self) -> None:
        settings = Settings(
            definition=DEMO, data=self.folder / "data", keys=self.folder / "keys", demo=self.definition.demo
        )
        app = init_app(settings, self.clock, definition=self.definition)
        self._server = TestServer(app, host="127.0.0.1", port=self._port)
        await self._server.start_server()
        self._port = self._server.port
        self._tonight = Evening(app, self._server)

    async def let_sign_in(self, *names: str) -> None:
        for name in names:
            await self.tonight.helpline.people.set_password(name, PASSWORD)

    async def stop_hard(self) -> None:
        """As near to a kill as can be inside one process: every line is cut in the middle of whatever it carried, and
        nothing that was under way is finished. Only then are the files let go, as a dead process lets go of them."""
        assert self._server is not None
        assert self._server.runner is not None
        assert self._server.runner.server is not None
        for line in self._server.runner.server.connections:
            if line.transport is not None:
                line.transport.abort()
        await self.tonight.helpline.dispatcher.close()
        await self.close()
        self.stopped += 1

    async def close(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            await server.close()

    async def later(self, **by: float) -> None:
        """Time goes on for the service, stopping wherever it wanted to be woken."""
        end = self.clock.now() + timedelta(**by)
        dispatcher = self.tonight.helpline.dispatcher
        await dispatcher.settled()
        while (wake := self.clock.next_wake()) is not None and wake <= end:
            self.clock.set(max(wake, self.clock.now()))
            await dispatcher.settled()
        self.clock.set(end)
        await dispatcher.settled()
        await pages_are_open(self.tonight.app)

    async def shift_ends_now(self, id: str) -> None:
        """The rota says that theirs is over."""
        helpline = self.tonight.helpline
        theirs = [one for one in helpline.roster.rota.shifts if one.person == id]
        mine = max(theirs, key=lambda one: one.starts <= self._wall(one.zone) < one.ends)
        over = self._wall(mine.zone).replace(second=0, microsecond=0)
        await helpline.rota.replace_shifts([msgspec.structs.replace(mine, ends=over)], what="edited")
        await helpline.dispatcher.settled()

    def _wall(self, zone: str) -> datetime:
        return self.clock.now().astimezone(ZoneInfo(zone)).replace(tzinfo=None)

    async def events(self, contact: str) -> list[Any]:
        return await self.tonight.helpline.logbook.read(contact)


async def pages_are_open(app: web.Application) -> None:
    """What the service does every half minute: who has a page open is not idle, however far the clock was set."""
    for socket in (app[DESK_SOCKET], app[BOARD_SOCKET]):
        for session in socket.open_sessions():
            await app[SESSIONS].touch(session)
