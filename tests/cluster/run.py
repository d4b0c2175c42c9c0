"""`make cluster`: three nodes of the demonstration over a real replica set and a real Redis, until Ctrl+C."""

import asyncio
import json
import signal
import tempfile
from pathlib import Path

from rich.console import Console

from app import DEMO
from tests.crash.server import Server
from tests.engines import Redis, ReplicaSet, database_in

NODES = 3
FIRST_PORT = 8080
PATIENCE = 15


async def start(running: list[Server], folder: Path, mongo: str, redis: str, say: Console) -> None:
    """Start the nodes into `running`. They share one folder for keys, and one MongoDB and one Redis."""
    for number in range(NODES):
        server = Server(
            folder / "service", DEMO, log=folder / f"node-{number + 1}.log", store=mongo, bus=redis
        )
        server.port = FIRST_PORT + number
        running.append(server)
        await server.start()
        say.print(f"node {number + 1} of {NODES}: process {server.pid}, port {server.port}")


def tell(folder: Path, running: list[Server], mongo: str, redis: str, say: Console) -> None:
    sign_ins: dict[str, str] = json.loads((folder / "service" / "sign-ins.json").read_text())
    say.print()
    for number, server in enumerate(running, start=1):
        at, board = f"http://localhost:{server.port}", f"http://127.0.0.1:{server.port}/board"
        say.print(f"node {number}   {at}/chat   {at}/desk   {board}   {at}/readyz")
    for name, where in (("MongoDB", mongo), ("Redis", redis), ("logs", str(folder))):
        say.print(f"{name:<8} {where}")
    say.print()
    say.print("   ".join(f"{id} {sign_ins[id]}" for id in ("dev", "ania", "jo")))
    say.print(
        "Write at one node, answer at another. Kill one (kill -9 PROCESS) and go on. Ctrl+C ends it all."
    )


async def end(server: Server) -> None:
    """Ctrl+C has reached the engines too, so a node may not be able to end as it should."""
    server.send(signal.SIGTERM)
    try:
        async with asyncio.timeout(PATIENCE):
            await server.ended()
    except TimeoutError:
        await server.kill()


async def main() -> None:
    say = Console(highlight=False, soft_wrap=True)
    ended = asyncio.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(one, ended.set)
    with tempfile.TemporaryDirectory(prefix="helpline-cluster-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        say.print("Starting a replica set of three and Redis …")
        replica_set = ReplicaSet(folder / "mongodb")
        redis, running = Redis(folder / "redis"), list[Server]()
        try:
            mongo = database_in(replica_set.address, "helpline")
            await start(running, folder, mongo, redis.address, say)
            tell(folder, running, mongo, redis.address, say)
            await ended.wait()
        finally:
            await asyncio.gather(*(end(server) for server in running if server.running))
            redis.close()
            replica_set.close()


if __name__ == "__main__":
    asyncio.run(main())
