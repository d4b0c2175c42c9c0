"""MongoDB as others run it: over TLS of an authority of their own, with a keyfile among the members and a user for us."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from helpline.clock import SystemClock
from helpline.ports import Record
from helpline.stores.addresses import shown
from helpline.stores.mongo import MongoStore
from helpline.stores.mongo_shape import StoreElsewhere
from helpline.stores.records import Bounds
from tests.certificates import Authority
from tests.engines import SMALL, Engine, free_ports, mongod, started, wait_for

ADMIN, USER, PASSWORD = "admin", "helpline", "p@ss:word/"
SOON = Bounds(wait_seconds=3.0)


class Guarded(Engine):
    """One member that is a whole replica set, and lets nobody in without TLS, a name and a password."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder / "tls")
        (data := folder / "data").mkdir()
        keyfile = folder / "keyfile"
        keyfile.write_text("bWFkZSB1cCBmb3IgYSB0ZXN0")
        keyfile.chmod(0o400)
        self.port, self.log = free_ports(1)[0], folder / "mongod.log"
        command = [
            mongod(),
            *SMALL,
            f"--dbpath={data}",
            f"--port={self.port}",
            "--replSet=guarded",
            f"--keyFile={keyfile}",
            "--tlsMode=requireTLS",
            f"--tlsCertificateKeyFile={self.authority.together}",
            f"--tlsCAFile={self.authority.ca}",
            "--tlsAllowConnectionsWithoutCertificates",
        ]
        self.process = started(command, self.log)
        wait_for("answering", lambda: self._asked("ping") or True, self.log)
        member = {"_id": "guarded", "members": [{"_id": 0, "host": f"localhost:{self.port}"}]}
        wait_for("founding", lambda: self._asked("replSetInitiate", member), self.log)
        # Nobody is known yet, so whoever comes from this machine may make the first, and that one the others.
        roles = [{"role": "root", "db": "admin"}]
        wait_for(
            "an administrator", lambda: self._asked("createUser", ADMIN, pwd="made up", roles=roles), self.log
        )
        with self._client(username=ADMIN, password="made up") as client:
            may = [{"role": "readWrite", "db": "night"}]
            client.admin.command("createUser", USER, pwd=PASSWORD, roles=may)

    def address(
        self, password: str = PASSWORD, user: str = USER, *, ca: str = "", database: str = "night"
    ) -> str:
        place = f"{user}:{quote(password, safe='')}@localhost:{self.port}"
        vouches = f"&tlsCAFile={ca or self.authority.ca}"
        return f"mongodb://{place}/{database}?replicaSet=guarded&authSource=admin&tls=true{vouches}"

    def _client(self, **who: str) -> MongoClient[dict[str, Any]]:
        return MongoClient(
            "localhost",
            self.port,
            directConnection=True,
            tls=True,
            tlsCAFile=str(self.authority.ca),
            serverSelectionTimeoutMS=2_000,
            **who,  # type: ignore[arg-type]
        )

    def _asked(self, command: str, value: Any = 1, **more: Any) -> bool:
        try:
            with self._client() as client:
                client.admin.command(command, value, **more)
        except PyMongoError as refused:
            return isinstance(refused, OperationFailure) and "already" in str(refused)
        return True


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    running = Guarded(tmp_path_factory.mktemp("guarded"))
    yield running
    running.kill()


@pytest.fixture
async def store(guarded: Guarded) -> AsyncIterator[MongoStore]:
    opened = await MongoStore.open(guarded.address(), SystemClock())
    yield opened
    await opened.close()


async def test_the_store_opens_over_tls_as_a_user_who_may_write_in_one_database_only(
    store: MongoStore,
) -> None:
    await store.append(Record("c-one", 1, 1, b"sealed"))
    assert [record.body for record in await store.read("c-one")] == [b"sealed"]


async def refused(address: str) -> str:
    with pytest.raises(StoreElsewhere) as told:
        await MongoStore.open(address, SystemClock(), bounds=SOON)
    return told.value.message


async def test_a_wrong_password_is_said_without_it(guarded: Guarded) -> None:
    said = await refused(guarded.address("another"))
    assert "Authentication failed" in said
    assert "another" not in said
    assert PASSWORD not in said
    assert f"localhost:{guarded.port}" in said


async def test_a_user_who_may_not_write_there_is_said(guarded: Guarded) -> None:
    said = await refused(guarded.address(database="elsewhere"))
    assert "not authorized on elsewhere" in said
    assert PASSWORD not in said


async def test_whom_nobody_vouches_for_is_not_believed(guarded: Guarded, tmp_path: Path) -> None:
    said = await refused(guarded.address(ca=str(Authority(tmp_path / "another").ca)))
    assert "certificate verify failed" in said
    assert PASSWORD not in said


@pytest.mark.parametrize(
    ("put", "by", "mend"),
    [
        ("p%40ss%3Aword%2F", "p@ss:word/", "percent-encoded"),
        ("p%40ss%3Aword%2F", "p?ss:word", "percent-encoded"),
        ("p%40ss%3Aword%2F", "p%ss:word", "percent-encoded"),
        ("tlsCAFile=", "tlsCAFile=/nowhere", "No such file"),
    ],
)
async def test_an_address_that_cannot_be_used_is_refused_with_the_mend_and_without_its_password(
    guarded: Guarded, put: str, by: str, mend: str
) -> None:
    said = await refused(guarded.address().replace(put, by))
    assert mend in said
    for trace in ("ss:", ":word", "p%40ss", f"{USER}:"):
        assert trace not in said


@pytest.mark.parametrize("password", ["secret", "se/cret", "se?cret", "se@cret", "se:cret?a=b@c"])
@pytest.mark.parametrize("query", ["", "?replicaSet=night", "?tlsCertificateKeyFilePassword=an@other"])
def test_what_is_shown_of_an_address_holds_nothing_that_is_secret(password: str, query: str) -> None:
    said = shown(f"mongodb://me:{password}@db1,db2:27018/night{query}")
    if "?" not in password or "@" not in query:
        assert said == "mongodb://db1,db2:27018/night"
    assert "cret" not in said
    assert "an@" not in said
