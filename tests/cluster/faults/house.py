"""Everything the storm goes over, as real processes: three nodes, a replica set of three, Redis, and links between all."""

import asyncio
import subprocess
import time
from contextlib import AsyncExitStack, ExitStack, suppress
from pathlib import Path

import aiohttp
import msgspec
from pymongo.errors import PyMongoError

from helpline.commands.demo import SIGN_INS
from helpline.commands.workers import MARK
from tests.cluster.faults.links import Links
from tests.crash.evening import PERSON
from tests.crash.server import Driver, Server
from tests.engines import Member, Redis, ReplicaSet, database_in, free_ports, place_of

NODES = ("node 1", "node 2", "node 3")
MEMBERS = ("member 1", "member 2", "member 3")
REDIS = "redis"
SERVICE = Path(__file__).with_name("service.toml")
STORM = Path(__file__).with_name("storm.mjs")
FAKE_TIME = (
    Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"),
    Path("/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1"),
)
FAKE_TIME_SECONDS = 1
"""After so long at most a node has the time it is told to have."""
SILENCE_MS = 4_000
"""After so long without the primary MongoDB elects another; 10 s as shipped. Shorter, a busy machine is a fault."""
NODES_DISK_MB = 128
MEMBERS_DISK_MB = 1_500
PATIENCE = 600.0
WELL_WITHIN = 120.0


class Ready(msgspec.Struct, frozen=True):
    """What a node says of itself."""

    ready: bool
    dispatches: bool = False
    trouble: str = ""
    bus: str = ""
    clock_off_seconds: float = 0.0


