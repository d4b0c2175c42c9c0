"""Where one server finds its things, and how it can be reached. What the service *is* stands in its definition."""

import os
from pathlib import Path

import msgspec

from helpline.buses.addresses import checked_address
from helpline.errors import BadRequest
from helpline.given import given
from helpline.stores.addresses import SCHEMES


def default_data_folder(name: str) -> Path:
    """A folder of this user's own, by the XDG Base Directory rules."""
    root = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(root) / "helpline" / name


def address_in_environment() -> str:
    """Where a password may stand, or the name of its file: every user of the machine can list a command line."""
    return given("HELPLINE_STORE")


def bus_in_environment() -> str:
    """The same for Redis."""
    return given("HELPLINE_BUS")


def key_store_in_environment() -> str:
    """The same for the MongoDB that keeps the keys."""
    return given("HELPLINE_KEY_STORE")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of one process. `keys` must not be inside `data`: a backup of data never holds its keys."""

    definition: Path
    data: Path
    keys: Path
    host: str = "127.0.0.1"
    port: int = 8080
    public_origin: str = ""
    """`https://chat.example.org`, as browsers see it; empty on loopback."""
    behind_proxy: bool = False
    """Believe the last address in `X-Forwarded-For`. Only with a proxy of one's own in front."""
    demo: bool = False
    mail: str = ""
    """The mail server letters go through, as `smtp+starttls://user@host:587`; empty for no letters."""
    mail_from: str = ""
    mail_password_file: Path | None = None
    carrier: Path | None = None
    """The file with what the carrier of texts and calls knows us by; none for no phone line."""
    store: str = ""
    """The address of the MongoDB that keeps everything; empty for SQLite in `data`. May hold a password."""
    key_store: str = ""
    """The address of another MongoDB that keeps the keys; empty for `keys.db` in `keys`. May hold a password."""
    bus: str = ""
    """The address of Redis where several nodes run over one MongoDB; empty where this is the only one."""
    workers: int = 1
    """So many processes on one port, which then speak websocket only."""
    burst: int = 60
    """So many calls of one socket at once, then `calls_a_second`; the rest wait their turn and none is dropped."""
    calls_a_second: float = 10.0
    most_pending: int = 200

    def __post_init__(self) -> None:
        if self.public_origin and not self.public_origin.startswith(("https://", "http://")):
            raise BadRequest(f"--public-origin {self.public_origin}: write it as https://chat.example.org")
        if self.store and not self.store.startswith(SCHEMES):
            raise BadRequest("--store: write it as mongodb://host1,host2,host3/?replicaSet=name")
        if self.key_store and not self.key_store.startswith(SCHEMES):
            raise BadRequest("--key-store: write it as mongodb://host1,host2,host3/?replicaSet=name")
        if self.workers < 1 or (self.workers > 1 and not (self.store and self.bus)):
            raise BadRequest(
                f"--workers {self.workers}: more than one needs MongoDB and Redis. Say where they are with --store "
                "and --bus, or leave it out to use one."
            )
        if self.bus and not self.store:
            raise BadRequest("--bus: several nodes need one store, too. Say with --store where MongoDB is.")
        if self.bus:
            checked_address(self.bus)
        data, keys = self.data.resolve(), self.keys.resolve()
        if keys == data or data in keys.parents:
            raise BadRequest(
                f"The keys folder {keys} is inside the data folder {data}: choose one beside it."
            )

    @property
    def origin(self) -> str:
        """Where a link in a letter leads: the public origin, or this machine."""
        return self.public_origin or f"http://{self.host}:{self.port}"

    @property
    def secure(self) -> bool:
        """Served over TLS."""
        return self.public_origin.startswith("https://")
