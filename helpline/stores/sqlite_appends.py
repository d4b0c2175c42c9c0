"""How many records become few statements and few pages.

Every statement lets go of the interpreter lock and takes it again, against a busy event loop, so a batch is written
with one multi-row insert per table. Every page touched is written out whole, so rows go where the last ones went: a
log has a number, handed out in order, and what is alive tonight shares its index pages.
"""

import sqlite3
from collections.abc import Sequence
from functools import lru_cache

from helpline.errors import ClaimTaken, Conflict, HelplineError
from helpline.ports import Record
from helpline.stores.records import microseconds

ROWS_IN_ONE_STATEMENT = 128
LOGS_REMEMBERED = 200_000
_RECORDS = "records (log, first_seq, count, body)"
_CLAIMS = "claims (claim, log, seq)"
_LOGS = "logs (log, name, seq, live, due, opened_at)"
_UPDATE_HEAD = (
    " ON CONFLICT (log) DO UPDATE SET seq = excluded.seq, live = excluded.live, due = excluded.due,"
    " opened_at = excluded.opened_at"
)

Place = tuple[int, int]
"""A log's number and its last seq."""


@lru_cache(maxsize=4 * ROWS_IN_ONE_STATEMENT)
def _insert(into: str, columns: int, rows: int, tail: str) -> str:
    row = f"({','.join('?' * columns)})"
    return f"INSERT INTO {into} VALUES {','.join([row] * rows)}{tail}"  # noqa: S608 (our own table names)


def _insert_rows(db: sqlite3.Connection, into: str, columns: int, flat: list[object], tail: str = "") -> None:
    """Insert `flat`, a run of values `columns` long per row, with as few statements as the row limit allows."""
    step = columns * ROWS_IN_ONE_STATEMENT
    for start in range(0, len(flat), step):
        part = flat[start : start + step]
        db.execute(_insert(into, columns, len(part) // columns, tail), part)


class Appends:
    """Writes records within the caller's transaction and knows where each log stands."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._places: dict[str, Place] = {}
        self._logs: int = db.execute("SELECT coalesce(max(log), 0) FROM logs").fetchone()[0]

    def write(self, records: Sequence[Record]) -> tuple[list[HelplineError | None], dict[str, Place]]:
        """Insert `records`; answers an error or None for each, and the places to `remember` after the commit.

        A record that does not continue its log is left out with `Conflict`. A claim that is held raises
        `sqlite3.IntegrityError` and spoils the transaction.
        """
        staged: dict[str, Place] = {}
        errors: list[HelplineError | None] = []
        rows: list[object] = []
        claims: list[object] = []
        logs: list[object] = []
        newest = self._logs
        for record in records:
            name, first_seq, head = record.log, record.first_seq, record.head
            place = staged.get(name) or self._places.get(name) or self._place_in_file(name)
            if first_seq != (place[1] + 1 if place else 1):
                errors.append(Conflict())
                continue
            errors.append(None)
            if place:
                log = place[0]
            else:
                newest += 1
                log = newest
            if head is not None:
                due = None if head.due is None else microseconds(head.due)
                logs += (log, name, head.seq, head.live, due, microseconds(head.opened_at))
            elif not place:
                logs += (log, name, None, False, None, None)
            staged[name] = (log, first_seq + record.count - 1)
            rows += (log, first_seq, record.count, record.body)
            for claim, seq in zip(record.claims, record.claimed, strict=True):
                claims += (claim, log, seq)
        if logs:
            _insert_rows(self._db, _LOGS, 6, logs, _UPDATE_HEAD)
        if rows:
            _insert_rows(self._db, _RECORDS, 4, rows)
        if claims:
            _insert_rows(self._db, _CLAIMS, 3, claims)
        return errors, staged

    def remember(self, staged: dict[str, Place]) -> None:
        """The transaction that wrote up to these places was committed."""
        if len(self._places) > LOGS_REMEMBERED:
            # Forgetting all is safe (the file knows) and costs one look-up per log that is still alive.
            self._places.clear()
        self._places.update(staged)
        self._logs = max(self._logs, max((place[0] for place in staged.values()), default=0))

    def why_refused(self, record: Record) -> HelplineError:
        """What an `IntegrityError` of this record alone means, now that it was rolled back."""
        for claim in record.claims:
            held = holder_of(self._db, claim)
            if held is not None:
                return ClaimTaken(claim, *held)
        return Conflict()

    def _place_in_file(self, name: str) -> Place | None:
        place: Place | None = self._db.execute(
            "SELECT log, first_seq + count - 1 FROM records WHERE log = (SELECT log FROM logs WHERE name = ?)"
            " ORDER BY first_seq DESC LIMIT 1",
            (name,),
        ).fetchone()
        return place


def holder_of(db: sqlite3.Connection, claim: bytes) -> tuple[str, int] | None:
    """The log and seq that hold a claim."""
    held: tuple[str, int] | None = db.execute(
        "SELECT logs.name, claims.seq FROM claims JOIN logs USING (log) WHERE claim = ?", (claim,)
    ).fetchone()
    return held
