"""A MongoDB database as a whole, for moving and for backups."""

import asyncio
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pymongo
from bson import MaxKey
from pymongo import DeleteOne, ReplaceOne, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import OperationFailure, PyMongoError

from helpline.errors import HelplineError
from helpline.moving import About, Fact, Item, Key, Kind, WholeLog
from helpline.ports import AuditEntry, Document, Head, Record
from helpline.stores.addresses import shown
from helpline.stores.mongo_owner import refuse_open
from helpline.stores.mongo_shape import (
    Client,
    Database,
    Fields,
    StoreElsewhere,
    connected,
    head_of,
    look_over,
    record_fields,
    whole_log,
)
from helpline.stores.moved import MOVED_TO, MOVING_FROM, refuse_moved
from helpline.stores.records import BELONGS_TO, Bounds, microseconds

RECORDS_AT_ONCE = 1_000
LONG_SECONDS = 3_600.0
BEGUN = "backup begun"
"""The name in `meta` under which a backup writes a mark, to see that what it reads is not from before."""
TRIES = 20
TOO_OLD = (239, 246)
"""The engine's `SnapshotTooOld` and `SnapshotUnavailable`."""
UNMARKED = 0
"""The mark of a record that was moved: no append is waiting to recognise it."""


class TooLate(HelplineError):
    """A backup took longer than the engine remembers the instant it reads."""

    code = "too_late"
    status = 503


class MongoReading:
    """All that a database holds; with a session that holds a snapshot, all that it held then."""

    def __init__(
        self, client: Client, database: Database, address: str, session: AsyncClientSession | None = None
    ) -> None:
        self.shown = shown(address)
        self._client, self._database, self._session = client, database, session

    async def about(self) -> About:
        found = self._database.meta.find(session=self._session)
        meta = {each["_id"]: each["value"] async for each in found}
        return About(
            meta.get("epoch", ""),
            int(meta.get("change", 0)),
            meta.get(MOVED_TO, ""),
            meta.get(MOVING_FROM, ""),
            meta.get(BELONGS_TO, ""),
        )

    async def count(self, kind: Kind) -> int:
        with pymongo.timeout(LONG_SECONDS):
            if kind == "logs":
                named = await self._database.records.aggregate(_NAMES, session=self._session)
                return len([None async for _ in named])
            return await self._database[kind].count_documents({}, session=self._session)

    async def items(self, kind: Kind, after: Key | None, upto: Key | None, limit: int) -> Sequence[Item]:
        if kind == "logs":
            return await self._logs(after, upto, limit)
        within: Fields = {}
        if after is not None:
            within["$gt"] = _id(kind, after)
        if upto is not None:
            within["$lte"] = _id(kind, upto)
        found = self._database[kind].find(
            {"_id": within} if within else {}, sort=[("_id", 1)], limit=limit, session=self._session
        )
        return [_item(kind, fields) async for fields in found]

    async def _logs(self, after: Key | None, upto: Key | None, limit: int) -> list[WholeLog]:
        within: Fields = {}
        if after is not None:
            within["$gt"] = {"log": after[0], "first_seq": MaxKey()}
        if upto is not None:
            within["$lte"] = {"log": upto[0], "first_seq": MaxKey()}
        logs: list[WholeLog] = []
        records: list[Record] = []
        head: Head | None = None
        async with self._database.records.find(
            {"_id": within} if within else {},
            sort=[("_id", 1)],
            batch_size=RECORDS_AT_ONCE,
            session=self._session,
        ) as found:
            async for fields in found:
                record = _record(fields)
                if records and records[0].log != record.log:
                    logs.append(WholeLog(records[0].log, tuple(records), head))
                    records, head = [], None
                    if len(logs) == limit:
                        return logs
                records.append(record)
                if "head" in fields:
                    head = head_of(record.log, fields["head"])
        if records:
            logs.append(WholeLog(records[0].log, tuple(records), head))
        return logs

    async def close(self) -> None:
        if self._session is not None:
            await self._session.end_session()
        await self._client.close()


class MongoSnapshot(MongoReading):
    """The data as a majority has it at one instant, while the service goes on. Open it with `MongoSnapshot.open`.

    The engine remembers an instant for five minutes unless it is told to for longer; what takes longer is `TooLate`.
    """

    @classmethod
    async def open(cls, address: str) -> "MongoSnapshot":
        """Connect and hold the instant. Everything acknowledged before is in it. Raises `StoreElsewhere`."""
        client, database = connected(address, Bounds().wait_seconds)
        where = shown(address)
        try:
            if await database.meta.find_one({"_id": "epoch"}) is None:
                raise StoreElsewhere(f"{where}: there is no data there")
            await look_over(database, address)
            meta = {each["_id"]: each["value"] async for each in database.meta.find()}
            refuse_moved(where, meta.get(MOVED_TO, ""), meta.get(MOVING_FROM, ""))
            session = await cls._held(client, database)
        except PyMongoError as away:
            await client.close()
            raise StoreElsewhere(f"{where} cannot be reached: {away}") from None
        except BaseException:
            await client.close()
            raise
        return cls(client, database, address, session)

    @staticmethod
    async def _held(client: Client, database: Database) -> AsyncClientSession:
        """A session that reads one instant, not before now: a new primary may for a moment show an older one."""
        while True:
            mark = uuid.uuid4().hex
            await database.meta.update_one({"_id": BEGUN}, {"$set": {"value": mark}}, upsert=True)
            session = client.start_session(snapshot=True)
            begun = await database.meta.find_one({"_id": BEGUN}, session=session)
            if begun is not None and begun["value"] == mark:
                return session
            await session.end_session()

    async def count(self, kind: Kind) -> int:
        """About so many: to count exactly is to read everything, which is about to be done."""
        return await self._database[kind].estimated_document_count()

    async def items(self, kind: Kind, after: Key | None, upto: Key | None, limit: int) -> Sequence[Item]:
        last: PyMongoError | None = None
        for _ in range(TRIES):
            try:
                return await super().items(kind, after, upto, limit)
            except PyMongoError as error:
                if isinstance(error, OperationFailure) and error.code in TOO_OLD:
                    raise TooLate(
                        f"{self.shown} no longer remembers the instant that was being read. Let it remember for "
                        f"longer, at each member: "
                        f"db.adminCommand({{setParameter: 1, minSnapshotHistoryWindowInSeconds: 3600}})"
                    ) from None
                last = error
                await asyncio.sleep(1)  # another member may be taking the lead
        raise StoreElsewhere(f"{self.shown} cannot be read: {last}")


