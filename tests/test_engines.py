"""The engines the tests lean on are real, and end when nobody uses them any more."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from pymongo import MongoClient

from tests.engines import Redis, shared_replica_set, wait_for

SHARER = (
    "import sys, time; from pathlib import Path; from tests.engines import shared_replica_set\n"
    "with shared_replica_set(Path(sys.argv[1])) as address:\n    print(address, flush=True); time.sleep(600)"
)


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def test_a_redis_answers_until_it_is_closed(tmp_path: Path) -> None:
    redis = Redis(tmp_path)
    assert answers(redis.port)
    redis.close()
    assert not answers(redis.port)


def test_processes_share_one_replica_set_which_ends_after_the_last_even_one_that_was_killed(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "mongodb"
    with shared_replica_set(folder) as address:
        other = subprocess.Popen([sys.executable, "-c", SHARER, folder], stdout=subprocess.PIPE, text=True)
        assert other.stdout is not None
        assert other.stdout.readline().strip() == address
    with MongoClient[dict[str, object]](address) as client:
        assert len(client.admin.command("hello")["hosts"]) == 3
        ports = [port for _, port in client.nodes if port is not None]
    os.kill(other.pid, signal.SIGKILL)
    other.communicate()
    wait_for("ending the set", lambda: not any(answers(port) for port in ports), folder / "keeper.log")
    wait_for("removing its files", lambda: not (folder / "members").exists(), folder / "keeper.log")
