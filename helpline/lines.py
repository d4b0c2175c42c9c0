"""Whose page is open, and what follows when a line dies. Presence is held here; what lasts is in the log.

A supporter's line: after ten seconds it is an event of each contact of theirs, whose clocks tell the person, alert the
lead and hand the contact on; after thirty their standing offers go to the next. A person's line: their place is held.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from helpline import offers
from helpline.agenda import Agenda
from helpline.attendance import Attendance
from helpline.contact import Contact
from helpline.definition import Definition
from helpline.logbook import Logbook
from helpline.ports import Clock
from helpline.roster import Roster

# A page without JavaScript has no line: its person counts as there for so long after each page they ask for.
WITHOUT_A_LINE = timedelta(minutes=2)


class Lines:
    """`changed(who)` is called when a supporter may be offered contacts again, `fewer_here()` when one is gone,
    `lost(who)` when the last page of somebody closed."""

    def __init__(
        self,
        logbook: Logbook,
        roster: Roster,
        agenda: Agenda,
        clock: Clock,
        definition: Definition,
        pinned: Callable[[Contact], Definition],
        changed: Callable[[str], None],
        fewer_here: Callable[[], None],
        lost: Callable[[str], None],
    ) -> None:
        self._logbook, self._roster, self._agenda, self._clock = logbook, roster, agenda, clock
        self._pinned, self._changed, self._fewer_here, self._lost = pinned, changed, fewer_here, lost
        self._lost_after = timedelta(seconds=definition.lines.lost_after_seconds)
        self._reconnect = timedelta(seconds=definition.lines.reconnect_seconds)
        self._persons: dict[str, int] = {}
        self._person_lost: dict[str, tuple[datetime, datetime]] = {}

    def resume(self, contacts: list[Contact], attendances: list[Attendance]) -> None:
        """After a start nobody is connected: everybody has the time to reconnect before they count as away."""
        now = self._clock.now()
        grace = now + self._reconnect
        for attendance in attendances:
            self._roster.presence(attendance.supporter).lost_at = now
            self._lost(attendance.supporter)
            self._agenda.at(grace, lambda who=attendance.supporter: self._supporter_gone(who))  # type: ignore[misc]
        for contact in contacts:
            self._person_lost[contact.log] = (now, grace)
            self._agenda.at(grace, lambda one=contact.log: self._person_away(one))  # type: ignore[misc]

    def began(self, contact: str) -> None:
        """A contact began; without an open page its place is held all the same."""
        if not self._persons.get(contact):
            self.person_disconnected(contact, opening=True)

    def owned_by(self, who: str) -> None:
        """Somebody has a contact now: if no page of theirs is open, that is a lost line too."""
        if not self._roster.here(who):
            self._agenda.at(self._clock.now() + self._lost_after, lambda: self._supporter_away(who))

    def forget(self, contact: str) -> None:
        """It is over for everybody."""
        self._person_lost.pop(contact, None)

    def supporter_connected(self, who: str) -> None:
        """A page of theirs opened. Their line is back wherever the log says it was lost."""
        presence = self._roster.presence(who)
        presence.tabs += 1
        presence.lost_at, presence.gone = None, False
        self._changed(who)
        attendance = self._roster.attendance(who)
        for contact in tuple(attendance.slots) if attendance else ():
            fold = self._logbook.held(contact)
            if fold is not None and fold.supporter_lost and fold.owner == who:
                self._agenda.do(self._logbook.change(contact, offers.line_back("supporter")))

    def supporter_disconnected(self, who: str) -> None:
        """A page of theirs closed or its line died. After ten seconds it is in the log, after thirty they are gone."""
        presence = self._roster.presence(who)
        presence.tabs = max(presence.tabs - 1, 0)
        if presence.tabs:
            return
        now = presence.lost_at = self._clock.now()
        self._agenda.at(now + self._lost_after, lambda: self._supporter_away(who))
        self._agenda.at(now + self._reconnect, lambda: self._supporter_gone(who))
        self._lost(who)

    def _supporter_away(self, who: str) -> None:
        presence = self._roster.presence(who)
        attendance = self._roster.attendance(who)
        now = self._clock.now()
        since = presence.lost_at or now
        if presence.here or attendance is None or (presence.lost_at and now - since < self._lost_after):
            return
        for contact in attendance.slots:
            fold = self._logbook.held(contact)
            if fold is not None and fold.owner == who:
                lost = offers.line_lost(self._pinned(fold), "supporter", since)
                self._agenda.do(self._logbook.change(contact, lost))

    def _supporter_gone(self, who: str) -> None:
        presence = self._roster.presence(who)
        if presence.lost_at is None or self._clock.now() - presence.lost_at < self._reconnect:
            return
        presence.gone = True
        self._supporter_away(who)
        attendance = self._roster.attendance(who)
        for contact, offer in (attendance.slots if attendance else {}).items():
            self._agenda.do(self._logbook.change(contact, offers.end_offer(offer, "gone")))
        self._fewer_here()

    def person_connected(self, contact: str) -> None:
        self._persons[contact] = self._persons.get(contact, 0) + 1
        self._person_lost.pop(contact, None)
        fold = self._logbook.held(contact)
        if fold is not None and fold.person_lost:
            self._agenda.do(self._logbook.change(contact, offers.line_back("person")))

    def person_disconnected(self, contact: str, *, opening: bool = False) -> None:
        """A page of theirs went. `opening`: the contact began without one (plain forms), so the place is held."""
        left = self._persons.get(contact, 0) - 1
        if left > 0:
            self._persons[contact] = left
            return
        self._persons.pop(contact, None)
        now = self._clock.now()
        away = now + (WITHOUT_A_LINE if opening else self._lost_after)
        self._person_lost[contact] = (now, away)
        self._agenda.at(away, lambda: self._person_away(contact))

    def person_came_by(self, contact: str) -> None:
        """A page without a socket (plain forms) was asked for: their line counts as on for two minutes more."""
        if not self._persons.get(contact):
            self.person_connected(contact)
            self.person_disconnected(contact, opening=True)

    def _person_away(self, contact: str) -> None:
        fold = self._logbook.held(contact)
        since, away = self._person_lost.get(contact, (None, None))
        if fold is None or since is None or away is None or self._persons.get(contact):
            return
        if self._clock.now() >= away:
            self._agenda.do(
                self._logbook.change(contact, offers.line_lost(self._pinned(fold), "person", since))
            )

    def person_here(self, contact: str) -> bool:
        return bool(self._persons.get(contact))