class MongoShelf(MongoReading):
    """A database that no server has open. Open it with `MongoShelf.open`."""

    @classmethod
    async def open(cls, address: str, now: datetime) -> "MongoShelf":
        """Connect and make what is missing. Raises `StoreElsewhere`."""
        client, database = connected(address, Bounds().wait_seconds)
        try:
            await look_over(database, address)
            await refuse_open(database)
        except BaseException:
            await client.close()
            raise
        return cls(client, database, address)

    async def say(self, about: About) -> None:
        told = {
            "epoch": about.epoch,
            "change": about.change,
            BELONGS_TO: about.keys,
            MOVED_TO: about.moved_to,
            MOVING_FROM: about.moving_from,
        }
        # The last is said last: until then a store that was not whole does not look so.
        for name, value in told.items():
            await self._database.meta.update_one({"_id": name}, {"$set": {"value": value}}, upsert=True)
        await self._database.meta.delete_one({"_id": BELONGS_TO, "value": ""})

    async def write(self, kind: Kind, items: Sequence[Item]) -> None:
        if kind == "logs":
            await self._write_logs([item for item in items if isinstance(item, WholeLog)])
            return
        await self._database[kind].bulk_write(
            [ReplaceOne({"_id": fields["_id"]}, fields, upsert=True) for fields in map(_fields, items)],
            ordered=False,
        )

    async def _write_logs(self, logs: Sequence[WholeLog]) -> None:
        claims = [claim for log in logs for record in log.records for claim in record.claims]
        # A claim that another log still holds here was given back since it was moved.
        await self._database.records.update_many(
            {"claims.claim": {"$in": claims}}, {"$pull": {"claims": {"claim": {"$in": claims}}}}
        )
        marks: list[UpdateOne] = []
        records: list[DeleteOne | ReplaceOne[Fields]] = []
        for log in logs:
            if log.head is not None:
                mark = {
                    "live": log.head.live,
                    "opened_at": microseconds(log.head.opened_at),
                    "seq": log.records[-1].first_seq,
                }
                marks.append(UpdateOne({"_id": log.name}, {"$set": mark}, upsert=True))
            for record in _with_head(log):
                fields = record_fields(record, UNMARKED)
                records.append(ReplaceOne({"_id": fields["_id"]}, fields, upsert=True))
        if marks:
            await self._database.logs.bulk_write(marks, ordered=False)
        await self._database.records.bulk_write(records, ordered=False)

    async def remove(self, kind: Kind, keys: Sequence[Key]) -> None:
        if kind == "logs":
            for key in keys:
                await self._database.records.delete_many({"_id": whole_log(str(key[0]))})
                await self._database.logs.delete_one({"_id": key[0]})
            return
        await self._database[kind].bulk_write([DeleteOne({"_id": _id(kind, key)}) for key in keys])


_NAMES: list[Fields] = [{"$group": {"_id": "$_id.log"}}]


def _with_head(log: WholeLog) -> list[Record]:
    """The records, the one that holds the head's seq carrying it; a head belongs to no other."""
    records = list(log.records)
    if log.head is not None:
        n = max(n for n, record in enumerate(records) if n == 0 or record.first_seq <= log.head.seq)
        old = records[n]
        records[n] = Record(old.log, old.first_seq, old.count, old.body, old.claims, old.claimed, log.head)
    return records


def _record(fields: Fields) -> Record:
    claims = sorted((each["seq"], each["claim"]) for each in fields.get("claims", ()))
    place = fields["_id"]
    return Record(
        place["log"],
        place["first_seq"],
        fields["count"],
        fields["body"],
        tuple(claim for _, claim in claims),
        tuple(seq for seq, _ in claims),
    )


def _id(kind: Kind, key: Key) -> Any:
    return {"kind": key[0], "id": key[1]} if kind == "documents" else key[0]


def _item(kind: Kind, fields: Fields) -> Item:
    """The engine's large numbers are of a kind of their own, which is not taken for a number everywhere."""
    id_ = fields["_id"]
    match kind:
        case "documents":
            return Document(
                id_["kind"],
                id_["id"],
                int(fields["version"]),
                int(fields["change"]),
                fields["body"],
                fields["gone"],
            )
        case "audit":
            return AuditEntry(int(id_), fields["body"], fields["link"])
        case _:
            return Fact(id_, int(fields["definition"]), int(fields["at"]), fields["body"])


def _fields(item: Item) -> Fields:
    match item:
        case Document():
            id_ = {"kind": item.kind, "id": item.id}
            return {
                "_id": id_,
                "version": item.version,
                "change": item.change,
                "gone": item.gone,
                "body": item.body,
            }
        case AuditEntry():
            return {"_id": item.n, "body": item.body, "link": item.link, "mark": bytes(16)}
        case Fact():
            return {"_id": item.log, "definition": item.definition, "at": item.at, "body": item.body}
        case WholeLog():
            raise TypeError("a log is more than one document")
