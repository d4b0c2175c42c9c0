"""A whole service over real sockets: `init_app` on a free port, with SQLite and keys on disk."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer

from app import DEMO, init_app
from helpline.definition import Definition, read_definition
from helpline.settings import Settings
from tests.webchat.lines import Json, Line, new_id
from webchat.keys import HELPLINE, SESSIONS
from webchat.security import new_token


class House:
    """The running service, and the people at its doors."""

    def __init__(self, client: TestClient[Any, Any]) -> None:
        self.client = client
        self.app = client.server.app  # type: ignore[attr-defined]
        self.helpline = self.app[HELPLINE]
        self.sessions = self.app[SESSIONS]
        self._lines: list[Line] = []

    @property
    def origin(self) -> str:
        return str(self.client.make_url("")).rstrip("/")

    async def person(self, token: str = "") -> Line:
        line = await Line.open(self.client, "/person", auth={"token": token or new_token()})
        self._lines.append(line)
        return line

    async def only_door(self, token: str) -> Line:
        """A page that is open at the start, and follows the door."""
        line = await Line.open(self.client, "/person", auth={"token": token, "only": "door"})
        self._lines.append(line)
        return line

    async def started(self, language: str = "en", token: str = "", **more: Any) -> tuple[Line, Json]:
        """A person who has begun, and what they were answered."""
        line = await self.person(token)
        answer = await line.call("start", {"client_id": new_id(), "language": language, **more})
        assert "error" not in answer, answer
        return line, answer

    async def session(self, account: str) -> dict[str, str]:
        """The cookie of somebody who has signed in."""
        return {"staff": await self.sessions.begin(account)}

    async def staff(self, namespace: str, account: str, cookies: dict[str, str] | None = None) -> Line:
        line = await Line.open(
            self.client, namespace, cookies=cookies if cookies is not None else await self.session(account)
        )
        self._lines.append(line)
        return line

    async def desk(self, account: str, cookies: dict[str, str] | None = None) -> Line:
        line = await self.staff("/desk", account, cookies)
        await line.heard("mine")
        return line

    async def board(self, account: str) -> Line:
        line = await self.staff("/board", account)
        await line.heard("snapshot")
        return line

    async def on_shift(self, account: str) -> Line:
        """Somebody checked in and ready for offers."""
        line = await self.desk(account)
        for call, body in (
            ("check_in", {"client_id": new_id(), "sound": True, "notes_read": True}),
            ("ready", {}),
        ):
            answer = await line.call(call, body)
            assert "error" not in answer, answer
        return line

    async def together(
        self, language: str = "pl", account: str = "ania", token: str = ""
    ) -> tuple[Line, Line, str]:
        """A person and a supporter in conversation, and their contact."""
        desk = await self.on_shift(account)
        person, answer = await self.started(language, token)
        offer = await desk.heard("offer", lambda one: one["contact"] == answer["contact"])
        accepted = await desk.call("accept", {"client_id": new_id(), "offer": offer["offer"]})
        assert accepted["contact"] == answer["contact"], accepted
        await person.heard("event", lambda event: event["kind"] == "accepted")
        return person, desk, answer["contact"]

    async def close(self) -> None:
        for line in self._lines:
            await line.close()


@pytest.fixture(scope="session")
def definition() -> Definition:
    return read_definition(DEMO)


def settings_in(folder: Path, **more: Any) -> Settings:
    base = Settings(
        definition=DEMO,
        data=folder / "data",
        keys=folder / "keys",
        demo=True,
        burst=10_000,
        calls_a_second=1e6,
    )
    return msgspec.structs.replace(base, **more)


@pytest.fixture
async def house(tmp_path: Path, definition: Definition) -> AsyncIterator[House]:
    async with TestClient(TestServer(init_app(settings_in(tmp_path), definition=definition))) as client:
        opened = House(client)
        try:
            yield opened
        finally:
            await opened.close()
