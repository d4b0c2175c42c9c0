"""One process owns a data folder. The lock is the kernel's, so a killed owner never leaves it behind."""

import fcntl
import os
from pathlib import Path

from helpline.errors import StoreBusy


class Ownership:
    """Holds `helpline.lock` in `folder` until `give_up`; the file names the owner's process id.

    Raises `StoreBusy`, naming the process and the folder, while anybody else (this process included) holds it.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / "helpline.lock"
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(self._file, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._file)
            raise StoreBusy(
                f"Process {owner} already has the data in {folder} open. "
                f"Stop that process first, or give this one another data folder."
            ) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def give_up(self) -> None:
        """Let somebody else have the folder. The file stays: removing it would race with the next owner."""
        os.close(self._file)


def make_folder(folder: Path) -> None:
    """Make `folder`, for its owner only, and sync the entry that names it: syncing what is inside does not."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the names of new files in `folder` durable."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
