"""Whose page is open, at this node or another, and what follows when a line dies. What lasts is in the log.

A supporter's line: after ten seconds it is an event of each contact of theirs, whose clocks tell the person, alert the
lead and hand the contact on; after thirty their standing offers go to the next. A person's line: their place is held.

Of a supporter's line the node that dispatches takes care, of a person's the node they are at.
"""

from collections.abc import Callable, Iterable
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
    `lost(who)` when the last page of somebody closed. `on_staff` hears when somebody's first page at this node opens
    or their last one closes, `on_person(contact, here)` the same of a person."""

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
        self.on_staff: Callable[[], None] = lambda: None
        self.on_person: Callable[[str, bool], None] = lambda contact, here: None

    def resume(self, contacts: list[Contact], attendances: list[Attendance]) -> None:
        """After a start nobody is connected: everybody has the time to reconnect before they count as away.

        The same when this node takes over dispatching, for everybody of whom it knows no open page.
        """
        now = self._clock.now()
        grace = now + self._reconnect
        for attendance in attendances:
            if self._roster.here(attendance.supporter):
                self._supporter_here(attendance.supporter)
                continue
            self._roster.presence(attendance.supporter).lost_at = now
            self._lost(attendance.supporter)
            self._agenda.at(grace, lambda who=attendance.supporter: self._supporter_gone(who))  # type: ignore[misc]
        self.who_is_left(contacts)

    def who_is_left(self, contacts: Iterable[Contact]) -> None:
        """Whoever has no page here has the time to reconnect, or to be heard of from the node that they are at."""
        now = self._clock.now()
        grace = now + self._reconnect
        for contact in contacts:
            if not self._persons.get(contact.log):
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
        self._supporter_here(who)
        if presence.tabs == 1:
            self.on_staff()

    def _supporter_here(self, who: str) -> None:
        presence = self._roster.presence(who)
        presence.lost_at, presence.gone = None, False
        self._changed(who)
        attendance = self._roster.attendance(who)
        for contact in tuple(attendance.slots) if attendance else ():
            self.line_back_to(contact)

    def line_back_to(self, contact: str) -> None:
        """Its owner's line is lost by the log. If a page of theirs is open, they came back while that was written."""
        fold = self._logbook.held(contact)
        if fold is not None and fold.supporter_lost and self._roster.here(fold.owner):
            self._agenda.do(self._logbook.change(contact, offers.line_back("supporter")))

    def supporter_disconnected(self, who: str) -> None:
        """A page of theirs closed or its line died. After ten seconds it is in the log, after thirty they are gone."""
        presence = self._roster.presence(who)
        presence.tabs = max(presence.tabs - 1, 0)
        if not presence.here:
            self._supporter_left(who)
        if not presence.tabs:
            self.on_staff()

    def supporters_at(self, node: str, supporters: Iterable[str]) -> None:
        """Who has a page open at another node, as that node says; nobody once it is gone."""
        now_there = set(supporters)
        for who in now_there:
            presence = self._roster.presence(who)
            if node not in presence.nodes:
                presence.nodes.add(node)
                self._supporter_here(who)
        for who, presence in self._roster.presences():
            if node in presence.nodes and who not in now_there:
                presence.nodes.discard(node)
                if not presence.here:
                    self._supporter_left(who)

    def _supporter_left(self, who: str) -> None:
        now = self._roster.presence(who).lost_at = self._clock.now()
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
        if self._persons[contact] == 1:
            self.on_person(contact, True)
        self.line_back_of(contact)

    def line_back_of(self, contact: str) -> None:
        """Their line is lost by the log. If their page is open here, they came back meanwhile, or to another node."""
        fold = self._logbook.held(contact)
        if fold is not None and fold.person_lost and self._persons.get(contact):
            self._agenda.do(self._logbook.change(contact, offers.line_back("person")), anywhere=True)

    def person_elsewhere(self, contact: str) -> None:
        """Another node has a page of theirs open."""
        self._person_lost.pop(contact, None)

    def staff_here(self) -> tuple[str, ...]:
        """The accounts that have a page open at this node."""
        return tuple(sorted(who for who, presence in self._roster.presences() if presence.tabs))

    def persons_here(self) -> tuple[str, ...]:
        """The contacts whose person has a page open at this node."""
        return tuple(self._persons)

    def person_disconnected(self, contact: str, *, opening: bool = False) -> None:
        """A page of theirs went. `opening`: the contact began without one (plain forms), so the place is held."""
        left = self._persons.get(contact, 0) - 1
        if left > 0:
            self._persons[contact] = left
            return
        if self._persons.pop(contact, None):
            self.on_person(contact, False)
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
            lost = offers.line_lost(self._pinned(fold), "person", since)
            self._agenda.do(self._logbook.change(contact, lost), anywhere=True)

    def person_here(self, contact: str) -> bool:
        return bool(self._persons.get(contact))
