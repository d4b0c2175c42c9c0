"""The slots of those on shift, kept in step with whom they have: what is written in one log follows from another.

The two are never written together. So a slot may be held for nobody until somebody looks: whoever held it died before
the offer was written, or the offer came and passed before the node that acts heard of it.
"""

from datetime import timedelta
from functools import partial

from helpline.agenda import Agenda
from helpline.attendance import Attendance, free_slot, take_slot
from helpline.contact import Contact
from helpline.errors import HelplineError, NotFound
from helpline.logbook import Change, Logbook
from helpline.ports import Clock
from helpline.roster import Roster

RETRY = timedelta(seconds=2)
# A slot is held before its offer is written, which takes no longer than an append may.
SETTLES = timedelta(seconds=30)


class Slots:
    """Frees, takes and looks after them at the node that acts."""

    def __init__(self, logbook: Logbook, roster: Roster, agenda: Agenda, clock: Clock) -> None:
        self._logbook, self._roster, self._agenda, self._clock = logbook, roster, agenda, clock

    async def free(self, who: str, contact: str, why: str) -> None:
        """They are no longer asked for it, or no longer with it. Tried again until it is written."""
        attendance = self._roster.attendance(who)
        if attendance is None:
            return
        try:
            await self._logbook.change(attendance.log, free_slot(contact, why))
        except HelplineError:
            self._agenda.at(self._clock.now() + RETRY, lambda: self._agenda.do(self.free(who, contact, why)))
            raise

    async def take(self, who: str, contact: Contact) -> None:
        """They have it, or are asked for it, whatever room they have."""
        attendance = self._roster.attendance(who)
        if attendance is not None:
            offer = contact.offer
            held_for = offer.offer if offer is not None and offer.supporter == who else "taken"
            await self._logbook.change(attendance.log, take_slot(contact.log, held_for))

    def take_what_is_theirs(self, who: str) -> None:
        """A lead may have joined before they checked in."""
        for fold in self._logbook.all_held("c-"):
            if who in fold.holders:
                self._agenda.do(self.take(who, fold))

    def heard(self, change: Change) -> None:
        """A shift changed: what was held in it is looked after once its offer must be there."""
        before: Attendance = change.before
        after: Attendance = change.after
        for contact in after.slots.keys() - before.slots.keys():
            self._agenda.at(self._clock.now() + SETTLES, partial(self._settled, after.supporter, contact))

    def _settled(self, who: str, contact: str) -> None:
        self._agenda.do(self._free_if_nobodys(who, contact))

    async def _free_if_nobodys(self, who: str, contact: str) -> None:
        attendance = self._roster.attendance(who)
        if attendance is None or contact not in attendance.slots:
            return
        try:
            holders: frozenset[str] = (await self._logbook.newest(contact)).holders
        except NotFound:
            holders = frozenset()
        if who not in holders:
            await self.free(who, contact, "moved_on")
