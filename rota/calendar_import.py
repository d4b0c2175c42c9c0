"""What taking in a calendar would change: planned and reported before anything is kept.

Shifts keep ids made from the file's UIDs, so that taking the same calendar in again changes what changed and nothing
else. Nothing is ever taken out silently: what an earlier file had and this one lacks is listed as `gone`.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Literal

import msgspec

from rota.calendar_reading import CalendarEvent, NotUnderstood, Reading
from rota.calendar_series import plain
from rota.calendar_shifts import Effort, Meant, PersonOf, ShiftReader
from rota.calendars import series_uid
from rota.mistakes import Mistake
from rota.shifts import Override, Role, Series, Shift

_SECOND = timedelta(seconds=1)
_LONGEST_ID = 200
_LONGEST_NAME = 4
_FURTHEST = timedelta(days=20 * 366)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one VEVENT: `where` it is, what it was taken for, the shift it belongs to, and why not if not."""

    where: str
    meant: Literal["new", "changed", "same", "cancelled", "not_understood"]
    shift: str = ""
    what: str = ""
    mend: str = ""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to do to the rota's shifts, and a `report` with one `Outcome` for every VEVENT of the file.

    `changes` are pairs of the shift as it is and as it would be; `unmatched` are where events name nobody known, whose
    shifts are free; `gone` are shifts an earlier file of this source had, for somebody to decide on.
    """

    adds: tuple[Shift, ...]
    changes: tuple[tuple[Shift, Shift], ...]
    same: tuple[Shift, ...]
    not_understood: tuple[Mistake, ...]
    unmatched: tuple[str, ...]
    gone: tuple[Shift, ...]
    report: tuple[Outcome, ...]
    remarks: tuple[str, ...] = ()


def plan_import(
    reading: Reading,
    book_shifts: Iterable[Shift],
    *,
    person_of: PersonOf,
    channels: Collection[str],
    zone: str,
    default_role: Role = "supporter",
    source: str = "calendar",
    keep_ids: bool = True,
) -> Plan:
    """The plan of taking a read file into these shifts.

    `source` names where files come from; ids begin with it, so two sources never touch each other's shifts.
    `keep_ids` lets a calendar this service wrote bring its shifts back under their own ids; a feed of somebody else's
    should not be let. Where a file does not say role, channels, languages or who, what the rota has stays; so do
    changes made here to nights of which the file says nothing.
    """
    book = {shift.id: shift for shift in book_shifts}
    planner = _Planner(ShiftReader(person_of, channels, zone, default_role, Effort()), book, source, keep_ids)
    planner.read(reading.events)
    return planner.plan(reading)


def match_person(
    event: CalendarEvent, members_by_email: Mapping[str, str], members_by_name: Mapping[str, str]
) -> str:
    """The account id of whoever an event names, "" when that is nobody known or more than one.

    Keys are folded to small letters. In this order: our own mark, the attendees' addresses, their names, a name in the
    summary; the organizer only if there are no attendees, for that is often whoever keeps the calendar.
    """
    mark = event.marks.get("PERSON")
    if mark is not None:
        return mark if mark in members_by_email.values() or mark in members_by_name.values() else ""
    for people in (event.attendees, () if event.attendees or event.organizer is None else (event.organizer,)):
        by_address = {members_by_email[one.email] for one in people if one.email in members_by_email}
        by_name = {members_by_name[name] for one in people if (name := _folded(one.name)) in members_by_name}
        found = by_address or by_name
        if found:
            return found.pop() if len(found) == 1 else ""
        in_summary = _named_in(event.summary, members_by_name)
        if in_summary:
            return in_summary.pop() if len(in_summary) == 1 else ""
    return ""


def _named_in(text: str, members_by_name: Mapping[str, str]) -> set[str]:
    """Members whose whole name stands in a text; a longer name hides a shorter one within it."""
    words = re.findall(r"[\w'’.-]+", text.casefold())[:60]
    found: set[str] = set()
    place = 0
    while place < len(words):
        for length in range(min(_LONGEST_NAME, len(words) - place), 0, -1):
            member = members_by_name.get(" ".join(words[place : place + length]))
            if member is not None:
                found.add(member)
                place += length - 1
                break
        place += 1
    return found


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


class _Planner:
    """Takes events one series at a time and keeps count of each."""

    def __init__(self, reader: ShiftReader, book: Mapping[str, Shift], source: str, keep_ids: bool) -> None:
        self._reader = reader
        self._book = book
        self._source = source
        self._keep_ids = keep_ids
        self._shifts: dict[str, Shift] = {}
        self._seen: set[str] = set()
        self._outcomes: dict[int, Outcome] = {}
        self._unmatched: list[str] = []

    def read(self, events: Sequence[CalendarEvent]) -> None:
        series: dict[str, CalendarEvent] = {}
        nights: dict[str, list[CalendarEvent]] = {}
        for event in events:
            key = event.uid or f"\n{event.line}"
            if event.of is not None:
                nights.setdefault(key, []).append(event)
            elif key not in series or event.sequence > series[key].sequence:
                self._replaced(series.get(key), event)
                series[key] = event
            else:
                self._replaced(event, series[key])
        for key, event in series.items():
            self._take(event, nights.pop(key, []))
        for alone in nights.values():
            for night in alone:
                self._take(night, [])

    def plan(self, reading: Reading) -> Plan:
        """The whole of it, every VEVENT accounted for."""
        adds = [shift for shift in self._shifts.values() if shift.id not in self._book]
        held = [(self._book[shift.id], shift) for shift in self._shifts.values() if shift.id in self._book]
        refused = [
            Outcome(where=one.where, meant="not_understood", what=one.what, mend=one.mend)
            for one in reading.not_understood
        ]
        report = [*refused, *(self._outcomes[line] for line in sorted(self._outcomes))]
        return Plan(
            adds=tuple(adds),
            changes=tuple((before, after) for before, after in held if plain(before) != after),
            same=tuple(before for before, after in held if plain(before) == after),
            not_understood=tuple(
                Mistake(one.where, one.what, one.mend) for one in report if one.meant == "not_understood"
            ),
            unmatched=tuple(self._unmatched),
            gone=tuple(
                shift
                for shift in self._book.values()
                if shift.id.startswith(f"{self._source}.") and shift.id not in self._seen
            ),
            report=tuple(report),
            remarks=reading.remarks,
        )

    def _take(self, event: CalendarEvent, nights: Sequence[CalendarEvent]) -> None:
        shift_id = self._id(event)
        if event.cancelled:
            for one in (event, *nights):
                self._outcomes[one.line] = Outcome(where=one.where, meant="cancelled")
            return
        self._seen.add(shift_id)
        try:
            meant = self._reader.shift(event, shift_id, nights)
        except NotUnderstood as why:
            self._refuse(event, why)
            for night in nights:
                what = f"changes a night of the series on line {event.line}, which was not understood"
                self._refuse(night, NotUnderstood(what, "mend that series first"))
            return
        self._keep(event, meant, nights)
        for night, refusal in meant.refused:
            self._refuse(night, refusal)
        for night in meant.orphans:
            self._take(night, [])

    def _keep(self, event: CalendarEvent, meant: Meant, nights: Sequence[CalendarEvent]) -> None:
        self._unmatched += [one.where for one in meant.strangers]
        known = self._book.get(meant.shift.id)
        shift = meant.shift if known is None else self._with_what_is_known(event, meant, known)
        self._shifts[shift.id] = shift
        taken: Literal["new", "changed", "same"] = "changed"
        if known is None:
            taken = "new"
        elif plain(known) == shift:
            taken = "same"
        for one in (event, *nights):
            self._outcomes[one.line] = Outcome(where=one.where, meant=taken, shift=shift.id)

    def _with_what_is_known(self, event: CalendarEvent, meant: Meant, known: Shift) -> Shift:
        """The file's shift with what the file leaves open as the rota has it. Our own calendars leave nothing open."""
        shift = meant.shift
        if shift.id == event.marks.get("SHIFT"):
            return shift
        if event in meant.strangers:
            shift = msgspec.structs.replace(shift, person=known.person)
        if not shift.languages and shift.person == known.person:
            shift = msgspec.structs.replace(shift, languages=known.languages)
        if not shift.channels:
            shift = msgspec.structs.replace(shift, channels=known.channels)
        if not event.categories:
            shift = msgspec.structs.replace(shift, role=known.role)
        said = {override.of for override in shift.overrides}
        own = [one for one in known.overrides if one.of not in said and _has(shift, one)]
        return plain(msgspec.structs.replace(shift, overrides=(*shift.overrides, *own)))

    def _id(self, event: CalendarEvent) -> str:
        """The id of the shift an event makes: our own back again, or one made from the UID.

        A copied event keeps our marks but gets another UID, so the mark alone proves nothing.
        """
        mark = event.marks.get("SHIFT", "")
        ours = self._keep_ids and event.of is None and event.uid == series_uid(mark)
        if ours and 0 < len(mark) <= _LONGEST_ID:
            return mark
        of = "" if event.of is None else f"\n{event.of.wall.isoformat()}"
        name = event.uid or f"\n{event.summary}\n{event.starts.wall.isoformat()}"
        return f"{self._source}.{hashlib.sha256((name + of).encode()).hexdigest()[:20]}"

    def _replaced(self, event: CalendarEvent | None, by: CalendarEvent) -> None:
        if event is not None:
            what = f"has the same UID as the event on line {by.line}, which is newer or comes first"
            self._refuse(event, NotUnderstood(what, "give it a UID of its own if both are meant"))

    def _refuse(self, event: CalendarEvent, why: NotUnderstood) -> None:
        self._outcomes[event.line] = Outcome(
            where=event.where, meant="not_understood", what=why.what, mend=why.mend
        )


def _has(shift: Shift, override: Override) -> bool:
    """Whether the shift still has the night of a change, within the years a file may speak about."""
    near = abs(override.of - shift.starts) <= _FURTHEST
    return near and bool(Series(shift).walls(override.of, override.of + _SECOND))
