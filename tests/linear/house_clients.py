"""Clients of the service at one node: people who come and write, supporters and a lead with a window at every node.

What one of them sees at one node, the windows at the others know at once, faster than the nodes tell each other. So the
same press comes to several nodes together, and to nodes that have not heard yet of what it is about.
"""

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import suppress
from typing import Any

import msgspec

from helpline import attendance
from helpline.attendance import Attendance
from helpline.contact import Contact
from helpline.errors import NotSaved
from helpline.events import PERSON, Said
from helpline.logbook import Change
from helpline.people import Principal
from helpline.service import Helpline
from helpline.talking import Message
from tests.linear.recording import UNKNOWN, Recorder

STAFF = ("s0", "s1", "s2", "s3")
LEAD = "lead"
COMES_AND_GOES = "careful"
"""Speaks only Polish, so that nobody is offered to them."""
HELD_BY_HAND = "hands"
"""Speaks only Welsh; clients hold and free their slots as the dispatcher does."""
AT_ONCE = 8
TALKING_EVERY = 4
WORDS_AT_ONCE = 4
SLOTS_OF = 5


class Seen(msgspec.Struct):
    """A contact, as the fastest window has it."""

    contact: str
    seq: int
    phase: str
    owner: str = ""
    offer: str = ""
    offered_to: str = ""


