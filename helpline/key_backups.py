"""Keys into a file of their own and back. They lie there as they lie in their place: wrapped by the service key."""

import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from helpline.backup_file import BackupFile, Damaged, Head, NotBroughtBack, Written
from helpline.keyring import HALF_FILLED, Keyring, Wrapped
from helpline.moving import PAGE, Step
from helpline.service_key import KeyUnfit

KEYS = "keys of a log"


async def back_up_keys(keys: Keyring, path: Path, now: datetime, step: Step) -> int:
    """All wrapped keys into `path`: of so many logs. Without the service key they open nothing."""
    head = Head(id=uuid.uuid4().hex, holds="keys", at=now, source=keys.shown, keys=keys.mark)
    with Written(path, head) as written:
        async for page in keys.pages():
            for one in page:
                written.put(KEYS, one)
            step("reading keys", len(page))
        written.end()
        count = 0
        file = BackupFile(written.on_the_way)
        try:
            for one in _keys_in(file):
                _unwrap(keys, one, file)
                count += 1
                if count % PAGE == 0:
                    step("reading it again", PAGE)
            step("reading it again", count % PAGE)
        finally:
            file.close()
        written.take_its_name()
    return count


async def bring_back_keys(file: BackupFile, keys: Keyring, step: Step) -> int:
    """Into an empty place with the same service key; it is another set of keys from then on. Of so many logs."""
    service_key = file.head.keys.partition("/")[0]
    if file.head.holds != "keys":
        raise NotBroughtBack(f"{file.path} is a backup of data: bring it back with helpline restore.")
    if service_key != keys.service_key.id:
        raise NotBroughtBack(
            f"{file.path} belongs to the service key {service_key}, but here is {keys.service_key.id}. Put the copy of "
            f"{service_key} in its place first (mode 0600)."
        )
    if held := await keys.count():
        raise NotBroughtBack(
            f"{keys.shown} holds the keys of {held:,} logs already. Bring the backup back into a new place, or put "
            f"what is there out of the way first."
        )
    for one in _keys_in(file):  # all of it can be used, before anything is written
        _unwrap(keys, one, file)
    await keys.call_itself(f"{HALF_FILLED}{file.head.id}")
    page: list[Wrapped] = []
    count = 0
    for one in _keys_in(file):
        page.append(one)
        count += 1
        if len(page) == PAGE:
            await keys.fill(page)
            step("writing keys", len(page))
            page = []
    if page:
        await keys.fill(page)
        step("writing keys", len(page))
    await _compare_keys(file, keys)
    await keys.call_itself(uuid.uuid4().hex)
    return count


async def _compare_keys(file: BackupFile, keys: Keyring) -> None:
    wanted = _keys_in(file)
    async for page in keys.pages():
        for one in page:
            other = next(wanted, None)
            if other is None or (one.log, _live(one)) != (other.log, _live(other)):
                raise NotBroughtBack(
                    f"{keys.shown} differs from {file.path} at {one.log}. Remove it, and begin again."
                )
    if (left := next(wanted, None)) is not None:
        raise NotBroughtBack(f"{keys.shown} lacks {left.log}. Remove it, and begin again.")


def _live(one: Wrapped) -> dict[str, bytes]:
    return {name: wrapped for name, wrapped in one.classes.items() if wrapped}


def _keys_in(file: BackupFile) -> Iterator[Wrapped]:
    for _, value, _ in file.frames():
        yield msgspec.msgpack.decode(value, type=Wrapped)


def _unwrap(keys: Keyring, one: Wrapped, file: BackupFile) -> None:
    try:
        keys.unwrapped(one.log, _live(one))
    except KeyUnfit:
        raise Damaged(
            f"{file.path}: the keys of {one.log} do not open with the service key. Run helpline doctor."
        ) from None
