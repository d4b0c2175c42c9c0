"""Editing the rota: a shift changed or ended from a date, a night added, and what all that would do. Pure.

What has been stays as it was: a shift that has begun is ended the day before, and another begins. Changes to single
nights, confirmations and questions go over to it where the night is still the same; `preview` tells where it is not.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec

from rota.book import (
    AnyChange,
    Ask,
    AskChanged,
    Book,
    Confirmed,
    NightChanged,
    ShiftChanged,
    ended_before,
    one_step,
    take_out,
)
from rota.cover import Plan
from rota.gaps import Gap, gaps
from rota.hours import OpeningHours
from rota.limits import Objection, objections
from rota.members import Member
from rota.shifts import OnDuty, Override, Series, Shift, Slot
from rota.staffing import Minimum, Missing

_DAY = timedelta(days=1)
_NOTHING = Missing()


class NoSuchNight(Exception):
    """The night cannot be added: the text says why, and is fit to show."""


# -- the edits -----------------------------------------------------------------------------------------------------


def changed_from(book: Book, id: str, wanted: Shift, day: date) -> tuple[AnyChange, ...]:
    """The shift `id` as `wanted` from a local date on; what it was before that date stays.

    A shift that has not begun by then is changed as it stands. `wanted` must be sound; its own id does not matter.
    Raises KeyError when there is no such shift.
    """
    held = book.shifts[id]
    begun = _begins_before(held, day)
    new = msgspec.structs.replace(wanted, id=_next_id(book, id, day) if begun else id, overrides=())
    changes: list[AnyChange] = []
    if begun:
        changes.append(ShiftChanged(id=id, before=held, after=ended_before(held, day)))
    changes.append(ShiftChanged(id=new.id, before=book.shifts.get(new.id), after=new))
    nights, series = book.nights.get(id, {}), Series(new)
    for of, override in sorted(nights.items()):
        if begun and of.date() < day:
            continue
        there = _same_day(series, of)
        if there != of or begun:
            changes.append(NightChanged(id=str(Slot(id, of)), before=override))
        if there is not None:
            changes.append(_night_at(book, Slot(new.id, there), override))

    def renamed(slot: Slot) -> Slot:
        if begun and slot.of.date() < day:
            return slot
        return Slot(new.id, _same_day(series, slot.of) or slot.of)

    return one_step((*changes, *_settled(book, one_step(changes), id, renamed)))


def ended_from(book: Book, id: str, day: date) -> tuple[AnyChange, ...]:
    """The shift with no occurrence from a local date on; taken out altogether when it would not have begun."""
    held = book.shifts[id]
    if not _begins_before(held, day):
        changes = take_out(book, id)
    else:
        nights = book.nights.get(id, {})
        changes = (
            ShiftChanged(id=id, before=held, after=ended_before(held, day)),
            *(
                NightChanged(id=str(Slot(id, of)), before=override)
                for of, override in sorted(nights.items())
                if of.date() >= day
            ),
        )
    return one_step((*changes, *_settled(book, changes, id, lambda slot: slot)))


def with_extra_night(book: Book, id: str, starts: datetime, ends: datetime) -> tuple[AnyChange, ...]:
    """One occurrence more, at wall times of the shift's zone; one that was cancelled or taken out comes back.

    Raises `NoSuchNight` when it is there already or the shift is not in force on that day.
    """
    held = book.shifts[id]
    slot = Slot(id, starts)
    override = book.nights.get(id, {}).get(starts)
    if (held.from_ and starts.date() < held.from_) or (held.until and starts.date() > held.until):
        raise NoSuchNight("This shift is not in force on that day. Add a new shift for it, once.")
    if book.duty(slot) is not None:
        raise NoSuchNight("It already happens at that time.")
    bare = msgspec.structs.replace(held, exdates=tuple(wall for wall in held.exdates if wall != starts))
    if not Series(bare).walls(starts, starts + timedelta.resolution):
        bare = msgspec.structs.replace(bare, rdates=tuple(sorted((*bare.rdates, starts))))
    other_end = ends if ends - starts != held.ends - held.starts else None
    night = Override(of=starts, ends=other_end) if other_end is not None else None
    return one_step(
        (
            ShiftChanged(id=id, before=held, after=bare),
            NightChanged(id=str(slot), before=override, after=night),
        )
    )


def left_free(book: Book, changes: Sequence[AnyChange], slots: Iterable[Slot]) -> tuple[AnyChange, ...]:
    """The same changes, with nobody on these occurrences."""
    after = book.apply(changes)
    freed = (
        NightChanged(
            id=str(slot),
            before=after.nights.get(slot.shift, {}).get(slot.of),
            after=msgspec.structs.replace(after.night(slot), person="", languages=()),
        )
        for slot in slots
    )
    return one_step((*changes, *freed))


def unused_id(book: Book, stem: str) -> str:
    """An id no shift has or ever had: the stem, or the stem and a number."""
    id, number = stem, 2
    while id in book.known:
        id, number = f"{stem}-{number}", number + 1
    return id


def _next_id(book: Book, id: str, day: date) -> str:
    return unused_id(book, f"{id.partition('~')[0][:180]}~{day.isoformat()}")


def _begins_before(shift: Shift, day: date) -> bool:
    return bool(Series(shift).walls(datetime.combine(date.min, time.min), datetime.combine(day, time.min)))


def _same_day(series: Series, of: datetime) -> datetime | None:
    """The start by rule that takes the place of `of`: the same one, or the only one of its day."""
    midnight = datetime.combine(of.date(), time.min)
    walls = series.walls(midnight, midnight + _DAY)
    if of in walls:
        return of
    return next(iter(walls)) if len(walls) == 1 else None


def _night_at(book: Book, slot: Slot, override: Override) -> NightChanged:
    starts = override.starts or slot.of
    ends = override.ends if override.ends is not None and override.ends > starts else None
    after = msgspec.structs.replace(override, of=slot.of, ends=ends)
    return NightChanged(id=str(slot), before=book.nights.get(slot.shift, {}).get(slot.of), after=after)


def _settled(
    book: Book, changes: Sequence[AnyChange], shift: str, renamed: Callable[[Slot], Slot]
) -> Iterator[AnyChange]:
    """Confirmations and questions about a shift's nights: under their new names where nothing else changed, else gone."""
    after = book.apply(changes)

    def stands(slot: Slot | None) -> bool:
        if slot is None or slot.shift != shift:
            return True
        was = book.duty(slot)
        return was is not None and _same(was, after.duty(renamed(slot)))

    for id, confirmation in book.confirmations.items():
        slot = Slot.parse(id)
        if slot.shift == shift and (not stands(slot) or renamed(slot) != slot):
            yield Confirmed(id=id, before=confirmation)
            if stands(slot):
                yield Confirmed(id=str(renamed(slot)), after=confirmation)
    for ask in book.asks.values():
        slots = tuple(
            renamed(slot) if slot is not None and slot.shift == shift else slot
            for slot in (ask.slot, ask.theirs)
        )
        if not stands(ask.slot) or not stands(ask.theirs):
            yield AskChanged(id=ask.id, before=ask)
        elif slots != (ask.slot, ask.theirs):
            named = msgspec.structs.replace(ask, slot=slots[0], theirs=slots[1])
            yield AskChanged(id=ask.id, before=ask, after=named)


