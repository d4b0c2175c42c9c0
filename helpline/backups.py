"""Data into a file and back: read again before it counts, and never written over anything.

Both ways go through `moving`: a backup is read like a store, and brought into an empty one of either kind, where what
was half brought back is marked and not opened. Keys are no part of it (`helpline/key_backups.py`).
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from helpline.backup_check import SHAPES, Looked, look_through
from helpline.backup_file import BackupFile, Head, NotBroughtBack, Written
from helpline.keyring import Keyring
from helpline.moving import (
    KINDS,
    PAGE,
    About,
    Item,
    Key,
    Kind,
    Moved,
    Reading,
    Shelf,
    Step,
    carry_over,
    key_of,
)
from helpline.stores.moved import A_BACKUP


async def back_up(
    source: Reading, path: Path, keys: Keyring | None, now: datetime, step: Step, *, thorough: bool = False
) -> Looked:
    """Everything `source` holds, into `path`. `keys` are those at hand to try it with. Raises `NotMade`, `Damaged`."""
    about = await source.about()
    head = Head(
        id=uuid.uuid4().hex, holds="data", at=now, source=source.shown, keys=about.keys, change=about.change
    )
    with Written(path, head) as written:
        for kind in KINDS:
            after: Key | None = None
            while page := await source.items(kind, after, None, PAGE):
                for item in page:
                    written.put(kind, item)
                step(f"reading {kind}", len(page))
                after = key_of(page[-1])
        written.end()
        looked = await look_through(written.on_the_way, keys, step, thorough=thorough)
        written.take_its_name()
    return looked


async def bring_back(source: "DataBackup", target: Shelf, keys: Keyring | None, step: Step) -> Moved:
    """Into an empty `target`, compared once more with the backup. Raises `NotBroughtBack` and `CannotMove`."""
    head, there = source.head, await target.about()
    origin = f"{A_BACKUP}{head.id} of {head.at:%Y-%m-%d %H:%M} UTC"
    if there.moving_from != origin:
        held = {kind: count for kind in KINDS if (count := await target.count(kind))}
        if held or there.moving_from or there.moved_to:
            what = ", ".join(f"{count:,} {kind}" for kind, count in held.items()) or "what was moved"
            raise NotBroughtBack(
                f"{target.shown} is not empty: it holds {what}. Bring the backup back into a new place, or put what "
                f"is there out of the way first."
            )
    await target.say(About(there.epoch or uuid.uuid4().hex, head.change, "", origin))
    moved = await carry_over(source, target, "writing", step)
    # Another history than the one open pages know: they start over instead of mixing the two.
    await target.say(About(uuid.uuid4().hex, head.change, keys=keys.mark if keys is not None else ""))
    return moved


class DataBackup:
    """`moving.Reading` on a backup of data. Items are asked for in order, and each reading goes on where one ended."""

    def __init__(self, path: Path) -> None:
        self.shown = str(path)
        self.file = BackupFile(path)
        self.head = self.file.head
        if self.head.holds != "data":
            self.file.close()
            raise NotBroughtBack(f"{path} is a backup of keys: bring it back with helpline keys restore.")
        self._counts: dict[str, int] = {}
        self._begins: dict[str, int] = {}
        self._goes_on: dict[str, tuple[Key, int]] = {}
        try:
            begins = self.file.begin
            for kind, _, ends in self.file.frames():
                self._begins.setdefault(kind, begins)
                self._counts[kind] = self._counts.get(kind, 0) + 1
                begins = ends
        except BaseException:
            self.file.close()
            raise

    async def about(self) -> About:
        return About("", self.head.change)

    async def count(self, kind: Kind) -> int:
        return self._counts.get(kind, 0)

    async def items(self, kind: Kind, after: Key | None, upto: Key | None, limit: int) -> Sequence[Item]:
        if kind not in self._begins:
            return []
        last, begin = self._goes_on.get(kind, (None, 0))
        found: list[Item] = []
        for frame, value, ends in self.file.frames(begin if last == after and after else self._begins[kind]):
            if frame != kind:
                break
            item: Item = msgspec.msgpack.decode(value, type=SHAPES[kind])
            if after is not None and key_of(item) <= after:
                continue
            if upto is not None and key_of(item) > upto:
                break
            found.append(item)
            self._goes_on[kind] = (key_of(item), ends)
            if len(found) == limit:
                break
        return found

    async def close(self) -> None:
        self.file.close()
