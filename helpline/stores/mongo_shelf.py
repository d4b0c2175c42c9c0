"""A MongoDB database as a whole, for moving: `moving.Shelf` on data no server has open."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bson import MaxKey
from pymongo import DeleteOne, ReplaceOne, UpdateOne

from helpline.moving import About, Fact, Item, Key, Kind, WholeLog
from helpline.ports import AuditEntry, Document, Head, Record
from helpline.stores.addresses import shown
from helpline.stores.mongo_owner import refuse_open
from helpline.stores.mongo_shape import (
    Client,
    Database,
    Fields,
    connected,
    head_of,
    look_over,
    record_fields,
    whole_log,
)
from helpline.stores.moved import MOVED_TO, MOVING_FROM
from helpline.stores.records import Bounds, microseconds

RECORDS_AT_ONCE = 1_000
UNMARKED = 0
"""The mark of a record that was moved: no append is waiting to recognise it."""


class MongoShelf:
    """Open it with `MongoShelf.open`."""

    def __init__(self, client: Client, database: Database, address: str) -> None:
        self.shown = shown(address)
        self._client, self._database = client, database

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

    async def about(self) -> About:
        meta = {each["_id"]: each["value"] async for each in self._database.meta.find()}
        return About(
            meta.get("epoch", ""), meta.get("change", 0), meta.get(MOVED_TO, ""), meta.get(MOVING_FROM, "")
        )

    async def say(self, about: About) -> None:
        told = {
            "epoch": about.epoch,
            "change": about.change,
            MOVED_TO: about.moved_to,
            MOVING_FROM: about.moving_from,
        }
        # The last is said last: until then a store that was not whole does not look so.
        for name, value in told.items():
            await self._database.meta.update_one({"_id": name}, {"$set": {"value": value}}, upsert=True)

    async def count(self, kind: Kind) -> int:
        if kind == "logs":
            return len([None async for _ in await self._database.records.aggregate(_NAMES)])
        return await self._database[kind].count_documents({})

    async def items(self, kind: Kind, after: Key | None, upto: Key | None, limit: int) -> Sequence[Item]:
        if kind == "logs":
            return await self._logs(after, upto, limit)
        within: Fields = {}
        if after is not None:
            within["$gt"] = _id(kind, after)
        if upto is not None:
            within["$lte"] = _id(kind, upto)
        found = self._database[kind].find({"_id": within} if within else {}, sort=[("_id", 1)], limit=limit)
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
            {"_id": within} if within else {}, sort=[("_id", 1)], batch_size=RECORDS_AT_ONCE
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

    async def close(self) -> None:
        await self._client.close()


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
    id_ = fields["_id"]
    match kind:
        case "documents":
            return Document(
                id_["kind"], id_["id"], fields["version"], fields["change"], fields["body"], fields["gone"]
            )
        case "audit":
            return AuditEntry(id_, fields["body"], fields["link"])
        case _:
            return Fact(id_, fields["definition"], fields["at"], fields["body"])


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
