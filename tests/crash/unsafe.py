"""`app.py` with something taken from its durability: what the tests must be able to notice.

`python -m tests.crash.unsafe quietly …`: the data file answers that it does not sync, whatever it is told.
`python -m tests.crash.unsafe unasked …`: the service does not ask for syncs, and is content without.
"""

import sqlite3
import sys
from pathlib import Path

from app import main
from helpline.stores import schema


class NotSyncing(sqlite3.Connection):
    """A connection that was configured to be fast."""

    def execute(self, sql: str, parameters: object = (), /) -> sqlite3.Cursor:
        if sql.startswith("PRAGMA synchronous ="):
            sql = "PRAGMA synchronous = OFF"
        return super().execute(sql, parameters)  # type: ignore[arg-type]


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False, factory=NotSyncing)


if __name__ == "__main__":
    how = sys.argv.pop(1)
    if how == "quietly":
        schema.connect = connect
    elif how == "unasked":
        schema.DURABLE["synchronous"] = 0
    else:
        sys.exit(f"{how}: say quietly or unasked")
    main()
