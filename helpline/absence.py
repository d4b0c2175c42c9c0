"""Who of ours is not there any more, without having said so: a closed account, a lead whose laptop is shut.

From rung 2 the name stays and the chain is paged until somebody takes over; below it the person is let go to the front
of the queue.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from helpline import offers
from helpline.agenda import Agenda
from helpline.attendance import be_away
from helpline.contact import Contact
from helpline.definition import Definition
from helpline.events import SERVICE
from helpline.leaving import lead_has_gone, still_there
from helpline.logbook import Decide, Draft, Logbook
from helpline.paging import page_once
from helpline.ports import Clock
from helpline.roster import Roster

ALERT = "owner-absent"


def owner_gone(definition: Definition, who: str) -> Decide:
    """The account of `who` was closed while they had somebody. Writes nothing while their page goes on."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        if c.phase != "live" or c.owner != who:
            return []
        if c.rung < offers.BY_NAME_FROM:
            return list(offers.release(SERVICE, definition, "queue", "end_of_shift", "")(c, now))
        if any(clock.of == ALERT for clock in c.clocks):
            return []
        return page_once(definition, c, ALERT, "owner_absent", now)

    return decide


class Absences:
    """Looks after whoever a closed account or an absent lead leaves behind."""

    def __init__(
        self,
        logbook: Logbook,
        roster: Roster,
        agenda: Agenda,
        clock: Clock,
        absent: timedelta,
        pinned: Callable[[Contact], Definition],
    ) -> None:
        self._logbook, self._roster, self._agenda, self._clock = logbook, roster, agenda, clock
        self._absent, self._pinned = absent, pinned

    def account_closed(self, who: str) -> None:
        """Nobody new is offered to them, and whoever they have is told of."""
        attendance = self._roster.attendance(who)
        if attendance is not None:
            self._agenda.do(self._logbook.change(attendance.log, be_away(SERVICE, "gone")))
        for fold in self._logbook.all_held("c-"):
            self.look(fold)
            if fold.offer is not None and fold.offer.supporter == who:
                self._agenda.do(self._logbook.change(fold.log, offers.end_offer(fold.offer.offer, "gone")))

    def look(self, contact: Contact) -> None:
        """The service started, or this contact moved: is its owner's account still open?"""
        who = contact.owner
        if contact.phase == "live" and who and self._roster.people.principal(who) is None:
            self._agenda.do(self._logbook.change(contact.log, owner_gone(self._pinned(contact), who)))

    def line_lost(self, who: str) -> None:
        """Their last page closed just now. Of a lead that is noticed once they count as absent."""
        self._agenda.at(self._clock.now() + self._absent, lambda: self._lead_absent(who))

    def _lead_absent(self, who: str) -> None:
        """A lead went without checking out: whoever is on the ladder is the on-call's, unless another lead is here."""
        presence, attendance = self._roster.presence(who), self._roster.attendance(who)
        lost = presence.lost_at
        if attendance is None or not attendance.leads or presence.here:
            return
        if lost is None or self._clock.now() - lost < self._absent:
            return
        others = (one for one in self._roster.checked_in() if one.leads and one.supporter != who)
        if any(self._roster.here(one.supporter) for one in others):
            return
        for fold in still_there(self._logbook.all_held("c-"), who):
            self._agenda.do(self._logbook.change(fold.log, lead_has_gone(self._pinned(fold), who)))
