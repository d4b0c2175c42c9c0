"""The bus of a service that runs in one process: a call."""

from collections.abc import Callable

from helpline.ports import Listener


class LocalBus:
    """Tells every listener at once, in the order of the appends."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def announce(self, log: str, first_seq: int, last_seq: int) -> None:
        for listener in tuple(self._listeners):
            listener(log, first_seq, last_seq)

    def listen(self, listener: Listener) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)
