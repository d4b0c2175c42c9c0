"""The proxy that is supplied (deploy/proxy), in front of nodes as `helpline serve` runs them, with TLS of a test's own."""

import asyncio
import os
import shutil
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import Sequence
from pathlib import Path

import aiohttp

from helpline.clock import SystemClock
from helpline.commands.people import repassworded
from helpline.definition import read_definition
from helpline.service import Helpline
from tests.certificates import Authority
from tests.crash.evening import definition_for
from tests.crash.server import HOUSE, Server
from tests.engines import Engine, free_ports, started, wait_for

SUPPLIED = HOUSE / "deploy" / "proxy"
SHIFT = """
[[shifts]]
id = "{id}"
person = "{id}"
role = "{role}"
starts = 2026-01-05T00:00:00
ends = 2026-01-06T00:00:00
rrule = "FREQ=DAILY"
"""


def real_service(folder: Path, supporters: int) -> Path:
    """The crash test's service as one that `serve` opens: approved, everybody always on, no number made up."""
    path = definition_for(folder, supporters)
    text = path.read_text().replace("demo = true", "demo = false").replace("01632 960110", "111")
    approved = '[ladder]\napproved_by = "Nobody, for a test"\napproved_on = 2026-01-31\n\n[[ladder.rungs]]'
    ids = [f"s{number}" for number in range(supporters)]
    shifts = [SHIFT.format(id=id, role="supporter") for id in ids] + [SHIFT.format(id="lead", role="lead")]
    path.write_text(text.replace("[[ladder.rungs]]", approved, 1) + "".join(shifts))
    return path


async def let_sign_in(folder: Path, definition: Path, store: str, ids: Sequence[str]) -> dict[str, str]:
    """Make the service, as its first start would, and a password for each of these people."""
    service = folder / "service"
    opened = await Helpline.open(
        read_definition(definition),
        data=service / "data",
        keys=service / "keys",
        clock=SystemClock(),
        store=store,
    )
    try:
        return {id: (await repassworded(opened, {"id": id}))["password"] for id in ids}
    finally:
        await opened.close()


def clock_off_by(seconds: int) -> dict[str, str]:
    """The environment of a process whose clock is so far off. The clock it counts seconds by stays right."""
    libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    assert libraries, "no libfaketime: apt-get install faketime"
    return {
        "LD_PRELOAD": str(libraries[0]),
        "FAKETIME": f"{seconds:+d}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


class Node(Server):
    """`helpline serve` behind the proxy at `origin`, with a clock that is so many seconds off."""

    def __init__(
        self, folder: Path, definition: Path, origin: str, store: str, bus: str, off: int = 0
    ) -> None:
        super().__init__(folder / "service", definition, store=store, bus=bus)
        self.log = folder / f"node-{self.port}.log"
        self._origin = origin
        self._clock = clock_off_by(off) if off else {}

    async def launch(self) -> None:
        where = ("--data", str(self.folder / "data"), "--keys", str(self.folder / "keys"))
        behind = ("--port", str(self.port), "--public-origin", self._origin, "--behind-proxy")
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "app.py", "serve", str(self.definition), *where, *behind),
                cwd=HOUSE,
                env=os.environ | {"HELPLINE_STORE": self.store, "HELPLINE_BUS": self.bus} | self._clock,
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def connected(self) -> int:
        """How many persons' sockets are open here."""
        async with aiohttp.ClientSession() as asking, asking.get(f"{self.url}/metrics") as answer:
            figures = await answer.text()
        (found,) = (
            line for line in figures.splitlines() if line.startswith('helpline_connected{place="person"}')
        )
        return int(float(found.split()[1]))


class Proxy(Engine):
    """Caddy with the file that is supplied. `url` is what browsers see."""

    def __init__(self, folder: Path, port: int, nodes: Sequence[int]) -> None:
        folder.mkdir(parents=True)
        self.authority = Authority(folder / "tls")
        self.log = folder / "caddy.log"
        self.url, self.port = f"https://localhost:{port}", port
        self.http, spare = free_ports(2)
        caddy = shutil.which("caddy")
        assert caddy, "no caddy: apt-get install caddy"
        environment = {
            "HELPLINE_SITE": "localhost",
            "HELPLINE_TLS": f"{self.authority.certificate} {self.authority.key}",
            "HELPLINE_NODES": " ".join(f"127.0.0.1:{port}" for port in nodes),
            "HELPLINE_AWAY": str(SUPPLIED),
            "HELPLINE_HTTPS_PORT": str(port),
            "HELPLINE_HTTP_PORT": str(self.http),
            "HELPLINE_SPARE_PORT": str(spare),
            "XDG_DATA_HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder),
        }
        command = ["env", *(f"{name}={value}" for name, value in environment.items())]
        self.process = started([*command, caddy, "run", "--config", str(SUPPLIED / "Caddyfile")], self.log)
        wait_for("Caddy serving", lambda: "serving initial configuration" in self.said, self.log)

    @property
    def said(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def browser(self, address: str = "127.0.0.1") -> aiohttp.ClientSession:
        """A client that asks from `address` and believes the test's own authority."""
        line = aiohttp.TCPConnector(ssl=self.authority.trust, local_addr=(address, 0))
        return aiohttp.ClientSession(self.url, connector=line)

    async def tried(
        self, name: str, password: str, address: str = "127.0.0.1", **headers: str
    ) -> tuple[int, str]:
        """Sign in from there. The status, and the cookies as a header."""
        async with self.browser(address) as browser:
            async with browser.get("/sign-in") as form:
                page = await form.text()
            csrf = page.split('name="csrf" value="', 1)[1].split('"', 1)[0]
            fields = {"csrf": csrf, "name": name, "password": password, "then": "/desk"}
            async with browser.post(
                "/sign-in",
                data=fields,
                allow_redirects=False,
                headers={"Origin": self.url, **headers},
            ) as answer:
                kept = [f"{cookie.key}={cookie.value}" for cookie in answer.cookies.values() if cookie.value]
                return answer.status, "; ".join(kept)
