"""Redis as it is run for others: a primary, a replica and three sentinels, with TLS, a password and a user who may little."""

import contextlib
from pathlib import Path
from typing import Any

from redis import Redis as Client
from redis.exceptions import RedisError

from tests.certificates import Authority
from tests.engines import Engine, free_ports, redis_server, started, wait_for

NAME = "night"
USER, PASSWORD, SENTINELS_PASSWORD, OWN_PASSWORD = "helpline", "p@ss/word", "s@ntinels", "theirs"
COMPOSED = Path(__file__).resolve().parents[2] / "deploy" / "compose"


class _Process(Engine):
    """One `redis-server` by a file of settings."""

    def __init__(self, file: Path, settings: list[str], *options: str) -> None:
        file.write_text("\n".join(settings) + "\n")
        self.log = file.with_suffix(".log")
        self.process = started([redis_server(), str(file), *options], self.log)


class Sentinels:
    """The five processes. `address` is what a node is given. End them with `close`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.authority = Authority(folder / "tls")
        self._folder = folder
        ports = free_ports(5)
        self.servers = {
            port: self._server(port, replica_of=ports[0] if n else 0) for n, port in enumerate(ports[:2])
        }
        self.ports = ports[2:]
        for port in ports[:2]:
            wait_for("Redis answering", lambda port=port: bool(self.ask(port)), self.servers[port].log)  # type: ignore[misc]
        wait_for("copying", self._copied, self.servers[ports[1]].log)
        self.sentinels = [self._sentinel(port, ports[0]) for port in self.ports]
        wait_for("the sentinels knowing all", self._known, self.sentinels[0].log)

    @property
    def address(self) -> str:
        places = ",".join(f"127.0.0.1:{port}" for port in self.ports)
        query = f"ssl_ca_certs={self.authority.ca}&sentinel_password=s%40ntinels"
        return f"rediss+sentinel://{USER}:p%40ss%2Fword@{places}/{NAME}?{query}"

    @property
    def primary(self) -> int:
        """The port of whoever leads now, as the first sentinel says."""
        said: Any = self._sentinels().sentinel_get_master_addr_by_name(NAME)
        return int(said[1])

    def close(self) -> None:
        for one in (*self.sentinels, *self.servers.values()):
            one.kill()

    def ask(self, port: int) -> dict[str, object]:
        """What a server says of how it copies; nothing while it does not answer."""
        with contextlib.suppress(RedisError), self._client(port, OWN_PASSWORD) as client:
            said: dict[str, object] = client.info("replication")
            return said
        return {}

    def _client(self, port: int, password: str) -> Client:
        return Client(
            port=port, password=password, ssl=True, ssl_ca_certs=str(self.authority.ca), socket_timeout=2
        )

    def _sentinels(self) -> Client:
        return self._client(self.ports[0], SENTINELS_PASSWORD)

    def _supplied(self, name: str, port: int) -> list[str]:
        """The example of that name, filled in: our certificates, our passwords, a port that was free."""
        text = (COMPOSED / f"{name}.example.conf").read_text()
        filled = {
            "/run/secrets/redis.pem": str(self.authority.certificate),
            "/run/secrets/redis.key": str(self.authority.key),
            "/run/secrets/ca.pem": str(self.authority.ca),
            "…redis": OWN_PASSWORD,
            "…helpline": PASSWORD,
            "…sentinel": SENTINELS_PASSWORD,
        }
        for blank, content in filled.items():
            text = text.replace(blank, content)
        return [text, f"tls-port {port}", "bind 127.0.0.1", f"dir {self._folder}"]

    def _server(self, port: int, replica_of: int) -> _Process:
        settings = [*self._supplied("redis", port), "repl-diskless-sync-delay 0"]
        if replica_of:
            settings.append(f"replicaof 127.0.0.1 {replica_of}")
        return _Process(self._folder / f"redis-{port}.conf", settings)

    def _sentinel(self, port: int, primary: int) -> _Process:
        text, *more = self._supplied("sentinel", port)
        assert "night redis-1 6379 2" in text
        text = text.replace("night redis-1 6379 2", f"night 127.0.0.1 {primary} 2")
        return _Process(self._folder / f"sentinel-{port}.conf", [text, *more], "--sentinel")

    def _copied(self) -> bool:
        return self.ask(list(self.servers)[1]).get("master_link_status") == "up"

    def _known(self) -> bool:
        with contextlib.suppress(RedisError), self._sentinels() as client:
            said: Any = client.sentinel_master(NAME)
            return (said["num-slaves"], said["num-other-sentinels"]) == (1, 2)
        return False