class HouseClients(asyncio.DatagramProtocol):
    """The clients at one node. Set `enough` and they stop."""

    def __init__(
        self, helpline: Helpline, recorder: Recorder, name: str, chance: random.Random, pause: float
    ) -> None:
        self.enough = False
        self._helpline, self._recorder, self._name, self._chance = helpline, recorder, name, chance
        self._pause = pause
        self._numbers = itertools.count(1)
        self._seen: dict[str, Seen] = {}
        self._words: dict[str, int] = {}
        self._begun = 0
        self._windows: tuple[int, ...] = ()
        self._line: asyncio.DatagramTransport | None = None
        self._pressing: set[asyncio.Task[Any]] = set()

    # -- windows ---------------------------------------------------------------------------------------------------

    async def open(self, window: int, windows: tuple[int, ...]) -> None:
        """Everybody comes on shift at every node at once, each in several windows."""
        loop = asyncio.get_running_loop()
        self._line, _ = await loop.create_datagram_endpoint(lambda: self, ("127.0.0.1", window))
        self._windows = tuple(one for one in windows if one != window)
        self._helpline.listen(self._heard)
        for who in (*STAFF, LEAD, HELD_BY_HAND):
            self._helpline.supporter_connected(who)
        everybody = (*STAFF, LEAD, HELD_BY_HAND, COMES_AND_GOES)
        await asyncio.gather(*(self._comes_on(who) for who in everybody))

    async def _comes_on(self, who: str) -> None:
        while True:
            with suppress(NotSaved):
                if self._helpline.cabinets.extras.get(who) is None:
                    await self._helpline.let_on(self._who(LEAD), who, "the histories")
                await self._check_in(f"{self._name} {who}", who)
                if self._helpline.roster.attendance(who) is not None:
                    if who in (*STAFF, HELD_BY_HAND):
                        await self._helpline.ready(self._who(who))
                    return

    def close(self) -> None:
        if self._line is not None:
            self._line.close()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        told = msgspec.msgpack.decode(data, type=Seen | int)
        if isinstance(told, int):
            self._begun = max(self._begun, told)
        else:
            self._see(told)

    def _tell(self, told: Seen | int) -> None:
        if self._line is not None:
            for port in self._windows:
                self._line.sendto(msgspec.msgpack.encode(told), ("127.0.0.1", port))

    def _heard(self, change: Change) -> None:
        fold = change.after
        if isinstance(fold, Contact):
            offer = fold.offer
            told = Seen(
                fold.log, fold.seq, fold.phase, fold.owner, *((offer.offer, offer.supporter) if offer else ())
            )
            self._see(told)
            if change.here:
                self._tell(told)

    def _see(self, told: Seen) -> None:
        before = self._seen.get(told.contact)
        if before is None or before.seq < told.seq:
            self._seen[told.contact] = told

    # -- who asks --------------------------------------------------------------------------------------------------

    def everybody(self) -> Iterator[Coroutine[Any, Any, None]]:
        yield self._goes_on(self._somebody_comes, "door")
        yield self._goes_on(self._writes, "person")
        yield self._goes_on(self._slots, "slots")
        yield self._goes_on(self._comes_or_goes, COMES_AND_GOES)
        for who in STAFF:
            yield self._goes_on(self._supporter, who)
        yield self._goes_on(self._lead, LEAD)

    async def _goes_on(self, ask: Callable[[str, str], Awaitable[None]], who: str) -> None:
        while not self.enough:
            with suppress(NotSaved):
                await ask(f"{self._name} {who}", who)
            await asyncio.sleep(self._chance.random() * self._pause)

    def _who(self, id: str) -> Principal:
        account = self._helpline.people.get(id)
        assert account is not None
        return account.principal

    def _id(self) -> str:
        return f"{self._name} {next(self._numbers)}"

    # -- people ----------------------------------------------------------------------------------------------------

    async def _somebody_comes(self, client: str, _: str) -> None:
        """The same person at several nodes, now and then in the same moment."""
        if sum(one.phase in ("waiting", "live", "wrap_up") for one in self._seen.values()) >= AT_ONCE:
            return
        number = self._begun + self._chance.choice((0, 1))
        if number > self._begun:
            self._begun = number
            self._tell(number)
        token = f"{number:043d}"

        async def start() -> str:
            begun = await self._helpline.start(token, client_id=self._id(), language="en")
            return begun.contact

        await self._recorder.asked(client, f"person {number}", ("start",), start)

    async def _writes(self, client: str, _: str) -> None:
        """Words with the same id from several nodes: whichever is kept first, all are told its place."""
        contact = self._some(lambda one: one.phase in ("waiting", "live"))
        if contact is None:
            return
        number = self._words.get(contact, 0) + 1
        words = [Message(f"w-{number + n}", f"word {number + n}") for n in range(self._chance.randint(1, 2))]
        if self._chance.random() < 0.6:
            self._words[contact] = number + len(words) - 1

        async def say() -> tuple[int, ...]:
            said = await self._helpline.say(contact, PERSON, words)
            return said.seqs or (said.seq,)

        ids = tuple(word.client_id for word in words)
        await self._recorder.asked(client, f"talk {contact}", ("say", ids), say)
        if self._chance.random() < 0.3:
            await self._reads_the_talk(client, contact)

    async def _reads_the_talk(self, client: str, contact: str) -> None:
        async def read() -> tuple[tuple[str, int], ...]:
            return tuple(
                (event.body.client_id, event.seq)
                for event in await self._helpline.logbook.read(contact)
                if isinstance(event.body, Said)
            )

        await self._recorder.asked(client, f"talk {contact}", ("read",), read)

    def _some(self, wanted: Callable[[Seen], bool]) -> str | None:
        found = [one.contact for one in self._seen.values() if wanted(one)]
        return self._chance.choice(found) if found else None

    # -- shifts and slots ------------------------------------------------------------------------------------------

    async def _check_in(self, client: str, who: str) -> None:
        async def come() -> str:
            shift = await self._helpline.check_in(self._who(who), client_id=self._id(), sound=True)
            return shift.log

        await self._recorder.asked(client, f"shift {who}", ("check_in",), come)

    async def _comes_or_goes(self, client: str, who: str) -> None:
        if self._chance.random() < 0.6:
            await self._check_in(client, who)
            return

        async def go() -> tuple[str]:
            shift = await self._helpline.check_out(self._who(who), client_id=self._id())
            return (shift.log,)

        await self._recorder.asked(client, f"shift {who}", ("check_out",), go)

    def _shift_of(self, who: str) -> Attendance:
        shift = self._helpline.roster.attendance(who)
        assert shift is not None
        return shift

    async def _slots(self, client: str, _: str) -> None:
        log = self._shift_of(HELD_BY_HAND).log
        contact = f"c-{self._chance.randrange(SLOTS_OF)}"
        held = self._chance.random() < 0.6
        decide = (
            attendance.hold_slot(contact, self._id()) if held else attendance.free_slot(contact, "by hand")
        )

        async def change() -> str | int:
            # That there is nothing to do, a node says by what it has heard; whoever must be sure asks first.
            await self._helpline.logbook.newest(log)
            wrote = await self._helpline.logbook.change(log, decide)
            return wrote.events[0].seq if wrote.events else "no"

        await self._recorder.asked(client, log, ("hold" if held else "free", contact), change)
        if self._chance.random() < 0.3:

            async def read() -> tuple[str, ...]:
                shift: Attendance = await self._helpline.logbook.newest(log)
                return tuple(sorted(shift.slots))

            await self._recorder.asked(client, log, ("read",), read)

    # -- hands -----------------------------------------------------------------------------------------------------

    async def _press(
        self,
        client: str,
        contact: str,
        asked: tuple[str, ...],
        press: Callable[[str], Awaitable[Any]],
        id: str = "",
    ) -> None:
        """One press, with an id of its own by which it is found in the log afterwards."""
        id = id or self._id()

        async def work() -> tuple[str]:
            await press(id)
            return ("done",)

        await self._recorder.asked(client, contact, (*asked, id), work)

    async def _supporter(self, client: str, who: str) -> None:
        turn = self._chance.random()
        offers = [one for one in self._seen.values() if one.offer]
        mine = [one for one in offers if one.offered_to == who]
        if mine and turn < 0.8:
            await self._answers(client, who, self._chance.choice(mine))
        elif offers and turn < 0.1:
            await self._accepts(client, who, self._chance.choice(offers))
        else:
            await self._with_theirs(client, who)

    async def _answers(self, client: str, who: str, seen: Seen) -> None:
        turn = self._chance.random()
        if turn < 0.1:
            decline = lambda id: self._helpline.decline(self._who(who), seen.offer, None, id)  # noqa: E731
            await self._press(client, seen.contact, ("decline", who, seen.offer), decline)
        elif turn < 0.3:
            # In two windows of one node at once, each with an id of its own.
            await asyncio.gather(*(self._accepts(f"{client} {n}", who, seen) for n in (1, 2)))
        else:
            # The id that every window of theirs sends, should it be pressed there too.
            await self._accepts(client, who, seen, f"{who} {seen.offer}")

    async def _accepts(self, client: str, who: str, seen: Seen, id: str = "") -> None:
        accept = lambda id: self._helpline.accept(self._who(who), seen.offer, id)  # noqa: E731
        await self._press(client, seen.contact, ("accept", who, seen.offer), accept, id)

    async def _with_theirs(self, client: str, who: str) -> None:
        contact = self._some(lambda one: one.owner == who and one.phase in ("live", "wrap_up"))
        if contact is None or self._chance.random() < 0.3:
            await self._looks(client)
            return
        helpline, me = self._helpline, self._who(who)
        over = self._seen[contact].phase == "wrap_up"
        turn = self._chance.random()
        if over or turn < 0.1:
            end = lambda id: helpline.wrap_up(me, contact, "talked", id)  # noqa: E731
            await self._press(client, contact, ("wrap_up", who), end)
        elif turn < 0.4:
            to = self._chance.choice([one for one in STAFF if one != who])
            transfer = lambda id: helpline.transfer(me, contact, to, id)  # noqa: E731
            await self._press(client, contact, ("transfer", who, to), transfer)
        elif turn < 0.55:
            release = lambda id: helpline.release(me, contact, "queue", id)  # noqa: E731
            await self._press(client, contact, ("release", who), release)
        elif turn < 0.8:
            close = lambda id: helpline.close_contact(me, contact, id)  # noqa: E731
            await self._press(client, contact, ("close", who), close)

    async def _lead(self, client: str, who: str) -> None:
        if self._chance.random() < 0.6:
            await self._with_theirs(client, who)
            return
        contact = self._some(lambda one: one.phase in ("waiting", "live"))
        if contact is not None:
            take = lambda id: self._helpline.take_over(self._who(who), contact, id)  # noqa: E731
            await self._press(client, contact, ("take_over", who), take)

    async def _looks(self, client: str) -> None:
        contact = self._some(lambda one: one.phase != "ended")
        if contact is None:
            return

        async def read() -> tuple[str, str, str, int]:
            fold = await self._helpline.newest(contact)
            return fold.phase, fold.owner, fold.offer.offer if fold.offer else "", fold.seq

        said = await self._recorder.asked(client, contact, ("read",), read)
        if said is not UNKNOWN and not isinstance(said, str):
            held = self._helpline.logbook.held(contact)
            if held is not None:
                self._see(
                    Seen(
                        contact,
                        said[3],
                        said[0],
                        said[1],
                        said[2],
                        held.offer.supporter if held.offer else "",
                    )
                )