def _same(one: OnDuty, other: OnDuty | None) -> bool:
    """Whether two occurrences are the same to whoever comes, whatever they are called."""
    return other is not None and _as_lived(one) == _as_lived(other)


def _as_lived(duty: OnDuty) -> tuple[object, ...]:
    return duty.person, duty.role, duty.starts_at, duty.ends_at, duty.channels, duty.languages


# -- what an edit would do -----------------------------------------------------------------------------------------


class Clash(msgspec.Struct, frozen=True):
    """An occurrence somebody would have, and what stands against that."""

    duty: OnDuty
    objections: tuple[Objection, ...]

    @property
    def refused(self) -> bool:
        """Whether it cannot be, rather than should be thought about."""
        return any(one.kind == "refuse" for one in self.objections)


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What changes would do between two instants.

    `changes` are pairs, before and after, of one shift's night or of two that take each other's place that day.
    `clashes` are of new and changed occurrences. `clock_nights` are those of them that span a change of the clocks.
    `opens` and `closes` say by how much more or less is missing, and when. `fallen` are changes to single nights
    that no longer apply, `ended` questions nobody is asked any more.
    """

    adds: tuple[OnDuty, ...] = ()
    removes: tuple[OnDuty, ...] = ()
    changes: tuple[tuple[OnDuty, OnDuty], ...] = ()
    clashes: tuple[Clash, ...] = ()
    clock_nights: tuple[OnDuty, ...] = ()
    opens: tuple[Gap, ...] = ()
    closes: tuple[Gap, ...] = ()
    fallen: tuple[tuple[Slot, Override], ...] = ()
    ended: tuple[Ask, ...] = ()

    @property
    def refused(self) -> tuple[Slot, ...]:
        """The occurrences that whoever is meant for them cannot have."""
        return tuple(clash.duty.slot for clash in self.clashes if clash.refused)


def preview(
    plan: Plan,
    changes: Sequence[AnyChange],
    members: Mapping[str, Member],
    hours: OpeningHours,
    minimum: Minimum,
    since: datetime,
    until: datetime,
    *,
    peers: Collection[str] | None = None,
) -> Preview:
    """What these changes would do to occurrences that cover some of `since` ≤ t < `until` (instants).

    `members` by id; somebody who is not among them clashes with nothing.
    """
    after = plan.after(changes)
    put, gone = after.book.changed_shifts(plan.book)
    touched = {*gone, *(shift.id for shift in put)}
    was = _of(plan, touched, since, until)
    now = _of(after, touched, since, until)
    adds, removes, changed = _compared(was, now)
    fresh = (*adds, *(pair[1] for pair in changed))
    zone = ZoneInfo(plan.zone)
    opens, closes = _gaps_moved(plan, after, (*was, *now), hours, minimum, since, until, peers)
    return Preview(
        adds=adds,
        removes=removes,
        changes=changed,
        clashes=tuple(_clashes(after, fresh, members)),
        clock_nights=tuple(
            duty
            for duty in fresh
            if duty.starts_at.astimezone(zone).utcoffset() != duty.ends_at.astimezone(zone).utcoffset()
        ),
        opens=opens,
        closes=closes,
        fallen=tuple(_fallen(plan.book, after.book, touched, since)),
        ended=tuple(ask for id, ask in plan.book.asks.items() if id not in after.book.asks),
    )


def _of(plan: Plan, shifts: Collection[str], since: datetime, until: datetime) -> list[OnDuty]:
    return [duty for duty in plan.rota.occurrences(since, until) if duty.shift in shifts]


def _compared(
    was: Iterable[OnDuty], now: Iterable[OnDuty]
) -> tuple[tuple[OnDuty, ...], tuple[OnDuty, ...], tuple[tuple[OnDuty, OnDuty], ...]]:
    """What is added, what goes, and what is another than it was; what is only called otherwise is none of them."""
    left = {duty.slot: duty for duty in was}
    lived: dict[tuple[object, ...], list[Slot]] = {}
    for duty in left.values():
        lived.setdefault(_as_lived(duty), []).append(duty.slot)
    unmatched: list[OnDuty] = []
    for duty in now:
        same = lived.get(_as_lived(duty), [])
        if same:
            left.pop(same.pop(0) if duty.slot not in same else same.pop(same.index(duty.slot)))
        else:
            unmatched.append(duty)
    changed: list[tuple[OnDuty, OnDuty]] = []
    adds: list[OnDuty] = []
    by_day: dict[tuple[str, date], list[Slot]] = {}
    for duty in left.values():
        by_day.setdefault((duty.role, duty.of.date()), []).append(duty.slot)
    for duty in unmatched:
        before = left.pop(duty.slot, None)
        if before is None:
            near = by_day.get((duty.role, duty.of.date()), [])
            slot = next((one for one in near if one in left), None)
            before = left.pop(slot) if slot is not None else None
        if before is None:
            adds.append(duty)
        else:
            changed.append((before, duty))
    return tuple(adds), tuple(left.values()), tuple(changed)


def _clashes(after: Plan, fresh: Iterable[OnDuty], members: Mapping[str, Member]) -> Iterator[Clash]:
    for duty in sorted(fresh, key=lambda duty: duty.starts_at):
        member = members.get(duty.person)
        if member is None or duty.ends_at <= after.now:
            continue
        found = objections(member, duty, after.rota, after.agreement.limits, after.zone)
        if found:
            yield Clash(duty, found)


def _gaps_moved(
    before: Plan,
    after: Plan,
    touched: Sequence[OnDuty],
    hours: OpeningHours,
    minimum: Minimum,
    since: datetime,
    until: datetime,
    peers: Collection[str] | None,
) -> tuple[tuple[Gap, ...], tuple[Gap, ...]]:
    if not touched:
        return (), ()
    since = max(since, min(duty.starts_at for duty in touched))
    until = min(until, max(duty.ends_at for duty in touched))
    was = gaps(before.rota, hours, minimum, since, until, peers=peers)
    now = gaps(after.rota, hours, minimum, since, until, peers=peers)
    edges = sorted({edge for gap in (*was, *now) for edge in (gap.starts_at, gap.ends_at)})
    opens: list[Gap] = []
    closes: list[Gap] = []
    then, there = _missing_from(was, edges), _missing_from(now, edges)
    for (starts, ends), less, more in zip(pairwise(edges), then, there, strict=True):
        _join(opens, Gap(starts, ends, _beyond(more, less), ()))
        _join(closes, Gap(starts, ends, _beyond(less, more), ()))
    return tuple(opens), tuple(closes)


def _missing_from(found: Sequence[Gap], edges: Sequence[datetime]) -> list[Missing]:
    """What is missing between each two edges, which hold all edges of the gaps."""
    missing, place = [], 0
    for starts, _ in pairwise(edges):
        while place < len(found) and found[place].ends_at <= starts:
            place += 1
        inside = place < len(found) and found[place].starts_at <= starts
        missing.append(found[place].missing if inside else _NOTHING)
    return missing


def _beyond(more: Missing, less: Missing) -> Missing:
    """What is missing in the one and not in the other."""
    return Missing(
        supporters=max(0, more.supporters - less.supporters),
        lead=more.lead and not less.lead,
        on_call=more.on_call and not less.on_call,
        company=more.company and not less.company,
        languages=tuple(tag for tag in more.languages if tag not in less.languages),
    )


def _join(found: list[Gap], gap: Gap) -> None:
    if gap.missing.nothing:
        return
    last = found[-1] if found else None
    if last is not None and (last.ends_at, last.missing) == (gap.starts_at, gap.missing):
        found[-1] = msgspec.structs.replace(last, ends_at=gap.ends_at)
    else:
        found.append(gap)


def _fallen(
    before: Book, after: Book, touched: Iterable[str], since: datetime
) -> Iterator[tuple[Slot, Override]]:
    """Changes to single nights that applied and no longer do, neither there nor to what takes that night's place."""
    touched = sorted(touched)
    kept = {
        (of.date(), override.cancelled, override.person)
        for shift in touched
        for of, override in _applying(after, shift)
    }
    for shift in touched:
        now = dict(_applying(after, shift))
        for of, override in _applying(before, shift):
            past = before.duty(Slot(shift, of))
            if past is not None and past.ends_at <= since:
                continue
            if of.date() < since.date() - _DAY or of in now:
                continue
            if (of.date(), override.cancelled, override.person) not in kept:
                yield Slot(shift, of), override


def _applying(book: Book, shift: str) -> Iterator[tuple[datetime, Override]]:
    held = book.shifts.get(shift)
    if held is None:
        return
    series = Series(held)
    for of, override in sorted(book.nights.get(shift, {}).items()):
        if series.walls(of, of + timedelta(seconds=1)):
            yield of, override
