"""The storm's clients, and a disk that can be filled, for a test and gone after it."""

import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.crash.server import Driver

SMALL_DISK_MB = 24


@pytest.fixture
async def driver() -> AsyncIterator[Driver]:
    """Persons and supporters on the official Socket.IO client, told what to do."""
    driver = await Driver.launch()
    yield driver
    await driver.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own for the data and the keys."""
    disk = tmp_path / "disk"
    disk.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={SMALL_DISK_MB}m", "tmpfs"]
    mounted = subprocess.run(["mount", *options, disk], capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.fail(f"a small disk is needed to fill it, and mounting a tmpfs was refused: {mounted.stderr}")
    yield disk
    subprocess.run(["umount", disk], check=True)


def fill(disk: Path) -> Path:
    """Write until the disk takes no byte more."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for piece in (1024 * 1024, 4096, 1):
            try:
                while True:
                    file.write(bytes(piece))
            except OSError:
                continue
    return ballast
