"""What changed in the core, told to the pages that may know it.

Called synchronously, in order for each contact, right after a change is durable. A frame goes straight into each
socket's queue, encoded once. Mere words cause no summary, no status and nothing on the board but their event.

The person's side: a frame goes out only for a talk event, or when their own state differs from what they were last
shown. A hidden event (a note, a rung, an offer, watching) therefore sends them nothing.
"""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Literal

import msgspec
import structlog

from helpline import tonight
from helpline.attendance import Attendance
from helpline.contact import Contact
from helpline.events import Accepted, Event, Left, OfferEnded, Said
from helpline.logbook import Change
from helpline.service import Helpline
from helpline.showing import alert, for_person, for_staff, same_but_for_words, talk_numbers
from helpline.talking import Message
from webchat.doorway import DOOR_ROOM, Doorway
from webchat.engine import Caller
from webchat.sockets import Namespace
from webchat.staff_sockets import staff_room

log = structlog.get_logger()

QUEUE_EVERY = 10.0
FIGURES_EVERY = 1.0
SEEN_EVERY = 5.0
NUMBERS_KEPT = 400


def person_room(contact: str) -> str:
    """Every tab of one person."""
    return contact


def watch_room(contact: str) -> str:
    """Those who watch one contact from the board."""
    return f"watch:{contact}"


DESK_ROOM = "desk"
BOARD_ROOM = "board"


class Passing(msgspec.Struct, frozen=True, array_like=True):
    """A frame about a contact that is shown and not kept: to its `person`, or to the `staff` who follow it."""

    to: Literal["person", "staff"]
    contact: str
    event: str
    body: dict[str, Any]
    but: str = ""


