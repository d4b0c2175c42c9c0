"""Keys in a MongoDB of their own, so that nodes on several machines share them. The service key stays a file at each.

The keys of a log are one document, `{_id: log, classes: {class: wrapped}}`. Whoever comes first makes them, and whoever
comes later gets the same. A class that was destroyed is taken out of it, and the document stays.
"""

import asyncio
import uuid
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import structlog
from pymongo import ReturnDocument
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern

from helpline.errors import KeyMissing, NotSaved, StoreFull
from helpline.keyring import Keyring, Wrapped
from helpline.service_key import SERVICE_KEY, KeyUnfit, ServiceKey, missing_service_key
from helpline.stores.addresses import shown
from helpline.stores.mongo_horizon import Horizon
from helpline.stores.mongo_questions import Questions, seen_through
from helpline.stores.mongo_shape import (
    DUPLICATE_KEY,
    KEYS,
    OUT_OF_DISK_SPACE,
    RING,
    Client,
    Database,
    Fields,
    StoreElsewhere,
    connected,
    is_replicated,
    refusal,
)
from helpline.stores.owner import make_folder
from helpline.stores.records import Bounds

log = structlog.get_logger()

AT_ONCE = 500
PAGE = 1_000
_PAUSE = 0.05
_ANSWERS_WITHIN = 2.0


async def ever_filled(address: str) -> bool:
    """Whether there are keys at `address`. Raises `StoreElsewhere` when nobody answers."""
    client, database = connected(address, Bounds().wait_seconds, KEYS)
    try:
        return await database.meta.find_one({"_id": RING}) is not None
    except PyMongoError as away:
        raise StoreElsewhere(f"{shown(address)} cannot be reached: {away}") from None
    finally:
        await client.close()


class _Job:
    __slots__ = ("answer", "log", "wrapped")

    def __init__(
        self, log: str, wrapped: Mapping[str, bytes], answer: "asyncio.Future[dict[str, bytes]]"
    ) -> None:
        self.log, self.wrapped, self.answer = log, wrapped, answer