class Disk:
    """A small disk of its own, which can be filled and emptied again. Mounting needs root."""

    def __init__(self, place: Path, megabytes: int) -> None:
        self.place, self._ballast = place, place / "ballast"
        place.mkdir(parents=True, exist_ok=True)
        options = ["-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs"]
        mounted = subprocess.run(["mount", *options, place], capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            raise PermissionError(f"mounting a small disk, to fill it, was refused: {mounted.stderr}")

    def fill(self) -> None:
        """Until it takes no byte more."""
        with self._ballast.open("wb", buffering=0) as file:
            for piece in (1024 * 1024, 4096, 1):
                with suppress(OSError):
                    while True:
                        file.write(bytes(piece))

    def empty(self) -> None:
        self._ballast.unlink(missing_ok=True)

    def gone(self) -> None:
        subprocess.run(["umount", "--lazy", self.place], check=False)


class Node(Server):
    """One node, whose clock can be put wrong while it runs. The clock it counts seconds by stays right."""

    def __init__(
        self, name: str, beside: Path, folder: Path, definition: Path, mongo: str, redis: str
    ) -> None:
        file = name.replace(" ", "-")
        self.name, self._off = name, beside / f"{file}.clock"
        self._off.write_text("+0")
        library = next((str(one) for one in FAKE_TIME if one.exists()), "")
        environment = {
            "LD_PRELOAD": library,
            "FAKETIME_TIMESTAMP_FILE": str(self._off),
            "FAKETIME_CACHE_DURATION": str(FAKE_TIME_SECONDS),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        super().__init__(
            folder,
            definition,
            log=beside / f"{file}.log",
            store=mongo,
            bus=redis,
            environment=environment if library else {},
        )
        self.can_be_wrong = bool(library)

    async def launch(self) -> None:
        # Passwords were made and told by whichever node came first; a worker is a node that begins after that.
        if (self.folder / SIGN_INS).exists():
            self.environment[MARK] = "1"
        await super().launch()

    def off_by(self, seconds: float) -> None:
        """From within a second on its clock is so far ahead."""
        fresh = self._off.with_suffix(".new")
        fresh.write_text(f"{seconds:+g}")
        fresh.rename(self._off)

    async def says(self) -> Ready | None:
        """How it is; None while it does not answer within two seconds."""
        with suppress(aiohttp.ClientError, TimeoutError):
            async with (
                asyncio.timeout(2),
                aiohttp.ClientSession() as asking,
                asking.get(f"{self.url}/readyz") as answer,
            ):
                return msgspec.json.decode(await answer.read(), type=Ready)
        return None


class House:
    """`async with House(folder, nodes=3) as house`: all of it runs and nobody is there yet."""

    def __init__(self, folder: Path, nodes: int = len(NODES), *, disks: bool = True) -> None:
        self.folder, self._names, self._with_disks = folder, NODES[:nodes], disks
        self.links = Links()
        self.nodes: dict[str, Node] = {}
        self.disks: dict[str, Disk] = {}
        self.url = ""
        self.ended: list[str] = []
        self._ending = AsyncExitStack()

    async def __aenter__(self) -> "House":
        try:
            await self._opened()
        except BaseException:
            await self._ending.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._ending.aclose()

    async def _opened(self) -> None:
        ending = ExitStack()
        self._ending.push(lambda *_: ending.__exit__(None, None, None))
        await self._ending.enter_async_context(self.links)
        self.redis = Redis(self.folder / "redis")
        ending.callback(self.redis.close)
        self._bus = f"redis://127.0.0.1:{await self.links.before(REDIS, self.redis.port)}/0"
        ports = free_ports(len(MEMBERS))
        reached = [await self.links.before(name, port) for name, port in zip(MEMBERS, ports, strict=True)]
        members = self.folder / "members"
        if self._with_disks:
            self._disk(ending, MEMBERS[-1], place_of(members, ports[-1]), MEMBERS_DISK_MB)
            self._disk(ending, "nodes", self.folder / "disk", NODES_DISK_MB)
        self.replica_set = await asyncio.to_thread(
            ReplicaSet, members, len(MEMBERS), ports, reached, SILENCE_MS
        )
        ending.callback(self.replica_set.close)
        ending.callback(self._thawed)
        for name, member in self.members.items():
            await self.links.known(name, member.process.pid)
        self.mongo = database_in(self.replica_set.address, "night")
        self.driver = await Driver.launch(STORM)
        self._ending.push_async_callback(self.driver.close)

    def _disk(self, ending: ExitStack, name: str, place: Path, megabytes: int) -> None:
        disk = self.disks[name] = Disk(place, megabytes)
        ending.callback(disk.gone)

    def _thawed(self) -> None:
        self.redis.thaw()
        for member in self.replica_set.members:
            member.thaw()

    @property
    def members(self) -> dict[str, Member]:
        return dict(zip(MEMBERS, self.replica_set.members, strict=True))

    # -- the nodes -------------------------------------------------------------------------------------------------

    async def open_nodes(self, supporters: int) -> None:
        """Start the nodes one after the other, on the folder and keys that nodes of one machine share."""
        definition = self._definition(supporters)
        folder = (self.disks["nodes"].place if "nodes" in self.disks else self.folder) / "service"
        for name in self._names:
            node = self.nodes[name] = Node(name, self.folder, folder, definition, self.mongo, self._bus)
            self._ending.push_async_callback(node.kill)
            await self.start(name)
        ports = {name: node.port for name, node in self.nodes.items()}
        self.url = f"http://127.0.0.1:{await self.links.before_nodes(ports)}"

    def _definition(self, supporters: int) -> Path:
        people = [
            PERSON.format(id=f"s{number}", role="supporter", language="en") for number in range(supporters)
        ]
        people.append(PERSON.format(id="lead", role="lead", language="en"))
        path = self.folder / "service.toml"
        path.write_text(SERVICE.read_text() + "".join(people))
        return path

    async def start(self, name: str) -> None:
        """Start a node, also one that was killed; returns once it is ready.

        One that found no MongoDB and ended is started again, as whatever looks after a service would.
        """
        node = self.nodes[name]
        async with asyncio.timeout(PATIENCE):
            while (says := await node.says()) is None or not says.ready:
                if node.process is None or not node.running:
                    await node.launch()
                    await self.links.known(name, node.pid)
                await asyncio.sleep(0.1)

    async def acting(self) -> str:
        """The name of the node that dispatches, once there is one."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for name, node in self.nodes.items():
                    if (says := await node.says()) is not None and says.dispatches:
                        return name
                await asyncio.sleep(0.2)

    async def following(self) -> str:
        """The name of a node that does not dispatch."""
        acting = await self.acting()
        return next(name for name in self.nodes if name != acting)

    async def well(self) -> None:
        """Returns once every node is ready, hears the others as far as Redis lives, and MongoDB is whole.

        A node that ended by itself is started again, as whatever looks after a service would; `ended` names it.
        """
        await asyncio.to_thread(self.replica_set.whole)
        until = time.monotonic() + WELL_WITHIN
        while not await self._all_ready():
            if time.monotonic() > until:
                says = {name: await node.says() for name, node in self.nodes.items()}
                raise TimeoutError(f"not well within {WELL_WITHIN:.0f} s: {says}")
            await asyncio.sleep(0.2)

    async def _all_ready(self) -> bool:
        heard = "heard" if self.redis.process.poll() is None else "silent"
        for name, node in self.nodes.items():
            if not node.running:
                self.ended.append(name)
                await self.start(name)
        says = [await node.says() for node in self.nodes.values()]
        return all(one is not None and one.ready and one.bus == heard for one in says)

    async def signed_in(self, name: str) -> str:
        """A cookie of this account."""
        return await next(iter(self.nodes.values())).sign_in(name)

    # -- the engines -----------------------------------------------------------------------------------------------

    async def primary(self) -> str:
        """The name of the member that takes writes."""
        primary = await asyncio.to_thread(self.replica_set.primary)
        return next(name for name, member in self.members.items() if member is primary)

    async def lead_with(self, name: str) -> None:
        """Have this member take the writes."""
        while await self.primary() != name:
            with suppress(PyMongoError):
                await asyncio.to_thread(self.members[name].ask, "replSetStepUp", timeout_ms=10_000)
            await asyncio.sleep(0.2)

    async def revive(self, name: str) -> None:
        """Start a member anew that was killed, or died."""
        member = self.members[name]
        await asyncio.to_thread(member.kill)
        member.revive()
        await self.links.known(name, member.process.pid)
