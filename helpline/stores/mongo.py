"""The store on many machines: one MongoDB replica set. Nothing is acknowledged before a majority has it on its disks."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from bson import MaxKey, MinKey
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError, PyMongoError

from helpline.errors import Conflict, NotSaved
from helpline.ports import AuditEntry, Clock, Document, Head, Record
from helpline.stores.addresses import shown
from helpline.stores.audit_chain import BEGINNING, link_after
from helpline.stores.mongo_appends import MongoAppends
from helpline.stores.mongo_horizon import Horizon
from helpline.stores.mongo_owner import Ownership
from helpline.stores.mongo_questions import Questions, seen_through
from helpline.stores.mongo_shape import (
    Client,
    Database,
    Fields,
    StoreElsewhere,
    connected,
    head_of,
    look_over,
    record_of,
    refusal,
    whole_log,
)
from helpline.stores.moved import MOVED_TO, MOVING_FROM, refuse_moved
from helpline.stores.records import BELONGS_TO, Bounds, check_record, microseconds

LOGS_AT_ONCE = 1_000


async def ever_opened(address: str) -> bool:
    """Whether the database at `address` was opened as a store before. Raises `StoreElsewhere` when nobody answers."""
    client, database = connected(address, Bounds().wait_seconds)
    try:
        return await database.meta.find_one({"_id": "epoch"}) is not None
    except PyMongoError as away:
        raise StoreElsewhere(f"{shown(address)} cannot be reached: {away}") from None
    finally:
        await client.close()


class MongoStore:
    """`ports.Store` on a MongoDB database. Open it with `MongoStore.open`.

    As with the other stores, records come back from `read` without their claims and heads. What the engine does not
    answer within the bounds' `wait_seconds` is `NotSaved`, reads included.
    """

    def __init__(self, client: Client, database: Database, bounds: Bounds, epoch: str) -> None:
        self._client, self._database, self._bounds = client, database, bounds
        self._epoch = epoch
        self.questions = Questions()
        self._horizon = Horizon(client)
        self.owner = Ownership(self, database)
        self._appends = MongoAppends(database, self._horizon, bounds)
        # One at a time from here; other processes are met by the engine.
        self._numbering = asyncio.Lock()
        self._chaining = asyncio.Lock()
        self._closed = False

    @classmethod
    async def open(
        cls, address: str, clock: Clock, *, bounds: Bounds | None = None, alone: bool = False
    ) -> "MongoStore":
        """Connect, make what is missing and look over what is there. Raises `StoreElsewhere`.

        `alone`: there is no bus to hear others by, so `StoreBusy` while anybody else has the data open.
        """
        bounds = bounds or Bounds()
        client, database = connected(address, bounds.wait_seconds)
        try:
            await look_over(database, address)
            meta = {each["_id"]: each["value"] async for each in database.meta.find()}
            refuse_moved(shown(address), meta.get(MOVED_TO, ""), meta.get(MOVING_FROM, ""))
            meta = {each["_id"]: each["value"] async for each in database.meta.find()}
            refuse_moved(shown(address), meta.get(MOVED_TO, ""), meta.get(MOVING_FROM, ""))
            made = {"value": uuid.uuid4().hex, "created_at": clock.now().isoformat()}
            await database.meta.update_one({"_id": "epoch"}, {"$setOnInsert": made}, upsert=True)
            epoch = await database.meta.find_one({"_id": "epoch"}) or made
        except BaseException:
            await client.close()
            raise
        store = cls(client, database, bounds, epoch["value"])
        try:
            await (store.owner.taken() if alone else store.owner.shared())
        except BaseException:
            await store.close()
            raise
        return store

    @property
    def epoch(self) -> str:
        return self._epoch

    @property
    def ready(self) -> bool:
        return self._appends.ready and not self._closed

    @seen_through
    async def now(self) -> datetime:
        async with self._asked():
            said = await self._client.admin.command("hello")
        told: datetime = said["localTime"]
        return told.replace(tzinfo=UTC) if told.tzinfo is None else told

    async def belong_to(self, keys: str) -> str:
        async with self._asked() as session:
            with suppress(DuplicateKeyError):  # two said so first together
                await self._database.meta.update_one(
                    {"_id": BELONGS_TO}, {"$setOnInsert": {"value": keys}}, upsert=True, session=session
                )
            said = await self._database.meta.find_one({"_id": BELONGS_TO}, session=session) or {}
        belongs: str = said["value"]
        return belongs

    # -- logs ------------------------------------------------------------------------------------------------------

    async def append(self, record: Record) -> None:
        check_record(record)
        if self._closed:
            raise NotSaved
        await self._appends.submit(record)

    @seen_through
    async def read(self, log: str, after: int = 0, limit: int = 1_000_000) -> list[Record]:
        async with self._asked() as session:
            begin = None
            if after:
                # The record that holds seq `after` + 1 may begin earlier; nothing before that one is looked at.
                within = {
                    "$gte": {"log": log, "first_seq": MinKey()},
                    "$lte": {"log": log, "first_seq": after + 1},
                }
                first = await self._database.records.find_one(
                    {"_id": within}, {"_id": 1}, sort=[("_id", -1)], session=session
                )
                begin = first["_id"]["first_seq"] if first is not None else None
            found: list[Record] = []
            async for fields in self._database.records.find(
                {"_id": whole_log(log, begin)},
                {"count": 1, "body": 1},
                sort=[("_id", 1)],
                limit=limit + 1,
                session=session,
            ):
                record = record_of(fields)
                if record.last_seq > after:
                    found.append(record)
            return found[:limit]

    @seen_through
    async def find(self, claim: bytes) -> tuple[str, int] | None:
        async with self._asked() as session:
            held = await self._database.records.find_one(
                {"claims.claim": claim}, {"claims.$": 1}, session=session
            )
            return None if held is None else (held["_id"]["log"], held["claims"][0]["seq"])

    @seen_through
    async def release(self, log: str, claims: Sequence[bytes]) -> None:
        async with self._asked() as session:
            # One by one, because only the change of one document is sent again when its answer got lost.
            for claim in claims:
                await self._database.records.update_one(
                    {"claims.claim": claim, "_id.log": log},
                    {"$pull": {"claims": {"claim": claim}}},
                    session=session,
                )

    @seen_through
    async def heads(self) -> list[Head]:
        async with self._asked() as session:
            marked = await self._database.logs.find({"live": True}, {"_id": 1}, session=session).to_list()
            heads = await self._heads_of([each["_id"] for each in marked], session)
        return sorted(
            (head for head in heads.values() if head.live), key=lambda head: (head.opened_at, head.log)
        )

    @seen_through
    async def grown(self, logs: Mapping[str, int]) -> list[str]:
        wanted = list(logs.items())
        found: list[str] = []
        async with self._asked() as session:
            for start in range(0, len(wanted), LOGS_AT_ONCE):
                later = [
                    {
                        "_id": {
                            "$gt": {"log": log, "first_seq": seq},
                            "$lt": {"log": log, "first_seq": MaxKey()},
                        }
                    }
                    for log, seq in wanted[start : start + LOGS_AT_ONCE]
                ]
                there = self._database.records.find({"$or": later}, {"_id": 1}, session=session)
                found += [fields["_id"]["log"] async for fields in there]
        return list(dict.fromkeys(found))

    @seen_through
    async def logs(self, prefix: str, since: datetime, until: datetime, limit: int = 10_000) -> list[Head]:
        opened: Fields = {"opened_at": {"$gte": microseconds(since), "$lt": microseconds(until)}}
        if prefix:
            opened["_id"] = {"$gte": prefix, "$lt": prefix[:-1] + chr(ord(prefix[-1]) + 1)}
        async with self._asked() as session:
            found = await self._database.logs.find(
                opened, {"_id": 1}, sort=[("opened_at", -1), ("_id", -1)], limit=limit, session=session
            ).to_list()
            names = [each["_id"] for each in found]
            heads = await self._heads_of(names, session)
        return [heads[name] for name in names if name in heads]

    async def _heads_of(self, logs: Sequence[str], session: AsyncClientSession) -> dict[str, Head]:
        """The newest head of each of `logs` that has one, from the records, which alone are to be believed."""
        heads: dict[str, Head] = {}
        for start in range(0, len(logs), LOGS_AT_ONCE):
            pipeline: list[Fields] = [
                {
                    "$match": {
                        "_id.log": {"$in": logs[start : start + LOGS_AT_ONCE]},
                        "head": {"$exists": True},
                    }
                },
                {"$sort": {"_id.log": 1, "_id.first_seq": -1}},
                {"$group": {"_id": "$_id.log", "head": {"$first": "$head"}}},
            ]
            async for fields in await self._database.records.aggregate(pipeline, session=session):
                heads[fields["_id"]] = head_of(fields["_id"], fields["head"])
        return heads

    # -- documents -------------------------------------------------------------------------------------------------

    @seen_through
    async def put(self, kind: str, id: str, body: bytes, expected: int, *, gone: bool = False) -> Document:
        where = {"_id": {"kind": kind, "id": id}}

        async def written(session: AsyncClientSession) -> Document | None:
            # First the number: whoever else is about to change a document is met here, so numbers rise as they are
            # committed and a reader of what changed since a number misses nothing.
            await self._database.meta.update_one(
                {"_id": "change"}, {"$inc": {"value": 1}}, upsert=True, session=session
            )
            counted = await self._database.meta.find_one({"_id": "change"}, session=session) or {}
            held = await self._database.documents.find_one(where, {"version": 1}, session=session)
            if (held["version"] if held is not None else 0) != expected:
                # Committed all the same: the number is of no use to anybody, but once a majority has it, it has the
                # version that stands in the way as well. A primary cut off from the others knows versions nobody keeps.
                return None
            document = Document(kind, id, expected + 1, counted["value"], body, gone)
            fields = {"version": document.version, "change": document.change, "gone": gone, "body": body}
            await self._database.documents.replace_one(where, fields, upsert=True, session=session)
            return document

        async with self._asked() as session, self._numbering:
            document = await session.with_transaction(written)
        if document is None:
            raise Conflict
        return document

    @seen_through
    async def get(self, kind: str, id: str) -> Document | None:
        async with self._asked() as session:
            fields = await self._database.documents.find_one(
                {"_id": {"kind": kind, "id": id}}, session=session
            )
            return None if fields is None else _document(fields)

    @seen_through
    async def all(self, kind: str) -> list[Document]:
        of_the_kind = {"$gte": {"kind": kind, "id": MinKey()}, "$lte": {"kind": kind, "id": MaxKey()}}
        async with self._asked() as session:
            found = self._database.documents.find({"_id": of_the_kind}, sort=[("_id", 1)], session=session)
            return [_document(fields) async for fields in found]

    @seen_through
    async def drop(self, kind: str, ids: Sequence[str]) -> None:
        async with self._asked() as session:
            for id_ in ids:
                await self._database.documents.delete_one({"_id": {"kind": kind, "id": id_}}, session=session)

    # -- audit, facts, leases --------------------------------------------------------------------------------------

    @seen_through
    async def audit(self, body: bytes) -> AuditEntry:
        mark = uuid.uuid4().bytes
        audit = self._database.audit
        async with self._asked() as session, self._chaining:
            while True:
                last = await audit.find_one({}, sort=[("_id", -1)], session=session)
                n, link = (last["_id"], last["link"]) if last is not None else (0, BEGINNING)
                entry = AuditEntry(n + 1, body, link_after(link, n + 1, body))
                try:
                    await audit.insert_one(
                        {"_id": entry.n, "body": body, "link": entry.link, "mark": mark}, session=session
                    )
                except DuplicateKeyError:
                    there = await audit.find_one({"_id": entry.n}, {"mark": 1}, session=session)
                    if there is None or there["mark"] != mark:
                        continue
                return entry

    @seen_through
    async def audit_entries(self, after: int = 0, limit: int = 1_000) -> list[AuditEntry]:
        async with self._asked() as session:
            found = self._database.audit.find(
                {"_id": {"$gt": after}}, sort=[("_id", 1)], limit=limit, session=session
            )
            return [AuditEntry(fields["_id"], fields["body"], fields["link"]) async for fields in found]

    @seen_through
    async def keep_facts(self, log: str, definition: int, at: datetime, body: bytes) -> None:
        """A log has one set of facts: the latest written under the newest definition. An older one is not kept."""
        facts = {"definition": definition, "at": microseconds(at), "body": body}
        newest = {"_id": log, "definition": {"$lte": definition}}
        async with self._asked() as session:
            for _ in range(2):  # the second time when two came first together
                try:
                    await self._database.facts.update_one(
                        newest, {"$set": facts}, upsert=True, session=session
                    )
                    return
                except DuplicateKeyError:
                    continue  # there are facts already, of a newer definition unless they have just come

    @seen_through
    async def facts(self, since: datetime, until: datetime) -> list[bytes]:
        """The facts of each log whose `at` lies in [since, until), in order of time."""
        within = {"at": {"$gte": microseconds(since), "$lt": microseconds(until)}}
        async with self._asked() as session:
            found = self._database.facts.find(
                within, {"body": 1}, sort=[("at", 1), ("_id", 1)], session=session
            )
            return [fields["body"] async for fields in found]

    @seen_through
    async def lease(self, name: str, holder: str, until: datetime, now: datetime) -> bool:
        free = [{"holder": holder}, {"until": {"$lte": microseconds(now)}}]
        async with self._asked() as session:
            try:
                await self._database.leases.update_one(
                    {"_id": name, "$or": free},
                    {"$set": {"holder": holder, "until": microseconds(until)}},
                    upsert=True,
                    session=session,
                )
            except DuplicateKeyError:
                return False
            return True

    async def close(self) -> None:
        """Write what waits, then hang up. Closing twice is harmless."""
        if self._closed:
            return
        self._closed = True
        await self._appends.drained()
        await self.owner.given_up()
        await self.questions.settled()
        await self._client.close()

    @asynccontextmanager
    async def _asked(self) -> AsyncIterator[AsyncClientSession]:
        """A session for one question, within the time anybody waits; what the engine does not answer is `NotSaved`."""
        try:
            async with asyncio.timeout(self._bounds.wait_seconds), self._horizon.session() as session:
                yield session
        except TimeoutError as late:
            raise NotSaved from late
        except PyMongoError as error:
            raise refusal(error) from error


def _document(fields: dict[str, Any]) -> Document:
    id_ = fields["_id"]
    return Document(
        id_["kind"], id_["id"], fields["version"], fields["change"], fields["body"], fields["gone"]
    )