class Announcing:
    """Turns each change into frames for `/person`, `/desk` and `/board`."""

    def __init__(self, helpline: Helpline, person: Namespace, desk: Namespace, board: Namespace) -> None:
        self._helpline = helpline
        self._person, self._desk, self._board = person, desk, board
        self._sending: dict[tuple[str, str], Caller] = {}
        self._shown: dict[str, dict[str, Any]] = {}
        self._numbers: dict[str, deque[tuple[int, int]]] = {}
        self._marks: dict[str, dict[str, int]] = {}
        self._later: set[asyncio.TimerHandle] = set()
        self._board_due = False
        self._stop = helpline.listen(self.heard)
        helpline.rota.listen(lambda before, after: self._shifts_changed())
        helpline.phrases.listen(self._phrases_changed)
        helpline.on_presence(self._staff_moved)
        self._stop_overhearing = helpline.bus.overhear("shown", self._shown_elsewhere)
        self.doorway = Doorway(helpline, self._door_moved, self._board_soon)
        self._queues = asyncio.create_task(self._every_ten_seconds())

    async def close(self) -> None:
        """Tell nobody any more, after writing what has been read."""
        self._stop()
        self._stop_overhearing()
        await self.doorway.close()
        self._queues.cancel()
        for timer in self._later:
            timer.cancel()
        for contact in tuple(self._marks):
            await self._keep_marks(contact)
        await asyncio.gather(self._queues, return_exceptions=True)

    @contextmanager
    def sending(self, caller: Caller, author: str, messages: Sequence[Message]) -> Iterator[None]:
        """While this socket says these, the acknowledgement is its copy: it gets no event for them."""
        keys = [(author, message.client_id) for message in messages]
        for key in keys:
            self._sending[key] = caller
        try:
            yield
        finally:
            for key in keys:
                self._sending.pop(key, None)

    # -- what changed --------------------------------------------------------------------------------------------

    def heard(self, change: Change) -> None:
        """A listener of the core."""
        after = change.after
        if isinstance(after, Contact):
            self._events(change.before, after, change.events)
            if type(change.events[0].body) is Said and same_but_for_words(change.before, after):
                return
            self._contact_changed(change.before, after, change.events)
        elif isinstance(after, Attendance):
            self._attendance_changed(after, change.events)

    def _events(self, before: Contact, after: Contact, events: Sequence[Event]) -> None:
        contact, talk = after.log, before.talk
        desks = [staff_room(one.id) for one in after.participants]
        desks += [staff_room(one.id) for one in before.participants if after.part(one.id) is None]
        for event in events:
            body = event.body
            sender = self._sender(event)
            if body.talk:
                talk += 1
                members = self._person.rooms.get(person_room(contact))
                if members:
                    self._number(contact, talk, event.seq)
                    if len(members) > 1 or sender not in members:
                        seen = for_person(event, contact, talk)
                        self._person.push("event", seen, person_room(contact), but=sender)
                if type(body) is Left and body.why == "quick":
                    self._hang_up(contact)
            watched = watch_room(contact) in self._board.rooms
            if desks or watched:
                seen = for_staff(event, contact)
                self._desk.push("event", seen, *desks, but=sender)
                if watched:
                    self._board.push("event", seen, watch_room(contact))

    def _hang_up(self, contact: str) -> None:
        """After a quick exit no tab of theirs stays on the line, however they left."""
        for tab in tuple(self._person.rooms.get(person_room(contact), ())):
            self._person.drop(tab)

    def _sender(self, event: Event) -> Caller | None:
        body = event.body
        return self._sending.get((event.by.id, body.client_id)) if type(body) is Said else None

    def _contact_changed(self, before: Contact, after: Contact, events: Sequence[Event]) -> None:
        if not same_but_for_words(before, after):
            self._summaries(before, after)
            self._offers(before, after, events)
            self._alerts(before, after)
        self.tell_status(after.log)

    def _summaries(self, before: Contact, after: Contact) -> None:
        summary = tonight.summary_of(self._helpline, after)
        self._desk.push("contact", {"summary": summary}, *(staff_room(one.id) for one in after.participants))
        for one in before.participants:
            if after.part(one.id) is None:
                gone = {"contact": after.log, "phase": summary["phase"], "owner": summary["owner"]}
                self._desk.push("contact_gone", gone, staff_room(one.id))
        if BOARD_ROOM in self._board.rooms:
            shown: dict[str, Any] = {"gone": after.log}
            if after.live:
                waiting = after.phase == "waiting"
                shown = {"contact": tonight.waiting_of(self._helpline, after) if waiting else summary}
            self._board.push("change", shown, BOARD_ROOM)
            self._board_soon()

    def _offers(self, before: Contact, after: Contact, events: Sequence[Event]) -> None:
        was, now = before.offer, after.offer
        if was is not None and (now is None or now.offer != was.offer):
            gone = {"offer": was.offer, "why": _why_gone(was.offer, events)}
            self._desk.push("offer_gone", gone, staff_room(was.supporter))
        if now is not None and (was is None or was.offer != now.offer):
            self._desk.push("offer", tonight.offer_of(self._helpline, after), staff_room(now.supporter))

    def _alerts(self, before: Contact, after: Contact) -> None:
        for one in after.alerts:
            if one in before.alerts:
                continue
            shown = alert(after, one)
            concerned = {part.id for part in after.participants} | {who.id for who in self._helpline.leads()}
            self._desk.push("alert", shown, *(staff_room(who) for who in concerned))
            self._board.push("change", {"alert": shown}, BOARD_ROOM)

    def _attendance_changed(self, after: Attendance, events: Sequence[Event]) -> None:
        if any(getattr(event.body, "handover", None) for event in events):
            left = {"handover": tonight.handover(self._helpline)}
            self._desk.push("handover", left, DESK_ROOM)
            self._board.push("change", left, BOARD_ROOM)
        room = staff_room(after.supporter)
        if room in self._desk.rooms:
            self._desk.push("attendance", tonight.attendance_of(self._helpline, after.supporter), room)
        self._board_soon()

    def _shifts_changed(self) -> None:
        """The rota was changed: whoever is on may go home at another time."""
        for attendance in self._helpline.roster.checked_in():
            self._attendance_changed(attendance, ())

    def _phrases_changed(self) -> None:
        self._board.push("change", {"no_phrases": tonight.no_phrases(self._helpline)}, BOARD_ROOM)

    def nodes_stand(self) -> None:
        """Whether the nodes of the service hear each other may have changed."""
        self._board.push("change", {"nodes": tonight.nodes(self._helpline)}, BOARD_ROOM)

    def phone_silent(self, since: datetime | None) -> None:
        """The carrier of texts and calls has not been heard since then; None: it is heard again."""
        self._helpline.phone_silent_since = since
        self._board.push("change", {"phone": tonight.phone(self._helpline)}, BOARD_ROOM)

    def presence_changed(self, account: str) -> None:
        """A supporter's page opened or closed. Whoever is at a desk is told when it is the lead's."""
        self._board_soon()
        lead = self._helpline.roster.in_role("lead", self._helpline.clock.now())
        if lead is not None and lead.id == account:
            self._desk.push("lead", tonight.lead_now(self._helpline), DESK_ROOM)

    def _staff_moved(self) -> None:
        """The same at another node; whose page it was is not asked."""
        self._board_soon()
        self._desk.push("lead", tonight.lead_now(self._helpline), DESK_ROOM)
        self.nodes_stand()

    # -- the person's own state ----------------------------------------------------------------------------------

    def state_for(self, contact: str) -> dict[str, Any]:
        """`state`, remembered as what this person was last shown."""
        state = self._helpline.person_state(contact)
        if person_room(contact) in self._person.rooms:
            self._shown[contact] = state
        return state

    def tell_status(self, contact: str) -> None:
        """Push `status` when anything but the place in the queue differs from what was shown."""
        if person_room(contact) not in self._person.rooms:
            return
        shown = self._shown.get(contact)
        state = self._helpline.person_state(contact)
        if shown is None or {**state, "queue": None} != {**shown, "queue": None}:
            self._shown[contact] = state
            self._person.push("status", {"state": state}, person_room(contact))
            if state["phase"] == "stored" and (shown is None or shown["phase"] != "stored"):
                self._person.push("door", self.doorway.look(), person_room(contact))

    def _door_moved(self, door: dict[str, Any]) -> None:
        """To those who have not begun, and those whose words are stored; nobody in the queue or a talk is told."""
        stored = [contact for contact, shown in self._shown.items() if shown["phase"] == "stored"]
        for contact in stored:
            self.tell_status(contact)
        self._person.push("door", door, DOOR_ROOM, *(person_room(contact) for contact in stored))
        self._board_soon()

    def person_left(self, contact: str) -> None:
        """Their last page closed."""
        self._shown.pop(contact, None)
        self._numbers.pop(contact, None)

    async def _every_ten_seconds(self) -> None:
        while True:
            await asyncio.sleep(QUEUE_EVERY)
            try:
                self.tell_queues()
            except Exception:
                log.exception("places in the queue were not told; they are in a while")

    def tell_queues(self) -> None:
        """Push `queue` to everybody who waits and whose place or estimate reads differently from what was shown."""
        for contact, shown in tuple(self._shown.items()):
            if shown["phase"] == "waiting":
                self._tell_queue(contact, shown)

    def _tell_queue(self, contact: str, shown: dict[str, Any]) -> None:
        state = self._helpline.person_state(contact)
        if state["queue"] is not None and state["queue"] != shown["queue"]:
            self._shown[contact] = state
            self._person.push("queue", state["queue"], person_room(contact))

    # -- typing and reading --------------------------------------------------------------------------------------

    def person_types(self, contact: str, on: bool) -> None:
        self._show(Passing("staff", contact, "typing", {"contact": contact, "on": on, "name": ""}))

    def staff_types(self, fold: Contact, author: str, name: str, on: bool) -> None:
        typing = {"on": on, "name": name}
        self._show(Passing("person", fold.log, "typing", typing))
        self._show(Passing("staff", fold.log, "typing", {"contact": fold.log, **typing}, but=author))

    def _show(self, passing: Passing) -> None:
        """Show what nobody keeps, at every node."""
        self._show_here(passing)
        if not self._helpline.bus.alone:
            self._helpline.bus.pass_on("shown", msgspec.msgpack.encode(passing))

    def _show_here(self, passing: Passing) -> None:
        contact = passing.contact
        if passing.to == "person":
            self._person.push(passing.event, passing.body, person_room(contact))
            return
        fold: Contact | None = self._helpline.logbook.held(contact)
        if fold is not None:
            desks = (staff_room(one.id) for one in fold.participants if one.id != passing.but)
            self._desk.push(passing.event, passing.body, *desks)
            self._board.push(passing.event, passing.body, watch_room(contact))

    def _shown_elsewhere(self, _node: str, body: bytes) -> None:
        self._show_here(msgspec.msgpack.decode(body, type=Passing))

    async def person_has_seen(self, contact: str, talk: int) -> None:
        """Their watermark: shown at once, kept with the next write or after 5 s."""
        fold = await self._helpline.contact(contact)
        talk = min(talk, fold.talk)
        if talk > max(fold.seen_person, self._marks.get(contact, {}).get("person", 0)):
            self._mark(contact, "person", talk)
            seq = await self._seq_of(contact, talk)
            self._show(Passing("staff", contact, "seen", {"contact": contact, "seq": seq}))

    async def staff_has_seen(self, contact: str, seq: int) -> None:
        """How far their supporter has read; the person is told in their own numbers."""
        fold = await self._helpline.contact(contact)
        seq = min(seq, fold.seq)
        if seq > max(fold.seen_supporter, self._marks.get(contact, {}).get("supporter", 0)):
            self._mark(contact, "supporter", seq)
            if person_room(contact) in self._person.rooms or not self._helpline.bus.alone:
                talk = await self._talk_of(contact, seq)
                self._show(Passing("person", contact, "seen", {"seq": talk}))

    def _mark(self, contact: str, whose: str, number: int) -> None:
        fresh = contact not in self._marks
        self._marks.setdefault(contact, {})[whose] = number
        if fresh:
            keep = self._keep_marks
            self._after(SEEN_EVERY, lambda: self._helpline.in_background(keep(contact)))

    async def _keep_marks(self, contact: str) -> None:
        marks = self._marks.pop(contact, None)
        if marks is not None:
            if "person" in marks:
                await self._helpline.seen_by_person(contact, marks["person"])
            if "supporter" in marks:
                await self._helpline.seen_by_supporter(contact, marks["supporter"])

    def _number(self, contact: str, talk: int, seq: int) -> None:
        numbers = self._numbers.get(contact)
        if numbers is None:
            numbers = self._numbers[contact] = deque(maxlen=NUMBERS_KEPT)
        numbers.append((talk, seq))

    async def _seq_of(self, contact: str, talk: int) -> int:
        numbers = self._numbers.get(contact, ())
        if numbers and numbers[0][0] <= talk <= numbers[-1][0]:
            return numbers[talk - numbers[0][0]][1]
        return await self._helpline.seq_of_talk(contact, talk) if talk else 0

    async def _talk_of(self, contact: str, seq: int) -> int:
        numbers = self._numbers.get(contact)
        if numbers and numbers[0][1] <= seq:
            return max(talk for talk, own in numbers if own <= seq)
        read = talk_numbers(await self._helpline.logbook.read(contact, 0, seq), 0)
        return read[-1][0] if read else 0

    # -- the board's figures -------------------------------------------------------------------------------------

    def _board_soon(self) -> None:
        """Supporters and figures, at most once a second however much changes."""
        if not self._board_due and BOARD_ROOM in self._board.rooms:
            self._board_due = True
            self._after(FIGURES_EVERY, self._tell_board)

    def _tell_board(self) -> None:
        self._board_due = False
        core = self._helpline
        for change in (
            {"supporters": tonight.supporters(core)},
            {"figures": tonight.figures(core)},
            {"open": tonight.door_of(core)},
        ):
            self._board.push("change", change, BOARD_ROOM)

    def _after(self, seconds: float, act: Any) -> None:
        def acted() -> None:
            self._later.discard(timer)
            act()

        timer = asyncio.get_running_loop().call_later(seconds, acted)
        self._later.add(timer)


def _why_gone(offer: str, events: Sequence[Event]) -> str:
    for event in events:
        if isinstance(event.body, OfferEnded) and event.body.offer == offer:
            return event.body.why
        if isinstance(event.body, Accepted) and event.body.offer == offer:
            return "accepted_elsewhere"
    return "withdrawn"
