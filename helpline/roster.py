"""Who is on right now: rota ∩ present. Presence is ephemeral, readiness is in the attendance log.

Somebody rota'd but not signed in is not on; somebody signed in but not rota'd is on only when a lead let them.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import msgspec

from helpline.attendance import Attendance
from helpline.definition import Definition
from helpline.people import Account, People
from helpline.rota_keeping import RotaKeeping
from helpline.routing import Free
from rota.shifts import OnDuty, Rota

EARLY = timedelta(minutes=30)
# Nobody goes straight on from shift to shift more often than this.
MOST_SHIFTS_ON_END = 6


class Extra(msgspec.Struct, frozen=True):
    """Somebody a lead let on off the rota, until an instant."""

    person: str
    by: str
    why: str
    until: datetime


class Presence:
    """One person's open pages: `tabs` at this node, and the other `nodes` that have some. `lost_at` is when the last
    one went, None while any is open; `gone` once that was too long ago to wait for them."""

    __slots__ = ("gone", "lost_at", "nodes", "tabs")

    def __init__(self) -> None:
        self.tabs = 0
        self.nodes: set[str] = set()
        self.lost_at: datetime | None = None
        self.gone = False

    @property
    def here(self) -> bool:
        return self.tabs > 0 or bool(self.nodes)


class Roster:
    """Joins the rota, attendance and presence of everybody who answers."""

    def __init__(self, people: People, keeping: RotaKeeping, definition: Definition) -> None:
        self.people = people
        self._keeping = keeping
        self._definition = definition
        self._attendances: dict[str, Attendance] = {}
        self._presence: dict[str, Presence] = {}
        self._on: dict[str, OnDuty] = {}
        self._on_until: datetime | None = None
        self._on_since: datetime | None = None
        self.at_rung_three: set[str] = set()

    @property
    def rota(self) -> Rota:
        return self._keeping.current

    def rota_changed(self) -> None:
        """Who is on is to be looked up anew."""
        self._on_until = None
        self._on_since = None

    def keep(self, attendance: Attendance) -> None:
        """The newest fold of somebody's shift."""
        current = self._attendances.get(attendance.supporter)
        if current is None or current.log == attendance.log or attendance.checked_in:
            self._attendances[attendance.supporter] = attendance

    def attendance(self, person: str) -> Attendance | None:
        """Their shift, while they are checked in."""
        held = self._attendances.get(person)
        return held if held is not None and held.checked_in else None

    def checked_in(self) -> Iterator[Attendance]:
        return (attendance for attendance in self._attendances.values() if attendance.checked_in)

    def presence(self, person: str) -> Presence:
        held = self._presence.get(person)
        if held is None:
            held = self._presence[person] = Presence()
        return held

    def presences(self) -> list[tuple[str, Presence]]:
        """Everybody who had a page open since the start."""
        return list(self._presence.items())

    def here(self, person: str) -> bool:
        """True while a page of theirs is open."""
        held = self._presence.get(person)
        return held is not None and held.here

    def on_duty(self, now: datetime) -> dict[str, OnDuty]:
        """Everybody on the rota at `now`, by person. Whoever has two roles at once is given their first."""
        if self._on_until is None or self._on_since is None or not self._on_since <= now < self._on_until:
            self._on = {}
            for duty in self.rota.on_duty_at(now):
                self._on.setdefault(duty.person, duty)
            self._on_since = now
            self._on_until = self.rota.next_change_after(now) or now + timedelta(days=1)
        return self._on

    def coming_on(self, person: str, now: datetime) -> OnDuty | None:
        """Their shift now, or one that begins within half an hour."""
        on = self.on_duty(now).get(person)
        if on is not None:
            return on
        soon = self.rota.occurrences(now, now + EARLY)
        return next((duty for duty in soon if duty.person == person), None)

    def with_room(self, languages: Iterable[str], channel: str) -> Iterator[str]:
        """Who is ready on this channel, has one of these languages and a slot left: a first look, before `free`."""
        wanted = set(languages)
        for held in self._attendances.values():
            if held.ready and len(held.slots) < held.capacity and channel in held.channels:
                if not wanted.isdisjoint(held.languages):
                    yield held.supporter

    def free(self, person: str, pending: int, now: datetime) -> Free | None:
        """What they can take now, or None: rota ∩ checked in ∩ ready ∩ connected ∩ a slot left ∩ not leaving."""
        attendance = self.attendance(person)
        if attendance is None or not attendance.ready or not self.here(person):
            return None
        if not attendance.extra:
            duty = self.on_duty(now).get(person)
            if duty is None or self._leaves(duty, now):
                return None
        slots = self.at_once(person, attendance) - len(attendance.slots) - pending
        if slots <= 0:
            return None
        return Free(person, attendance.languages, attendance.channels, slots, attendance.idle_since)

    @property
    def leaving(self) -> timedelta:
        """How long before the end of a shift nobody new is offered to whoever has it."""
        return timedelta(minutes=self._definition.offers.leaving_minutes)

    def _leaves(self, duty: OnDuty, now: datetime) -> bool:
        """On their way home: the shift is nearly over, and they go straight on into no other."""
        return duty.ends_at - now < self.leaving and self.stays_until(duty) - now < self.leaving

    def stays_until(self, duty: OnDuty) -> datetime:
        """When who has this shift goes home: its end, or that of the last they go straight on into."""
        ends_at, person = duty.ends_at, duty.person
        for _ in range(MOST_SHIFTS_ON_END):
            following = [
                other.ends_at
                for other in self.rota.occurrences(ends_at, ends_at + timedelta(minutes=1))
                if other.person == person and other.starts_at <= ends_at < other.ends_at
            ]
            if not following:
                break
            ends_at = max(following)
        return ends_at

    def leaves_at(self, person: str, now: datetime) -> datetime | None:
        """When their turn on the rota is over, going straight on from shift to shift; None when they are not on."""
        duty = self.coming_on(person, now)
        return self.stays_until(duty) if duty is not None else None

    def ended(self, now: datetime) -> dict[str, datetime]:
        """Whose shift ended within the last day, and when; without those who are on again or are extra hands."""
        ends: dict[str, datetime] = {}
        for duty in self.rota.occurrences(now - timedelta(days=1), now):
            if duty.person and duty.ends_at <= now:
                ends[duty.person] = max(duty.ends_at, ends.get(duty.person, duty.ends_at))
        on = self.on_duty(now)
        return {
            person: ended
            for person, ended in ends.items()
            if person not in on and not ((held := self.attendance(person)) and held.extra)
        }

    def at_once(self, person: str, attendance: Attendance) -> int:
        """How many at once: their own capacity, and fewer while one of theirs is at rung 3 or above."""
        if person in self.at_rung_three:
            return min(attendance.capacity, self._definition.capacity.at_rung_3)
        return attendance.capacity

    def channels_of(self, account: Account) -> tuple[str, ...]:
        """The channels they answer: those of the service on their profile, without the phone where that was agreed.

        Where their profile names none that the service has, all of the service's: nobody chose that they answer nobody.
        """
        ours = self._definition.channels
        no_phone = self._keeping.terms(account.id).adjustments.no_phone
        own = tuple(one for one in account.channels if one in ours) or ours
        return tuple(one for one in own if not (no_phone and one == "call"))

    def break_minutes(self, person: str) -> int:
        """How long their break is: twice the service's where longer breaks were agreed."""
        longer = self._keeping.terms(person).adjustments.longer_breaks
        return self._definition.break_minutes * (2 if longer else 1)

    def capacity_of(self, account: Account) -> int:
        """The profile's capacity: by level, never above the cap."""
        capacity = self._definition.capacity
        if self._keeping.terms(account.id).adjustments.one_at_a_time:
            return 1
        return min(capacity.new if account.level == "new" else capacity.experienced, capacity.cap)

    def answering(self, now: datetime) -> Iterator[Attendance]:
        """Who is checked in and can still be hoped for: not gone, and not on their way home."""
        for attendance in self.checked_in():
            if self.presence(attendance.supporter).gone:
                continue
            duty = None if attendance.extra else self.coming_on(attendance.supporter, now)
            if attendance.extra or (duty is not None and not self._leaves(duty, now)):
                yield attendance

    def speakers(self, languages: Iterable[str], channel: str, now: datetime) -> list[str]:
        """Who of those answering has one of these languages on their profile."""
        wanted = set(languages)
        return [
            attendance.supporter
            for attendance in self.answering(now)
            if channel in attendance.channels and wanted.intersection(attendance.languages)
        ]

    def spoken(self, channel: str, now: datetime) -> tuple[str, ...]:
        """The languages of those who answer this channel, without repeats."""
        found: dict[str, None] = {}
        for attendance in self.answering(now):
            if channel in attendance.channels:
                found |= dict.fromkeys(attendance.languages)
        return tuple(found)

    def in_role(self, role: str, now: datetime) -> Account | None:
        """Who has this role on the rota at `now`."""
        for duty in self.on_duty(now).values():
            if duty.role == role:
                return self.people.get(duty.person)
        return None
