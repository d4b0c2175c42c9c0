"""Calls of the pretend phone network: handsets ring, are answered, hear a voice, press keys, and are put through.

A call is done as its instructions say, which are asked for over HTTP and signed, as the carrier does it. Time is the
clock's that is passed in.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
import structlog

from helpline.ports import Clock
from sms.instructions import Dial, Gather, Hangup, Pause, Redirect, Say, Unreadable, Verb, read
from sms.signed_posts import NoPage

log = structlog.get_logger()

MOST_PAST = 200
ACCOUNT = "AC" + "0" * 32
KEYS = frozenset("0123456789*#")
# What the carrier gives in the place of a number that is withheld: ANONYMOUS as it is keyed on a phone.
WITHHELD = "+266696687"
# What a handset may do; besides, any key.
DEEDS = frozenset({"answer", "voicemail", "reject", "hang_up"})
# `dialling`: it has rung us and hears nothing yet. `listening`: a voice speaks, and keys may be pressed.
State = Literal["dialling", "ringing", "listening", "talking"]
# How it ended, as a phone shows it afterwards.
Ended = Literal["missed", "rejected", "over", "failed"]

Posts = Callable[[str, Mapping[str, str]], Awaitable[str]]


class Leg(msgspec.Struct):
    """One end of a call. `shown` is the number it sees; `rang` whether it rang us. `since` is when `state` began."""

    sid: str
    number: str
    shown: str
    rang: bool
    state: State
    since: datetime
    began: datetime
    answered: datetime | None = None
    machine: bool = False
    said: list[Say] = []
    does: "asyncio.Queue[str]" = msgspec.field(default_factory=asyncio.Queue)


class Past(msgspec.Struct, frozen=True):
    """A call that is over, as its handset remembers it. `seconds` are those after it was answered."""

    sid: str
    number: str
    shown: str
    rang: bool
    at: datetime
    ended: Ended
    seconds: int


class HungUp(Exception):
    """This end of the call is gone."""


class Switchboard:
    """`posts` asks our server. `ours` is the helpline's number; the carrier asks `door` about who rings it, and tells
    `door/over` when that call has ended.

    `can_ring` says of a number whether its phone is there and on: None when there is no such phone.
    """

    def __init__(
        self,
        clock: Clock,
        posts: Posts,
        *,
        ours: str,
        door: str,
        can_ring: Callable[[str], bool | None],
        changed: Callable[[], None],
    ) -> None:
        self._clock, self._posts, self._ours, self._door = clock, posts, ours, door
        self._can_ring, self._changed = can_ring, changed
        self.legs: dict[str, Leg] = {}
        self.past: list[Past] = []
        # How each call stands, in the carrier's words, the newest last.
        self.stands: dict[str, str] = {}
        self._calls: set[asyncio.Task[None]] = set()

    # -- what is asked of it ---------------------------------------------------------------------------------------

    def bridge(self, first: str, instructions: str, told: str, rings: int) -> str:
        """Ring `first` and go on as `instructions` says; `told` hears how it stands. The call's id."""
        sid = _new_sid()
        self._begin(self._outward(sid, first, instructions, told, rings))
        return sid

    def rings_us(self, number: str, *, hidden: bool = False) -> None:
        """Somebody rings the helpline from this handset, their number withheld or not. Nothing while it is on a call."""
        if number not in self.legs:
            leg = self._leg(_new_sid(), number, self._ours, rang=True)
            self._begin(self._inward(leg, WITHHELD if hidden else number))

    def does(self, sid: str, deed: str) -> None:
        """A handset answers, rejects, hangs up, or presses a key. Nothing for a call that is over."""
        for leg in self.legs.values():
            if leg.sid == sid and deed in KEYS | DEEDS:
                leg.does.put_nowait(deed)

    def hang_up(self, sid: str) -> bool:
        """The helpline ends a call. False when there is none of this id."""
        for leg in self.legs.values():
            if leg.sid == sid:
                leg.does.put_nowait("cancel")
                return True
        return False

    def cut(self) -> None:
        """The line goes down under every call."""
        for leg in self.legs.values():
            leg.does.put_nowait("cut")

    async def close(self) -> None:
        for task in tuple(self._calls):
            task.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    def _begin(self, call: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(call)
        self._calls.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._calls.discard(task)
        if not task.cancelled() and (failed := task.exception()) is not None:
            log.warning("a call broke off", error=type(failed).__name__)

    # -- the two kinds of calls ------------------------------------------------------------------------------------

    async def _outward(self, sid: str, number: str, instructions: str, told: str, rings: int) -> None:
        form = {"From": self._ours, "To": number, "Direction": "outbound-api"}
        await self._tell(told, sid, "initiated", form)
        leg, outcome = await self._ring(sid, number, self._ours, rings, told=told, form=form)
        if leg is None or outcome != "in-progress":
            await self._tell(told, sid, outcome, form)
            return
        await self._tell(told, sid, "in-progress", form)
        seconds = self._over(leg, await self._follow(leg, instructions, form))
        await self._tell(told, sid, "completed", form, CallDuration=str(seconds))

    async def _inward(self, leg: Leg, number: str) -> None:
        form = {"From": number, "To": self._ours, "Direction": "inbound"}
        seconds = self._over(leg, await self._follow(leg, self._door, form))
        await self._tell(f"{self._door}/over", leg.sid, "completed", form, CallDuration=str(seconds))

    async def _ring(
        self,
        sid: str,
        number: str,
        shown: str,
        rings: int,
        *,
        told: str,
        form: Mapping[str, str],
        caller: Leg | None = None,
    ) -> tuple[Leg | None, str]:
        """Ring a handset until it answers, and say how that went, in the carrier's words.

        `caller` waits meanwhile, and ends it by hanging up.
        """
        there = self._can_ring(number)
        if there is None:
            return None, "failed"
        if number in self.legs:
            return None, "busy"
        if not there:
            return None, "no-answer"
        leg = self._leg(sid, number, shown, rang=False)
        until = leg.began + timedelta(seconds=rings)
        await self._tell(told, sid, "ringing", form)
        while True:
            who, deed = await self._next(until, leg, caller)
            if who is leg and deed in ("answer", "voicemail"):
                leg.answered, leg.machine = self._clock.now(), deed == "voicemail"
                self._turn(leg, "listening")
                return leg, "in-progress"
            if who is caller and deed in ("hang_up", "cancel", "cut"):
                assert caller is not None
                caller.does.put_nowait(deed)
                self._over(leg, "missed")
                return None, "no-answer"
            if ended := RANG.get(deed):
                self._over(leg, ended[0])
                return None, ended[1]

    # -- following instructions ------------------------------------------------------------------------------------

    async def _follow(self, leg: Leg, url: str, form: Mapping[str, str]) -> Ended:
        """Do what the page at `url` says, and every page it leads to, until somebody hangs up."""
        try:
            verbs = await self._page(leg, url, form)
            while verbs:
                verbs = await self._through(leg, verbs, form)
        except HungUp:
            return "over"
        except (NoPage, Unreadable) as wrong:
            log.warning("the instructions of a call cannot be followed", why=str(wrong))
            return "failed"
        return "over"

    async def _page(self, leg: Leg, url: str, form: Mapping[str, str], **more: str) -> tuple[Verb, ...]:
        status = "ringing" if leg.state == "dialling" else "in-progress"
        page = await self._posts(url, _form(leg.sid, form, CallStatus=status, **more))
        if leg.answered is None:
            leg.answered = self._clock.now()
            self._turn(leg, "listening")
        return read(page, url)

    async def _through(self, leg: Leg, verbs: tuple[Verb, ...], form: Mapping[str, str]) -> tuple[Verb, ...]:
        """Verb after verb; what the next page says once one leads there, nothing at the end."""
        for verb in verbs:
            match verb:
                case Say() | Pause():
                    await self._speak(leg, verb)
                case Gather():
                    if keys := await self._keys(leg, verb):
                        return await self._page(leg, verb.action, form, Digits=keys)
                case Dial():
                    after = await self._dial(leg, verb)
                    if verb.action:
                        return await self._page(leg, verb.action, form, **after)
                case Redirect():
                    return await self._page(leg, verb.url, form)
                case Hangup():
                    return ()
        return ()

    async def _speak(self, leg: Leg, verb: Say | Pause) -> None:
        if isinstance(verb, Say):
            leg.said = [*leg.said, verb]
            self._changed()
        else:
            await self._keys(leg, Gather("", digits=0, waits=verb.seconds))

    async def _keys(self, leg: Leg, verb: Gather) -> str:
        """The keys that are pressed while it is said and in the time after; empty for none."""
        for part in verb.spoken:
            await self._speak(leg, part)
        keys = ""
        until = self._clock.now() + timedelta(seconds=verb.waits)
        while True:
            _, deed = await self._next(until, leg)
            if deed in GONE:
                raise HungUp
            if deed in KEYS:
                keys += deed
                until = max(until, self._clock.now() + timedelta(seconds=verb.waits if verb.digits else 0))
            if not deed or (keys and len(keys) == verb.digits) or keys.endswith("#"):
                return keys.removesuffix("#")

    async def _dial(self, leg: Leg, verb: Dial) -> dict[str, str]:
        """Ring the other and put both through. How it went, as the carrier tells it."""
        form = {"From": verb.shown, "To": verb.number, "Direction": "outbound-dial", "ParentCallSid": leg.sid}
        sid = _new_sid()
        before = leg.state
        await self._tell(verb.told, sid, "initiated", form)
        other, outcome = await self._ring(
            sid, verb.number, verb.shown, verb.rings, told=verb.told, form=form, caller=leg
        )
        if other is None:
            await self._tell(verb.told, sid, outcome, form)
            return {"DialCallStatus": outcome, "DialCallSid": sid}
        await self._tell(verb.told, sid, "in-progress", form)
        if verb.machine:
            by = "machine_start" if other.machine else "human"
            self._begin(self._tell(verb.machine, sid, "in-progress", form, AnsweredBy=by))
        for one in (leg, other):
            self._turn(one, "talking")
        while True:
            who, deed = await self._next(None, leg, other)
            if deed in GONE:
                break
        seconds = self._over(other, "over")
        self._turn(leg, before)
        if who is leg:
            # The page is asked about how theirs ended before this end is gone.
            leg.does.put_nowait(deed)
        await self._tell(verb.told, sid, "completed", form, CallDuration=str(seconds))
        return {"DialCallStatus": "completed", "DialCallSid": sid, "DialCallDuration": str(seconds)}

    # -- inside ----------------------------------------------------------------------------------------------------

    async def _next(self, until: datetime | None, *legs: Leg | None) -> tuple[Leg | None, str]:
        """What one of these handsets does next, and which; nobody and nothing at `until`."""
        heard = {asyncio.ensure_future(leg.does.get()): leg for leg in legs if leg is not None}
        waits: set[asyncio.Future[str] | asyncio.Future[None]] = set(heard)
        if until is not None:
            waits.add(asyncio.ensure_future(self._clock.sleep_until(until)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            done = [one for one in heard if one.done()]
            for late in done[1:]:
                heard[late].does.put_nowait(late.result())
            return (heard[done[0]], done[0].result()) if done else (None, "")
        finally:
            for one in waits:
                one.cancel()

    async def _tell(self, url: str, sid: str, status: str, form: Mapping[str, str], **more: str) -> None:
        """Say how a call stands. A server that does not hear it is not told again, as the carrier does not."""
        self.stands[sid] = status
        if len(self.stands) > MOST_PAST:
            del self.stands[next(iter(self.stands))]
        if url:
            more |= {"CallbackSource": "call-progress-events"}
            try:
                await self._posts(url, _form(sid, form, CallStatus=status, **more))
            except NoPage as lost:
                log.warning("how a call stands was not heard", why=str(lost))

    def _leg(self, sid: str, number: str, shown: str, *, rang: bool) -> Leg:
        now = self._clock.now()
        state: State = "dialling" if rang else "ringing"
        leg = self.legs[number] = Leg(sid, number, shown, rang, state, since=now, began=now)
        self._changed()
        return leg

    def _turn(self, leg: Leg, state: State) -> None:
        leg.state, leg.since = state, self._clock.now()
        self._changed()

    def _over(self, leg: Leg, ended: Ended) -> int:
        """This end is gone. For how many seconds it had been answered."""
        now = self._clock.now()
        seconds = int((now - leg.answered).total_seconds()) if leg.answered else 0
        kept = Past(leg.sid, leg.number, leg.shown, leg.rang, leg.began, ended, seconds)
        self.past = [*self.past, kept][-MOST_PAST:]
        if self.legs.get(leg.number) is leg:
            del self.legs[leg.number]
        self._changed()
        return seconds


GONE = frozenset({"hang_up", "reject", "cancel", "cut"})
# What ends the ringing, and how the handset and the carrier call it.
RANG: dict[str, tuple[Ended, str]] = {
    "": ("missed", "no-answer"),
    "reject": ("rejected", "busy"),
    "hang_up": ("rejected", "busy"),
    "cancel": ("missed", "canceled"),
    "cut": ("failed", "failed"),
}


def _new_sid() -> str:
    return f"CA{secrets.token_hex(16)}"


def _form(sid: str, form: Mapping[str, str], **more: str) -> dict[str, str]:
    return {"CallSid": sid, "AccountSid": ACCOUNT, "ApiVersion": "2010-04-01", **form, **more}
