"""The bus of a service with one node. There is nobody else to tell: what it hears is what it wrote itself."""

from collections.abc import Callable

from helpline.ports import Listener, Overhearing


class LocalBus:
    """`ports.Bus` for one process. Tells every listener at once, in the order of the appends."""

    node = ""
    alone = True
    silent = False

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    async def open(self) -> None:
        """Nothing to connect to."""

    async def close(self) -> None:
        """Nothing to hang up."""

    def announce(self, log: str, first_seq: int, last_seq: int) -> None:
        for listener in tuple(self._listeners):
            listener(log, first_seq, last_seq)

    def pass_on(self, topic: str, body: bytes) -> None:
        """Whoever is concerned is at this node, and was told."""

    def listen(self, listener: Listener) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def overhear(self, topic: str, listener: Overhearing) -> Callable[[], None]:
        return lambda: None

    def on_missed(self, look: Callable[[], None]) -> None:
        """Nothing is ever missed."""

    def heard(self, node: str) -> float | None:
        return None
