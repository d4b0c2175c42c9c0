"""What every store holds a record and an instant to, and how much it lets wait."""

from datetime import UTC, datetime, timedelta

import msgspec

from helpline.ports import Record

BELONGS_TO = "keys"
"""Where a store's `meta` says which keys its data belongs to; absent in data that no keys were said to open yet."""
RECORD_OVERHEAD = 256
"""Bytes a waiting record takes beside its body."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Bounds(msgspec.Struct, frozen=True):
    """How much may wait, and how long. Past `records` or `bytes` a write is refused at once."""

    wait_seconds: float = 10.0
    records: int = 10_000
    bytes: int = 64 * 1024 * 1024


def microseconds(instant: datetime) -> int:
    """Whole microseconds since 1970 in UTC. A naive instant is a mistake and raises `TypeError`."""
    return (instant - _EPOCH) // _MICROSECOND


def instant_of(value: int) -> datetime:
    """The aware UTC instant that `microseconds` made `value` from."""
    return _EPOCH + timedelta(microseconds=value)


def check_record(record: Record) -> None:
    """Refuse what no store can keep: a mistake of the caller's, so `ValueError`."""
    if record.first_seq < 1 or record.count < 1:
        raise ValueError(
            f"a record begins at seq 1 or later and holds at least one event: {record.first_seq}"
        )
    claims = record.claims
    if len(claims) != len(record.claimed) or len(set(claims)) != len(claims):
        raise ValueError("each claim is made once and has the seq of the event that made it")
    if record.head is not None and record.head.log != record.log:
        raise ValueError(f"a record of {record.log} cannot carry the head of {record.head.log}")