class MongoKeys(Keyring):
    """`ports.Keys` on a MongoDB database. Open it with `MongoKeys.open`. What it does not answer is `NotSaved`."""

    def __init__(
        self,
        client: Client,
        database: Database,
        service_key: ServiceKey,
        ring: str,
        shown: str,
        bounds: Bounds,
        hosts: frozenset[str],
    ) -> None:
        super().__init__(service_key, ring, shown)
        self._client, self._database, self._keys = client, database, database["keys"]
        self._bounds, self._horizon, self.questions = bounds, Horizon(client), Questions()
        self._waiting: deque[_Job] = deque()
        self._writing: asyncio.Task[None] | None = None
        self.hosts = hosts

    @classmethod
    async def open(
        cls, address: str, folder: Path, *, data_exists: bool, bounds: Bounds | None = None
    ) -> "MongoKeys":
        """Connect, and read the service key in `folder`; make one only where there are neither keys nor any data.

        Raises `StoreElsewhere`, `KeyMissing` and `KeyUnfit` with the mend.
        """
        bounds = bounds or Bounds()
        client, database = connected(address, bounds.wait_seconds, KEYS)
        where = shown(address)
        try:
            hosts = await is_replicated(database, where)
            service_key, ring = await _opened(database, where, folder / SERVICE_KEY, data_exists)
        except OperationFailure as refused:
            await client.close()
            raise StoreElsewhere(f"{where} refuses: {refused.details or refused}") from None
        except PyMongoError as away:
            await client.close()
            raise StoreElsewhere(f"{where} cannot be reached: {away}") from None
        except BaseException:
            await client.close()
            raise
        try:
            return cls(client, database, service_key, ring, where, bounds, hosts)
        except BaseException:
            await client.close()
            raise

    # -- making ------------------------------------------------------------------------------------------------------

    async def _put(self, log: str, wrapped: Mapping[str, bytes]) -> dict[str, bytes]:
        job = _Job(log, wrapped, asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        try:
            async with asyncio.timeout(self._bounds.wait_seconds):
                return await job.answer
        except TimeoutError as late:
            raise NotSaved from late

    async def _write_all(self) -> None:
        """One command at a time. Whoever comes meanwhile goes together with the next."""
        try:
            await asyncio.sleep(0)  # all who came in this turn of the loop
            while batch := self._next_batch():
                await self._write(batch)
        finally:
            self._writing = None

    def _next_batch(self) -> list[_Job]:
        batch: dict[str, _Job] = {}
        later: list[_Job] = []
        while self._waiting and len(batch) < AT_ONCE:
            job = self._waiting.popleft()
            if job.answer.done():
                continue  # nobody waits for it any more
            if batch.setdefault(job.log, job) is not job:
                later.append(job)
        self._waiting.extendleft(reversed(later))
        return list(batch.values())

    async def _write(self, batch: list[_Job]) -> None:
        """Until each has its answer. To send the same again is harmless: what is there already is what counts."""
        left: list[_Job] = batch
        outcome: Exception = NotSaved()
        try:
            async with asyncio.timeout(self._bounds.wait_seconds):
                while left:
                    try:
                        async with self._horizon.session() as session:
                            left = await self._tried(left, session)
                    except PyMongoError as error:
                        outcome = refusal(error)
                        if isinstance(outcome, StoreFull):
                            break
                        log.warning("the key store did not confirm, trying again", error=type(error).__name__)
                    if left:
                        await asyncio.sleep(_PAUSE)
        except TimeoutError:
            log.warning("the key store did not confirm in time")
        except Exception as error:  # noqa: BLE001 (a mistake of ours: whoever waits is told, and nobody hangs)
            outcome = error
        for job in left:
            if not job.answer.done():
                job.answer.set_exception(outcome)

    async def _tried(self, batch: list[_Job], session: AsyncClientSession) -> list[_Job]:
        """Whoever is not settled yet."""
        there: set[int] = set()
        try:
            await self._keys.insert_many(
                [{"_id": job.log, "classes": dict(job.wrapped)} for job in batch],
                ordered=False,
                session=session,
            )
        except BulkWriteError as error:
            details = error.details or {}
            refused = {each["index"]: each["code"] for each in details.get("writeErrors", ())}
            if OUT_OF_DISK_SPACE in refused.values():
                raise OperationFailure("no room", OUT_OF_DISK_SPACE) from error
            if details.get("writeConcernErrors") or set(refused.values()) - {DUPLICATE_KEY}:
                raise
            there = set(refused)
        for n, job in enumerate(batch):
            if n not in there:
                _settle(job, dict(job.wrapped))
        return await self._joined([batch[n] for n in sorted(there)], session) if there else []

    async def _joined(self, batch: list[_Job], session: AsyncClientSession) -> list[_Job]:
        """Of logs that have a document: what a majority has of it, and what is missing put in."""
        found = {
            fields["_id"]: fields["classes"]
            async for fields in self._keys.find({"_id": {"$in": [job.log for job in batch]}}, session=session)
        }
        unsettled = []
        for job in batch:
            held = found.get(job.log)
            if held is not None and job.wrapped.keys() - held.keys():
                held = await self._completed(job, session)
            if held is None:
                unsettled.append(job)  # it is on one disk, but not yet on most
            else:
                _settle(job, held)
        return unsettled

    async def _completed(self, job: _Job, session: AsyncClientSession) -> dict[str, bytes] | None:
        first: Fields = {
            f"classes.{name}": {"$ifNull": [f"$classes.{name}", wrapped]}
            for name, wrapped in job.wrapped.items()
        }
        fields = await self._keys.find_one_and_update(
            {"_id": job.log}, [{"$set": first}], return_document=ReturnDocument.AFTER, session=session
        )
        return None if fields is None else fields["classes"]

    # -- the rest of the place ---------------------------------------------------------------------------------------

    async def answering(self) -> bool:
        with suppress(NotSaved):
            return await self._confirms()
        return False

    @seen_through
    async def _confirms(self) -> bool:
        """It changes nothing, and is confirmed by a majority like any key."""
        try:
            async with asyncio.timeout(_ANSWERS_WITHIN):
                await self._name(self.ring)
        except (TimeoutError, PyMongoError):
            return False
        return True

    @seen_through
    async def _of(self, log: str) -> dict[str, bytes]:
        try:
            async with asyncio.timeout(self._bounds.wait_seconds), self._horizon.session() as session:
                fields = await self._keys.find_one({"_id": log}, session=session)
        except TimeoutError as late:
            raise NotSaved from late
        except PyMongoError as error:
            raise refusal(error) from error
        return {} if fields is None else fields["classes"]

    @seen_through
    async def _overwrite(self, log: str, classes: Sequence[str]) -> None:
        out: Fields = {"$unset": {f"classes.{name}": "" for name in classes}}
        if not classes:
            return
        try:
            async with asyncio.timeout(self._bounds.wait_seconds):
                # Again until it is sure: taken out twice is taken out.
                while True:
                    try:
                        async with self._horizon.session() as session:
                            await self._keys.update_one({"_id": log}, out, session=session)
                            return
                    except PyMongoError as error:
                        structlog.get_logger().warning(
                            "the key store did not confirm, trying again", error=type(error).__name__
                        )
                        await asyncio.sleep(_PAUSE)
        except TimeoutError as late:
            raise NotSaved from late

    async def _hang_up(self) -> None:
        if self._writing is not None:
            await asyncio.wait((self._writing,))
        await self.questions.settled()
        await self._client.close()

    async def pages(self) -> AsyncIterator[list[Wrapped]]:
        page: list[Wrapped] = []
        async with self._keys.find({}, sort=[("_id", 1)], batch_size=PAGE) as found:
            async for fields in found:
                page.append(Wrapped(fields["_id"], fields["classes"]))
                if len(page) == PAGE:
                    yield page
                    page = []
        if page:
            yield page

    async def count(self) -> int:
        return await self._keys.estimated_document_count()

    async def remembers_since(self) -> datetime | None:
        """How far back the engine's own log of changes reaches: a key destroyed since then is still to be found there.

        None where this account may not look.
        """
        oplog = self._client["local"].get_collection("oplog.rs", read_concern=ReadConcern("local"))
        try:
            oldest = await oplog.find_one({}, {"wall": 1}, sort=[("$natural", 1)])
        except OperationFailure:
            return None
        return None if oldest is None else oldest["wall"].replace(tzinfo=UTC)

    async def knows(self, log: str) -> bool:
        return await self._keys.find_one({"_id": log}, {"_id": 1}) is not None

    async def _name(self, ring: str) -> None:
        await self._database.meta.update_one({"_id": RING}, {"$set": {"value": ring}})

    async def fill(self, page: Sequence[Wrapped]) -> None:
        await self._keys.insert_many(
            [
                {
                    "_id": one.log,
                    "classes": {name: wrapped for name, wrapped in one.classes.items() if wrapped},
                }
                for one in page
            ],
            ordered=False,
        )


def _settle(job: _Job, held: dict[str, bytes]) -> None:
    if not job.answer.done():
        job.answer.set_result(held)


async def _opened(database: Database, where: str, path: Path, data_exists: bool) -> tuple[ServiceKey, str]:
    known = await database.meta.find_one({"_id": RING})
    if await database.meta.find_one({"_id": "epoch"}) is not None:
        raise StoreElsewhere(
            f"{KEYS} {where} holds the data of a service. Keys never lie beside the data: give them a MongoDB of "
            f"their own, or at least a database of their own."
        )
    first_node = f"copy {SERVICE_KEY} from the node that started first to {path} (mode 0600)."
    if known is not None and not await asyncio.to_thread(path.exists):
        raise KeyMissing(
            f"{path} is missing, and {where} belongs to one. Every node needs the same: {first_node}"
        )
    service_key, made = await asyncio.to_thread(_read_or_made, path, data_exists)
    if data_exists and known is None:
        raise KeyMissing(
            f"{where} holds no keys, and the data cannot be read without them. Bring them there with helpline keys "
            f"restore, from a backup of the keys; or is {KEYS} another one?"
        )
    ring: Fields | None = None
    while ring is None:  # two may come first together, and the other's be not yet with a majority
        with suppress(DuplicateKeyError):
            first = {"service_key": service_key.id, "value": uuid.uuid4().hex}
            await database.meta.update_one({"_id": RING}, {"$setOnInsert": first}, upsert=True)
        ring = await database.meta.find_one({"_id": RING})
    if ring["service_key"] != service_key.id:
        if made:
            await asyncio.to_thread(path.unlink)
        raise KeyUnfit(
            f"{where} belongs to the service key {ring['service_key']}, but {path} holds {service_key.id}. Every node "
            f"needs the same: {first_node}"
            + (" What this start had made there was taken away again." if made else "")
        )
    return service_key, ring["value"]


def _read_or_made(path: Path, must_exist: bool) -> tuple[ServiceKey, bool]:
    """The service key, and whether it was made just now. Raises `KeyMissing`."""
    made = False
    if not path.exists():
        if must_exist:
            raise missing_service_key(path)
        make_folder(path.parent)
        made = ServiceKey.make(path)
    return ServiceKey.read(path), made
