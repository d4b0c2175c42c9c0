"""Who has a database open. A server without a bus must be the only one: it would not hear what another writes.

It holds the lease `alone` while it runs. Nodes that share a bus hold leases of their own, and shut it out as it shuts
them out. Times are the engine's.
"""

import asyncio
import os
import secrets
import socket
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import structlog

from helpline.errors import NotSaved, StoreBusy
from helpline.ports import Store
from helpline.stores.mongo_shape import Database, Fields
from helpline.stores.records import microseconds

log = structlog.get_logger()

ALONE = "alone"
PROCESS = "process"
LASTS = timedelta(seconds=15)
RENEW_EVERY = 4.0
LOOK_EVERY = 0.5
EXIT_NOT_ALONE = 70


class Ownership:
    """The lease of a server that is alone on `store`. Take it with `taken`, give it back with `given_up`."""

    def __init__(self, store: Store, database: Database) -> None:
        self._store, self._leases = store, database.leases
        self._holder = f"{PROCESS} {os.getpid()} on {socket.gethostname()} ({secrets.token_hex(4)})"
        self._renewing: asyncio.Task[None] | None = None

    async def taken(self) -> None:
        """Returns once nobody else has it. One that died on another machine holds it for `LASTS` at most.

        Raises `StoreBusy`, naming whoever goes on holding it.
        """
        until = asyncio.get_running_loop().time() + LASTS.total_seconds() + RENEW_EVERY
        while (other := await self._other()) is not None or not await self._held():
            if asyncio.get_running_loop().time() > until:
                raise StoreBusy(
                    f"The data is open elsewhere, by {other or 'another server'}. Stop that one first, or let both "
                    f"share a bus."
                )
            await asyncio.sleep(LOOK_EVERY)
        self._renewing = asyncio.create_task(self._renew())

    async def given_up(self) -> None:
        if self._renewing is None:
            return
        self._renewing.cancel()
        await asyncio.gather(self._renewing, return_exceptions=True)
        self._renewing = None
        with suppress(NotSaved):  # else it runs out
            now = await self._store.now()
            await self._store.lease(ALONE, self._holder, now, now)

    async def shared(self) -> None:
        """For a node with a bus: raises `StoreBusy` while a server that hears none has the data open."""
        other = await self._other()
        if other is not None and other.startswith(PROCESS):
            raise StoreBusy(
                f"{other} has the data open, and shares no bus. Stop it, and start it with --bus."
            )

    async def _other(self) -> str | None:
        """Whoever else has the data open, unless it was a process of this machine that is no more."""
        now = microseconds(await self._store.now())
        held: list[Fields] = await self._leases.find({"until": {"$gt": now}}).to_list()
        for lease in held:
            if lease["_id"] == ALONE and self._is_dead(lease["holder"]):
                await self._leases.delete_one({"_id": ALONE, "holder": lease["holder"]})
            elif lease["holder"] != self._holder:
                return str(lease["holder"]) if lease["_id"] == ALONE else f"the {lease['_id']}"
        return None

    def _is_dead(self, holder: str) -> bool:
        _, pid, _, host, *_ = holder.split()
        if host != socket.gethostname():
            return False
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False

    async def _held(self) -> bool:
        now = await self._store.now()
        return await self._store.lease(ALONE, self._holder, now + LASTS, now)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY)
            try:
                held = await self._held()
            except NotSaved:
                continue  # nor can anybody else take it meanwhile
            if not held:
                # Somebody else serves these people now, and this process would tell them old news.
                log.critical("the data is open elsewhere", exit_status=EXIT_NOT_ALONE)
                os._exit(EXIT_NOT_ALONE)


async def refuse_open(database: Database) -> None:
    """Raises `StoreBusy` when any server has the data open."""
    told = await database.client.admin.command("hello")
    now: datetime = told["localTime"]
    held = await database.leases.find_one({"until": {"$gt": microseconds(now.replace(tzinfo=UTC))}})
    if held is not None:
        raise StoreBusy(f"A server has the data open: {held['holder']}. Stop it first.")
