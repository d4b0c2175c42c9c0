"""The bus of several nodes over one store: Redis carries what was written where, and passing things. It keeps nothing.

One connection publishes, one listens. What could not be said waits, merged log by log, and is said once Redis is back;
a node that missed something looks at everything. So a lost, late or doubled frame costs seconds and never a word.
Every node hears itself, too: that, and no open connection, is how it knows that Redis works.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress

import structlog

from helpline.agenda import stopped, told_to_end
from helpline.buses.frames import Announced, Frame, Frames, Passing, Unsealed
from helpline.buses.redis_client import PATIENCE, connected
from helpline.ports import Keys, Listener, Overhearing

log = structlog.get_logger()

BEAT = 1.0
# Nothing heard for so long, not even oneself: silent.
SILENT_AFTER = 3.0
MOST_LOGS_WAITING = 10_000
MOST_PASSING_WAITING = 1_000
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0


class RedisBus:
    """`ports.Bus` on Redis. `open` it when listeners are there; `close` it before the store."""

    alone = False

    def __init__(self, address: str, keys: Keys, node: str) -> None:
        self._address, self.node = address, node
        self._frames = Frames(keys)
        self._listeners: list[Listener] = []
        self._overhearing: dict[str, list[Overhearing]] = {}
        self._missed: list[Callable[[], None]] = []
        self._announced: dict[str, Announced] = {}
        self._passing: list[Passing] = []
        self._more = False
        self._said = asyncio.Event()
        self._heard: dict[str, float] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Begin to publish and to listen. Returns at once; Redis may be away."""
        self._tasks = [asyncio.create_task(self._publishing()), asyncio.create_task(self._listening())]

    async def close(self) -> None:
        """Say what waits, if Redis takes it, and hang up."""
        if self._tasks and self._announced:
            self._said.set()
            await asyncio.wait(self._tasks, timeout=0.2)
        await stopped(self._tasks)

    # -- what this node says ---------------------------------------------------------------------------------------

    def announce(self, log: str, first_seq: int, last_seq: int) -> None:
        waiting = self._announced.get(log)
        if waiting is not None:
            first_seq, last_seq = min(first_seq, waiting[1]), max(last_seq, waiting[2])
        elif len(self._announced) >= MOST_LOGS_WAITING:
            self._announced.clear()
            self._more = True
        self._announced[log] = (log, first_seq, last_seq)
        self._said.set()

    def pass_on(self, topic: str, body: bytes) -> None:
        if len(self._passing) < MOST_PASSING_WAITING:
            self._passing.append((topic, body))
            self._said.set()

    # -- what the others say ---------------------------------------------------------------------------------------

    def listen(self, listener: Listener) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def overhear(self, topic: str, listener: Overhearing) -> Callable[[], None]:
        heard = self._overhearing.setdefault(topic, [])
        heard.append(listener)
        return lambda: heard.remove(listener)

    def on_missed(self, look: Callable[[], None]) -> None:
        self._missed.append(look)

    def heard(self, node: str) -> float | None:
        at = self._heard.get(node)
        return None if at is None else time.monotonic() - at

    @property
    def silent(self) -> bool:
        since = self.heard(self.node)
        return since is None or since > SILENT_AFTER

    # -- publishing ------------------------------------------------------------------------------------------------

    async def _publishing(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            client = connected(self._address)
            try:
                while True:
                    await self._publish(client.publish)
                    pause = _FIRST_PAUSE
                    if not self._waiting:
                        await self._something_to_say()
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 (it must go on; logged here)
                _unless_told_to_end(error)
                self._lost("takes nothing", error, pause)
            finally:
                await _hung_up(client.aclose)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    @property
    def _waiting(self) -> bool:
        return bool(self._announced or self._passing or self._more)

    async def _something_to_say(self) -> None:
        """Until there is, or until the next beat."""
        # Not `wait_for`: up to Python 3.11 it forgets that it was cancelled when both happen at once.
        with suppress(TimeoutError):
            async with asyncio.timeout(BEAT):
                await self._said.wait()
        self._said.clear()

    async def _publish(self, publish: Callable[[str, bytes], Awaitable[object]]) -> None:
        announced, passing, more = self._announced, self._passing, self._more
        self._announced, self._passing, self._more = {}, [], False
        frame = Frame(self.node, tuple(announced.values()), tuple(passing), more)
        try:
            async with asyncio.timeout(PATIENCE):
                await publish(self._frames.channel, self._frames.seal(frame))
        except BaseException:
            # What passes has passed. What was written must be told: twice is harmless.
            self._more = self._more or more
            for one in announced.values():
                self.announce(*one)
            raise

    # -- listening -------------------------------------------------------------------------------------------------

    async def _listening(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            client = connected(self._address)
            try:
                async with client.pubsub() as channel:
                    await channel.subscribe(self._frames.channel)
                    while True:
                        message = await channel.get_message(timeout=SILENT_AFTER)
                        if message is None:
                            raise TimeoutError
                        pause = _FIRST_PAUSE
                        self._take(message)
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 (it must go on; logged here)
                _unless_told_to_end(error)
                self._heard.clear()
                self._lost("is silent", error, pause)
            finally:
                await _hung_up(client.aclose)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _take(self, message: dict[str, object]) -> None:
        if message["type"] == "subscribe":
            self._look_at_everything()
            self._said.set()  # hear oneself at once, and not with the next beat
            return
        body = message["data"]
        try:
            frame = self._frames.open(body if isinstance(body, bytes) else b"")
        except Unsealed:
            log.warning("something on the bus is not ours")
            return
        self._heard[frame.node] = time.monotonic()
        if frame.node == self.node:
            return
        if frame.more:
            self._look_at_everything()
        # What passes comes first: whoever has taken a record from it need not look where it was written.
        for topic, said in frame.passing:
            for overheard in tuple(self._overhearing.get(topic, ())):
                _told(overheard, frame.node, said)
        for announced in frame.announced:
            for listener in tuple(self._listeners):
                _told(listener, *announced)

    def _lost(self, how: str, error: BaseException, pause: float) -> None:
        """Said once, and not at every try after it."""
        if pause == _FIRST_PAUSE:
            log.warning("Redis was lost", how=how, error=type(error).__name__)

    def _look_at_everything(self) -> None:
        for look in self._missed:
            _told(look)


def _told(listener: Callable[..., None], *what: object) -> None:
    try:
        listener(*what)
    except Exception:
        log.exception("a listener of the bus failed", listener=getattr(listener, "__qualname__", "?"))


def _unless_told_to_end(error: BaseException) -> None:
    """Whatever else it was, the line is tried anew: a line that closes under the driver's hands is a `RuntimeError`, and
    a node whose bus has ended hears nobody for the rest of its days."""
    if isinstance(error, asyncio.CancelledError) and told_to_end():
        raise error


async def _hung_up(close: Callable[[], Coroutine[None, None, None]]) -> None:
    """Hang up, also when told again and again to end meanwhile: a line left half closed would outlive this node's part."""
    closing, told = asyncio.create_task(close()), None
    until = asyncio.get_running_loop().time() + PATIENCE
    while not closing.done() and (left := until - asyncio.get_running_loop().time()) > 0:
        try:
            await asyncio.wait((closing,), timeout=left)
        except asyncio.CancelledError as cancelled:
            told = cancelled
    if closing.done():
        with suppress(Exception, asyncio.CancelledError):  # it is gone either way
            closing.result()
    closing.cancel()
    if told is not None:
        raise told
