"""Coming on shift, being ready for offers, and going home."""

import asyncio

from helpline import attendance, leaving, offers, tonight
from helpline.attendance import Attendance
from helpline.contact import Contact, new_id
from helpline.errors import ClaimTaken, NotAllowed, NotNow
from helpline.events import By, CheckedIn, CheckedOut, HandoverLeft
from helpline.logbook import Decide
from helpline.people import Principal
from helpline.person_side import PersonSide
from helpline.talking import digest


def as_supporter(who: Principal) -> By:
    return By("supporter", who.id, who.name)


def as_lead(who: Principal) -> By:
    return By("lead", who.id, who.name)


def is_lead(who: Principal) -> bool:
    return who.is_any("lead", "on_call", "second_on_call", "supervisor")


class OnShift(PersonSide):
    """What staff do about their own shift. Somebody is on shift once, at however many nodes they have a window."""

    def attendance_of(self, who: Principal) -> Attendance:
        """Their shift; `NotNow` when they have not checked in."""
        held = self.roster.attendance(who.id)
        if held is None:
            raise NotNow("Please check in first.")
        return held

    async def check_in(
        self, who: Principal, *, client_id: str, sound: bool = False, notes_read: bool = False
    ) -> Attendance:
        """Start the shift: on the rota now or within half an hour, or let on by a lead. Twice is once.

        `notes_read`: they read what the shifts before left in writing; how much that was is kept.
        """
        async with self.checking_in.setdefault(who.id, asyncio.Lock()):
            mark = digest("check_in")
            before = await self._shift_before(who, client_id, mark)
            held = before or await self._shift_now(who)
            read = len(tonight.handover(self)) if notes_read else 0
            return held or await self._check_in(who, client_id, mark, sound=sound, notes_read=read)

    async def _check_in(
        self, who: Principal, client_id: str, mark: str, *, sound: bool, notes_read: int
    ) -> Attendance:
        now = self.clock.now()
        account = self.people.get(who.id)
        if account is None or not account.active:
            raise NotAllowed
        duty = self.roster.coming_on(who.id, now)
        extra = self.cabinets.extras.get(who.id)
        let_on = extra is not None and extra.until > now
        if duty is None and not let_on:
            raise NotAllowed("You are not on the rota now. The lead can let you on.")
        body = CheckedIn(
            supporter=who.id,
            roles=account.roles,
            shown_name=account.shown_name,
            languages=account.languages,
            channels=self.roster.channels_of(account),
            capacity=self.roster.capacity_of(account),
            sound=sound,
            extra=extra.by if extra is not None and duty is None else "",
            until=self.roster.stays_until(duty) if duty else None,
            notes_read=notes_read,
            client_id=client_id,
            digest=mark,
        )
        begin, claims = (
            attendance.check_in(as_supporter(who), body),
            (self._shift_claim(who, client_id), self._on(who)),
        )
        while True:
            log_id = new_id("a-")
            await self.logbook.create(log_id)
            try:
                fold: Attendance = (await self.logbook.change(log_id, begin, claims=claims)).fold
                return fold
            except ClaimTaken as taken:
                # In another window, at another node, in this same moment; or one that ended as a crash came.
                self.logbook.forget_unwritten(log_id)
                there: Attendance = await self.logbook.newest(taken.log)
                if there.checked_in or taken.claim != self._on(who):
                    return there
                await self.store.release(taken.log, [taken.claim])

    def _on(self, who: Principal) -> bytes:
        """That they are on shift: somebody is once, at however many nodes they have a window."""
        return self.keys.claim("on shift", who.id)

    async def _shift_now(self, who: Principal) -> Attendance | None:
        """Their shift, also where another node began or ended it this very moment."""
        held = self.roster.attendance(who.id)
        if self.bus.alone:
            return held
        found = await self.store.find(self._on(who))
        log = found[0] if found else held.log if held else ""
        shift: Attendance | None = await self.logbook.newest(log) if log else None
        return shift if shift is not None and shift.checked_in else None

    async def _on_shift(self, who: Principal) -> Attendance:
        """The same; `NotNow` when they are not on shift."""
        shift = await self._shift_now(who)
        if shift is None:
            raise NotNow("Please check in first.")
        return shift

    def _shift_claim(self, who: Principal, client_id: str) -> bytes:
        return self.keys.claim("shift", who.id, client_id)

    async def _shift_before(self, who: Principal, client_id: str, mark: str) -> Attendance | None:
        """The shift that an earlier call with this id began or ended. `ClientIdReused` when it was another call."""
        found = await self.store.find(self._shift_claim(who, client_id))
        if found is None:
            return None
        fold: Attendance = await self.logbook.load(found[0])
        return fold if await self.logbook.repeat_of(found[0], as_supporter(who), client_id, mark) else None

    async def _shift(self, who: Principal, decide: Decide) -> Attendance:
        fold: Attendance = (await self.logbook.change(self.attendance_of(who).log, decide)).fold
        return fold

    async def ready(
        self, who: Principal, channels: tuple[str, ...] | None = None, capacity: int | None = None
    ) -> Attendance:
        """Ready for offers, clamped to the profile."""
        return await self._shift(who, attendance.be_ready(as_supporter(who), channels, capacity))

    async def away(self, who: Principal, reason: str) -> Attendance:
        """`pause`, `idle` or `break`. A standing offer goes on to the next."""
        minutes = self.roster.break_minutes(who.id) if reason == "break" else 0
        fold = await self._shift(who, attendance.be_away(as_supporter(who), reason, minutes))
        for contact, offer in fold.slots.items():
            await self.logbook.change(contact, offers.end_offer(offer, "withdrawn"))
        return fold

    async def leave_handover(self, who: Principal, text: str, client_id: str) -> Attendance:
        """A word for the next shift, at any time during this one."""
        body = HandoverLeft(text, client_id, digest("handover", text))
        return await self._shift(who, attendance.leave_handover(as_supporter(who), body))

    async def check_out(
        self,
        who: Principal,
        *,
        client_id: str,
        alright: str = "",
        handover: str | None = None,
        on_ladder: str | None = None,
    ) -> Attendance:
        """End the shift. `NotNow` while anybody is still with them. A standing offer goes on to the next.

        A lead says why (`on_ladder`) when they go while anybody is at rung 2 or above; else
        `StillOnTheLadder` names those.
        """
        mark = digest("check_out", alright, handover, *([on_ladder] if on_ladder else []))
        before = await self._shift_before(who, client_id, mark)
        if before is not None:
            return before
        left = leaving.still_there(self.contacts(), who.id) if is_lead(who) else []
        if left and not (on_ladder or "").strip():
            raise leaving.reason_wanted(left)
        reason = on_ladder if left else None
        return await self._check_out(who, CheckedOut(alright, handover, client_id, mark, reason))

    async def _check_out(self, who: Principal, body: CheckedOut) -> Attendance:
        held = await self._on_shift(who)
        owns = any(self._owned(contact, who) for contact in held.slots)
        decide = attendance.check_out(as_supporter(who), body, owns=owns)
        # Refused before anybody is told; and told before they are gone, so that a crash leaves nobody without a page.
        decide(held, self.clock.now())
        await leaving.gone_home(self.logbook, self.pinned, self.contacts(), who.id, lead=is_lead(who))
        claims = (self._shift_claim(who, body.client_id),)
        fold: Attendance = (await self.logbook.change(held.log, decide, claims=claims)).fold
        await self.store.release(held.log, [self._on(who)])
        # Only now, when nothing more can be offered to them.
        for contact, offer in tuple(fold.slots.items()):
            await self._let_pass(who, contact, offer)
        return fold

    async def _let_pass(self, who: Principal, contact: str, offer: str) -> None:
        """Out of a conversation that is another's, or no longer asked."""
        fold = await self.contact(contact)
        if fold.phase == "live" and fold.part(who.id) is not None and fold.owner != who.id:
            await self.logbook.change(contact, offers.step_out(as_supporter(who), ""))
        else:
            await self.logbook.change(contact, offers.end_offer(offer, "withdrawn"))

    def _owned(self, contact: str, who: Principal) -> bool:
        fold: Contact | None = self.logbook.held(contact)
        return fold is not None and fold.owner == who.id

    async def stop_now(self, who: Principal, client_id: str) -> list[str]:
        """Hand everybody on and end the shift, in one press and without a reason. Who was handed on."""
        mark = digest("stop_now")
        before = await self._shift_before(who, client_id, mark)
        if before is not None:
            return []
        by = as_supporter(who)
        released = []
        for contact, offer in tuple((await self._on_shift(who)).slots.items()):
            fold = await self.contact(contact)
            if fold.phase == "live" and fold.owner == who.id:
                let_go = offers.release(by, self.pinned(fold), "queue", "must_stop", "")
                await self.logbook.change(contact, let_go)
                released.append(contact)
            elif fold.phase == "wrap_up" and fold.owner == who.id:
                await self.logbook.change(contact, offers.wrap_up(by, "", "", must_stop=True))
            else:
                await self._let_pass(who, contact, offer)
        await self._check_out(who, CheckedOut("must_stop", None, client_id, mark))
        return released
