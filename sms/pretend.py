"""The pretend phone network of the demonstration: handsets on a page in the place of people's phones.

It implements `Carrier` and nothing else knows that it is pretended. It keeps what it carried in memory, as a network
does that nobody looks into; what the helpline keeps, it keeps in its log.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime

import msgspec

from helpline.ports import Clock
from sms.carrier import Call, Kept, LineType, Refused, Unreachable
from sms.inbound import STARTS, STOPS, StatusTold, Text
from sms.switchboard import Posts, Switchboard

MOST_KEPT = 500
OPTED_OUT, NO_SUCH_NUMBER, NOT_A_MOBILE, OUT_OF_REACH = 21610, 21211, 21614, 30003
# Ofcom's mobile numbers for drama: nobody has them. Three for whoever reaches out, the others for who is on shift.
HANDSETS = ("+447700900301", "+447700900302", "+447700900303")
STAFF = tuple(f"+4477009003{last}" for last in range(11, 100))
OURS = "+441632960800"


class Handset(msgspec.Struct):
    """A phone of the page, of somebody on shift when it has an `owner`.

    `reachable` is the switch on it: off, texts are taken and do not arrive, and it does not ring.
    """

    number: str
    owner: str = ""
    reachable: bool = True
    opted_out: bool = False
    line: LineType = "mobile"


Brought = Callable[[Text], Awaitable[object]]
Told = Callable[[StatusTold], Awaitable[object]]


class PretendPhone:
    """A `Carrier`. `brought` is given what handsets send, `told` what became of what was sent to them.

    `posts` asks the helpline's server about calls, `door` about those that come to the helpline's number.
    """

    def __init__(self, clock: Clock, brought: Brought, told: Told, posts: Posts, door: str) -> None:
        self._clock, self._brought, self._told = clock, brought, told
        self.handsets = {number: Handset(number) for number in HANDSETS}
        self.calls = Switchboard(
            clock, posts, ours=OURS, door=door, can_ring=self._can_ring, changed=self._changed
        )
        self.kept: list[Kept] = []
        self.down = False
        # Texts of handsets that the helpline has not heard of.
        self.waiting: set[str] = set()
        self._on_change: list[Callable[[], None]] = []
        self._telling: set[asyncio.Task[None]] = set()

    def listen(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Be told whenever a handset shows something else. Returns what stops it."""
        self._on_change.append(changed)
        return lambda: self._on_change.remove(changed)

    # -- as the carrier --------------------------------------------------------------------------------------------

    async def send(self, to: str, text: str) -> Kept:
        handset = self._there(to)
        if handset.line != "mobile":
            raise Refused(NOT_A_MOBILE, 400)
        if handset.opted_out:
            raise Refused(OPTED_OUT, 400)
        kept = self._keep(to, OURS, text, "queued")
        task = asyncio.ensure_future(self._deliver(kept.sid, handset))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)
        return kept

    async def fetch(self, sid: str) -> Kept:
        self._heard()
        for kept in self.kept:
            if kept.sid == sid:
                return kept
        raise Refused(20404, 404)

    async def sent_to(self, to: str, since: datetime) -> AsyncIterator[Kept]:
        self._heard()
        for kept in reversed(self.kept):
            if not kept.inbound and kept.to == to and kept.at is not None and kept.at >= since:
                yield kept

    async def received(self, since: datetime) -> AsyncIterator[Kept]:
        self._heard()
        for kept in reversed(self.kept):
            if kept.inbound and kept.at is not None and kept.at >= since:
                yield kept
        if self.waiting:
            self.waiting.clear()
            self._changed()

    async def line_type(self, number: str) -> LineType:
        return self._there(number).line

    async def bridge(self, first: str, instructions: str, done: str, *, rings: int = 30) -> Call:
        self._there(first)
        return Call(self.calls.bridge(first, instructions, done, rings), "queued")

    async def call(self, sid: str) -> Call:
        self._heard()
        status = self.calls.stands.get(sid)
        if status is None:
            raise Refused(20404, 404)
        return Call(sid, status)

    async def hang_up(self, sid: str) -> None:
        self._heard()
        if not self.calls.hang_up(sid):
            raise Refused(20404, 404)

    # -- as the phones ---------------------------------------------------------------------------------------------

    def give(self, owner: str, number: str) -> None:
        """Somebody on shift has this phone."""
        self.handsets[number] = Handset(number, owner)

    def rings_us(self, number: str, *, hidden: bool = False) -> None:
        """Somebody rings the helpline from a handset. While the network is down, nothing rings."""
        if not self.down:
            self.calls.rings_us(number, hidden=hidden)

    async def types(self, number: str, words: str, media: int = 0) -> None:
        """Somebody sends a text from a handset. While the network is down, it is kept for the helpline to ask for."""
        handset = self.handsets[number]
        word = words.strip().upper()
        if word in STOPS:
            handset.opted_out = True
        elif word in STARTS:
            handset.opted_out = False
        kept = self._keep(OURS, number, words, "received", inbound=True, media=media)
        self.waiting.add(kept.sid)
        if not self.down:
            opted = "STOP" if word in STOPS else "START" if word in STARTS else ""
            await self._brought(Text(kept.sid, number, OURS, words, media, opted))  # type: ignore[arg-type]
            self.waiting.discard(kept.sid)
        self._changed()

    def switch(self, number: str, *, reachable: bool) -> None:
        """A handset goes off, or on."""
        self.handsets[number].reachable = reachable
        self._changed()

    def cut(self, *, down: bool) -> None:
        """The whole network goes away, with every call on it, or comes back."""
        self.down = down
        if down:
            self.calls.cut()
        self._changed()

    async def settled(self) -> None:
        """Once everything under way has been told."""
        while self._telling:
            await asyncio.wait(tuple(self._telling))

    async def close(self) -> None:
        await self.calls.close()
        for task in tuple(self._telling):
            task.cancel()
        await asyncio.gather(*self._telling, return_exceptions=True)

    # -- inside ----------------------------------------------------------------------------------------------------

    async def _deliver(self, sid: str, handset: Handset) -> None:
        steps = ("sent", "delivered") if handset.reachable else ("sent", "undelivered")
        for status in steps:
            code = OUT_OF_REACH if status == "undelivered" else 0
            self.kept = [
                msgspec.structs.replace(one, status=status, code=code) if one.sid == sid else one
                for one in self.kept
            ]
            self._changed()
            if not self.down:
                await self._told(StatusTold(sid, status, code))

    def _keep(
        self, to: str, from_: str, text: str, status: str, *, inbound: bool = False, media: int = 0
    ) -> Kept:
        sid = f"SM{secrets.token_hex(16)}"
        kept = Kept(sid, status, to, from_, text, inbound, self._clock.now(), media=media)
        self.kept = [*self.kept, kept][-MOST_KEPT:]
        self._changed()
        return kept

    def _there(self, number: str) -> Handset:
        self._heard()
        handset = self.handsets.get(number)
        if handset is None:
            raise Refused(NO_SUCH_NUMBER, 400)
        return handset

    def _can_ring(self, number: str) -> bool | None:
        handset = self.handsets.get(number)
        return handset.reachable if handset is not None else None

    def _heard(self) -> None:
        if self.down:
            raise Unreachable("the line is down", unknown=False)

    def _changed(self) -> None:
        for changed in self._on_change:
            changed()
