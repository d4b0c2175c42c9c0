"""What the database of a service looks like in MongoDB, and how this process speaks to it.

A record is one document of `records`, with everything that must be true of it at once: its events, its claims and,
where it moved, the head of its log. `logs` only says where to look: a log is marked there as live *before* the record
that makes it so, and unmarked after the one that ends it, so whoever is live is always among the marked.
"""

from collections.abc import Mapping
from typing import Any

import pymongo
from bson import MaxKey, MinKey
from pymongo import ASCENDING, DESCENDING, AsyncMongoClient, IndexModel
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import InvalidURI, OperationFailure, PyMongoError
from pymongo.uri_parser import parse_uri

from helpline.errors import HelplineError, NotSaved, StoreFull
from helpline.ports import Head, Record
from helpline.stores import mongo_locks
from helpline.stores.addresses import hides_a_question_mark, shown
from helpline.stores.records import instant_of, microseconds

Fields = dict[str, Any]
Client = AsyncMongoClient[Fields]
Database = AsyncDatabase[Fields]

SHAPE = 1
TRY_MS = 3_000
INDEX_SECONDS = 3_600.0
CONNECTIONS = 32
"""Of one process. Appends share a command, so more would only make the engine juggle."""
DATABASE = "helpline"
"""Where an address names no database."""
DATA, KEYS = "--store", "--key-store"
"""The settings an address may come from."""
RING = "ring"
"""Where the `meta` of a database of keys says which set of keys it is, and which service key wraps them."""

INDEXES: dict[str, tuple[IndexModel, ...]] = {
    # One record a place: `_id` is {log, first_seq}, and no index is more certain than that of `_id`.
    "records": (
        IndexModel(
            [("claims.claim", ASCENDING)],
            name="claims",
            unique=True,
            partialFilterExpression={"claims.claim": {"$exists": True}},
        ),
        IndexModel(
            [("_id.log", ASCENDING), ("_id.first_seq", DESCENDING)],
            name="heads",
            partialFilterExpression={"head": {"$exists": True}},
        ),
    ),
    "logs": (
        IndexModel([("live", ASCENDING)], name="live", partialFilterExpression={"live": True}),
        IndexModel([("opened_at", DESCENDING), ("_id", DESCENDING)], name="opening"),
    ),
    "documents": (),  # `_id` is {kind, id}
    "audit": (),  # `_id` is n
    "facts": (IndexModel([("at", ASCENDING), ("_id", ASCENDING)], name="time"),),
    "leases": (),
    "meta": (),
}
"""Every collection with its indexes beside the one of `_id`. Made where missing, looked over at each start."""

NAMESPACE_EXISTS = 48
DUPLICATE_KEY = 11000
OUT_OF_DISK_SPACE = 14031
"""Codes of the engine's errors."""

_SET_UP = {"unique", "partialFilterExpression", "sparse", "expireAfterSeconds", "collation"}


class StoreElsewhere(HelplineError):
    """The database cannot be used as it is, or not from here."""

    code = "store_unfit"
    status = 503
    message = "The database cannot be used."


def connected(address: str, wait_seconds: float, setting: str = DATA) -> tuple[Client, Database]:
    """A client that answers for nothing but what a majority has on its disks; an address cannot soften that."""
    _refuse_hidden(address, setting)
    mongo_locks.mend()
    try:
        client: Client = AsyncMongoClient(
            address,
            appname="helpline",
            w="majority",
            journal=True,
            readConcernLevel="majority",
            readPreference="primary",
            retryWrites=True,
            retryReads=True,
            serverSelectionTimeoutMS=int(wait_seconds * 1_000),
            waitQueueTimeoutMS=int(wait_seconds * 1_000),
            # The driver would hang as long as a primary does. So it gives up on one try well before anybody who waits
            # does, and makes the second with whoever leads by then.
            socketTimeoutMS=TRY_MS,
            wTimeoutMS=TRY_MS,
            maxPoolSize=CONNECTIONS,
            connectTimeoutMS=2_000,
            heartbeatFrequencyMS=2_000,
        )
        return client, client.get_default_database(_default(setting))
    except (PyMongoError, ValueError, OSError) as wrong:
        raise _unusable(address, setting, wrong) from None


def place_of(address: str, setting: str = DATA) -> tuple[frozenset[str], str]:
    """The hosts and the database an address names; no hosts for none. Raises `StoreElsewhere`."""
    if not address:
        return frozenset(), ""
    _refuse_hidden(address, setting)
    try:
        named = parse_uri(address)
    except (PyMongoError, ValueError, OSError) as wrong:
        raise _unusable(address, setting, wrong) from None
    hosts = frozenset(f"{host}:{port}" for host, port in named["nodelist"])
    return hosts, named["database"] or _default(setting)


def _refuse_hidden(address: str, setting: str) -> None:
    if hides_a_question_mark(address):
        raise _unusable(address, setting, InvalidURI())


