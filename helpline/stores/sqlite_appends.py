"""How many records become few statements.

Every statement lets go of the interpreter lock and takes it again, against a busy event loop. That, not SQLite, is
what a row costs, so a batch is written with one multi-row insert per table.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from helpline.errors import ClaimTaken, Conflict, HelplineError
from helpline.ports import Record

ROWS_IN_ONE_STATEMENT = 128
LOGS_REMEMBERED = 200_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_UPSERT_HEAD = (
    " ON CONFLICT (log) DO UPDATE SET seq = excluded.seq, live = excluded.live, due = excluded.due,"
    " opened_at = excluded.opened_at"
)


def microseconds(instant: datetime) -> int:
    """Whole microseconds since 1970 in UTC. A naive instant is a mistake and raises `TypeError`."""
    return (instant - _EPOCH) // _MICROSECOND


def instant_of(value: int) -> datetime:
    """The aware UTC instant that `microseconds` made `value` from."""
    return _EPOCH + timedelta(microseconds=value)


@lru_cache(maxsize=4 * ROWS_IN_ONE_STATEMENT)
def _insert(table: str, columns: int, rows: int, tail: str) -> str:
    row = f"({','.join('?' * columns)})"
    return f"INSERT INTO {table} VALUES {','.join([row] * rows)}{tail}"  # noqa: S608 (only our own table names)


def _insert_rows(
    db: sqlite3.Connection, table: str, columns: int, flat: list[object], tail: str = ""
) -> None:
    """Insert `flat`, a run of values `columns` long per row, with as few statements as the row limit allows."""
    step = columns * ROWS_IN_ONE_STATEMENT
    for start in range(0, len(flat), step):
        part = flat[start : start + step]
        db.execute(_insert(table, columns, len(part) // columns, tail), part)


class Appends:
    """Writes records within the caller's transaction and knows what the next seq of each log must be."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._last: dict[str, int] = {}

    def write(self, records: Sequence[Record]) -> tuple[list[HelplineError | None], dict[str, int]]:
        """Insert `records`; answers an error or None for each, and the last seqs to `remember` after the commit.

        A record that does not continue its log is left out with `Conflict`. What only the file can know (a taken
        claim, a log begun before a restart) raises `sqlite3.IntegrityError` and spoils the transaction.
        """
        staged: dict[str, int] = {}
        errors: list[HelplineError | None] = []
        rows: list[object] = []
        claims: list[object] = []
        heads: list[object] = []
        for record in records:
            log, first_seq = record.log, record.first_seq
            if first_seq != self._next(log, first_seq, staged):
                errors.append(Conflict())
                continue
            errors.append(None)
            staged[log] = first_seq + record.count - 1
            rows += (log, first_seq, record.count, record.body)
            for claim, seq in zip(record.claims, record.claimed, strict=True):
                claims += (claim, log, seq)
            head = record.head
            if head is not None:
                due = None if head.due is None else microseconds(head.due)
                heads += (log, head.seq, head.live, due, microseconds(head.opened_at))
        if rows:
            _insert_rows(self._db, "records", 4, rows)
        if claims:
            _insert_rows(self._db, "claims", 3, claims)
        if heads:
            _insert_rows(self._db, "heads", 5, heads, _UPSERT_HEAD)
        return errors, staged

    def remember(self, staged: dict[str, int]) -> None:
        """The transaction that wrote these last seqs was committed."""
        if len(self._last) > LOGS_REMEMBERED:
            # Forgetting all is safe (the file knows) and costs one look-up per log that is still alive.
            self._last.clear()
        self._last.update(staged)

    def why_refused(self, record: Record) -> HelplineError:
        """What an `IntegrityError` of this record alone means, now that it was rolled back."""
        for claim in record.claims:
            held = holder_of(self._db, claim)
            if held is not None:
                return ClaimTaken(claim, *held)
        return Conflict()

    def _next(self, log: str, first_seq: int, staged: dict[str, int]) -> int:
        last = staged.get(log)
        if last is None:
            last = self._last.get(log)
        if last is None:
            # A log's first record needs no look-up: if the log exists, the primary key refuses it.
            last = 0 if first_seq == 1 else self._last_in_file(log)
        return last + 1

    def _last_in_file(self, log: str) -> int:
        row = self._db.execute(
            "SELECT first_seq + count - 1 FROM records WHERE log = ? ORDER BY first_seq DESC LIMIT 1", (log,)
        ).fetchone()
        return 0 if row is None else int(row[0])


def holder_of(db: sqlite3.Connection, claim: bytes) -> tuple[str, int] | None:
    """The log and seq that hold a claim."""
    row: tuple[str, int] | None = db.execute(
        "SELECT log, seq FROM claims WHERE claim = ?", (claim,)
    ).fetchone()
    return row


def check_record(record: Record) -> None:
    """Refuse what no store can keep: a mistake of the caller's, so `ValueError`."""
    if record.first_seq < 1 or record.count < 1:
        raise ValueError(
            f"a record begins at seq 1 or later and holds at least one event: {record.first_seq}"
        )
    claims: Iterable[bytes] = record.claims
    if record.claims and (
        len(record.claims) != len(record.claimed) or len(set(claims)) != len(record.claims)
    ):
        raise ValueError("each claim is made once and has the seq of the event that made it")
    if record.head is not None and record.head.log != record.log:
        raise ValueError(f"a record of {record.log} cannot carry the head of {record.head.log}")