def _unusable(address: str, setting: str, wrong: Exception) -> StoreElsewhere:
    """What is wrong with an address. The driver quotes what it could not read, and that may be a password."""
    said = str(wrong)
    if isinstance(wrong, InvalidURI) and "@" in address:
        said = "a name and a password in it must be percent-encoded: @ as %40, : as %3A, / as %2F, ? as %3F, % as %25"
    return StoreElsewhere(
        f"{setting} {shown(address)}: {said}. Write it as mongodb://host1,host2,host3/?replicaSet=name"
    )


def _default(setting: str) -> str:
    """The database that is meant where an address names none."""
    return DATABASE if setting == DATA else f"{DATABASE}_keys"


async def look_over(database: Database, address: str) -> None:
    """Make what is missing and refuse what differs. Raises `StoreElsewhere` with the mend."""
    where = shown(address)
    try:
        await is_replicated(database, where)
        if await database.meta.find_one({"_id": RING}) is not None:
            raise StoreElsewhere(f"{where} holds the keys of a service. Data never lies beside its keys.")
        meta = await database.meta.find_one({"_id": "shape"})
        if meta is not None and meta["value"] > SHAPE:
            raise StoreElsewhere(
                f"{where} was written by a later version of the service (shape {meta['value']}, this one knows "
                f"{SHAPE}). Install that version again, or restore a backup made before it."
            )
        there = set(await database.list_collection_names())
        for name, indexes in INDEXES.items():
            if name not in there:
                await _made(database, name)
            await _indexed(database, name, indexes, where)
        if meta is None:
            await database.meta.update_one({"_id": "shape"}, {"$setOnInsert": {"value": SHAPE}}, upsert=True)
    except OperationFailure as refused:
        raise StoreElsewhere(f"{where} refuses: {refused.details or refused}") from None
    except PyMongoError as away:
        raise StoreElsewhere(f"{where} cannot be reached: {away}") from None


async def is_replicated(database: Database, where: str) -> frozenset[str]:
    """The members of the replica set, as they call themselves. Raises `StoreElsewhere` when it is none."""
    hello = await database.client.admin.command("hello")
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise StoreElsewhere(
            f"{where} is a single MongoDB, not a replica set: what it acknowledged could be lost with it. "
            f"Start three with --replSet, see docs/operations.md."
        )
    return frozenset(hello.get("hosts", ()))


async def _made(database: Database, name: str) -> None:
    try:
        await database.create_collection(name, check_exists=False)
    except OperationFailure as refused:
        if refused.code != NAMESPACE_EXISTS:  # another process may be starting as well
            raise


async def _indexed(database: Database, name: str, wanted: tuple[IndexModel, ...], where: str) -> None:
    collection = database[name]
    there = await collection.index_information()
    missing = [model for model in wanted if model.document["name"] not in there]
    if missing:
        with pymongo.timeout(INDEX_SECONDS):
            await collection.create_indexes(missing)
        there = await collection.index_information()
    for model in wanted:
        declared = model.document
        found = there[declared["name"]]
        if found["key"] != list(declared["key"].items()) or _set_up(found) != _set_up(declared):
            raise StoreElsewhere(
                f"{where}: the index {declared['name']} of {name} is not as the service needs it. "
                f"Stop the service, drop that index, and start again: it is made anew."
            )


def _set_up(index: Mapping[str, Any]) -> Fields:
    return {name: index[name] for name in _SET_UP & index.keys()}


def refusal(error: Exception) -> NotSaved:
    """What a caller is told when the engine did not confirm: the outcome may be unknown, the same id settles it."""
    return StoreFull() if getattr(error, "code", None) == OUT_OF_DISK_SPACE else NotSaved()


# -- documents -----------------------------------------------------------------------------------------------------


def place(log: str, first_seq: int) -> Fields:
    """The `_id` of a record. Its fields' order is part of it."""
    return {"log": log, "first_seq": first_seq}


def whole_log(log: str, first_seq: int | None = None) -> Fields:
    """The range of `_id` that holds a log's records, from one of them on if wanted."""
    begin = MinKey() if first_seq is None else first_seq
    return {"$gte": {"log": log, "first_seq": begin}, "$lte": {"log": log, "first_seq": MaxKey()}}


def record_fields(record: Record, mark: int) -> Fields:
    """The one document an append becomes. `mark` tells this attempt from another of the same place."""
    fields: Fields = {
        "_id": place(record.log, record.first_seq),
        "count": record.count,
        "body": record.body,
        "mark": mark,
    }
    if record.claims:
        fields["claims"] = [
            {"claim": claim, "seq": seq} for claim, seq in zip(record.claims, record.claimed, strict=True)
        ]
    if record.head is not None:
        fields["head"] = head_fields(record.head)
    return fields


def record_of(fields: Fields) -> Record:
    return Record(fields["_id"]["log"], fields["_id"]["first_seq"], fields["count"], fields["body"])


def head_fields(head: Head) -> Fields:
    due = None if head.due is None else microseconds(head.due)
    return {"seq": head.seq, "live": head.live, "due": due, "opened_at": microseconds(head.opened_at)}


def head_of(log: str, fields: Fields) -> Head:
    due = fields["due"]
    opened_at = instant_of(fields["opened_at"])
    return Head(log, fields["seq"], fields["live"], None if due is None else instant_of(due), opened_at)
