"""The shift a calendar's events mean: a series and its changed nights, made into one `Shift`.

A series is read as a rota says it: its end is wall time, and a DURATION is taken on the clock. Something that happens
once keeps its exact instants. What RFC 5545 leaves open, or a shift cannot say, is told in `NotUnderstood`.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import msgspec

from rota.calendar_reading import CalendarEvent, Moment, NotUnderstood, wall_on
from rota.calendar_series import as_series, bones, plain
from rota.calendars import ROLE_WORDS
from rota.mistakes import Mistake
from rota.shift_entry import shift_mistakes
from rota.shifts import Override, Role, Series, Shift
from rota.walltime import instant_of

PersonOf = Callable[[CalendarEvent], str]

_SECOND = timedelta(seconds=1)
_LONGEST = timedelta(hours=24)
_FURTHEST = timedelta(days=20 * 366)
_MOST_CHANGES = 1_000
_MOST_COUNTED = 5_000
_ROLE_BY_WORD = {word.casefold(): role for role, word in ROLE_WORDS.items()}
_WALKED_A_DAY = {"DAILY": 1.0, "WEEKLY": 0.1}


class Effort:
    """How much work a file may still ask for. A rule that never comes round is searched for long before that shows.

    Counted, not timed, so that the same file always gives the same answer: enough for any honest calendar, and
    spent within seconds by one made to keep the machine busy.
    """

    def __init__(self, rules: int = 600, days: float = 1_000_000) -> None:
        self.rules = rules
        self.days = days

    def afford(self) -> None:
        """Raises NotUnderstood once all is spent."""
        if self.rules <= 0 or self.days <= 0:
            what = "was not looked at: too many events before it have rules that cannot be followed"
            raise NotUnderstood(what, "mend or take out those, or send the file in parts")

    def charge(self, mistakes: Iterable[Mistake]) -> None:
        """Counts rules that had to be searched for."""
        for mistake in mistakes:
            if "never comes round" in mistake.what:
                self.rules -= 60
            elif "first start" in mistake.what:
                self.rules -= 3


class Meant(msgspec.Struct, frozen=True):
    """A shift as the file has it.

    `strangers` are events that name somebody nobody knows, `orphans` changes to nights the series does not have,
    `refused` changes that cannot be taken, with why.
    """

    shift: Shift
    strangers: tuple[CalendarEvent, ...] = ()
    orphans: tuple[CalendarEvent, ...] = ()
    refused: tuple[tuple[CalendarEvent, NotUnderstood], ...] = ()


class ShiftReader:
    """Makes shifts of events. `person_of` says who an event names, "" for nobody known."""

    def __init__(
        self, person_of: PersonOf, channels: Collection[str], zone: str, default_role: Role, effort: Effort
    ) -> None:
        self._person_of = person_of
        self._channels = channels
        self._zone = zone
        self._default_role = default_role
        self._effort = effort

    def shift(self, event: CalendarEvent, shift_id: str, nights: Sequence[CalendarEvent] = ()) -> Meant:
        """The shift of a series or single event with its changed nights. Raises NotUnderstood."""
        self._effort.afford()
        base = self._base(event, shift_id)
        if len(event.exdates) + len(event.cancelled_nights) + len(nights) > _MOST_CHANGES:
            what = f"has more than {_MOST_CHANGES:,} changed or cancelled nights"
            raise NotUnderstood(what, "end the series and begin a new one from a later date")
        has = self._starts(base, event, nights)
        overrides = {
            of: Override(of=of, cancelled=True)
            for of in has.intersection(_walls(event.cancelled_nights, base))
        }
        orphans: list[CalendarEvent] = []
        refused: list[tuple[CalendarEvent, NotUnderstood]] = []
        for night in sorted(nights, key=lambda one: one.sequence):
            of = _wall(night.of, base)
            if of not in has:
                orphans.append(night)
                continue
            try:
                overrides[of] = self._override(base, event, night, of)
            except NotUnderstood as why:
                refused.append((night, why))
        # Some programs take a moved night out of the series as well as saying where it went.
        exdates = has.intersection(_walls(event.exdates, base)) - overrides.keys()
        changed = msgspec.structs.replace(base, exdates=tuple(exdates), overrides=tuple(overrides.values()))
        understood = [one for one in nights if one not in orphans]
        return Meant(
            self._as_this_service_wrote_it(plain(changed), event),
            strangers=tuple(one for one in (event, *understood) if self._stranger(one, event)),
            orphans=tuple(orphans),
            refused=tuple(refused),
        )

    def _base(self, event: CalendarEvent, shift_id: str) -> Shift:
        """The shift without its changes."""
        zone, starts, ends = self._times(event)
        rdates = tuple(wall_on(moment, zone, starts.time()) for moment in event.rdates)
        shift = Shift(
            id=shift_id,
            zone=zone,
            starts=starts,
            ends=ends,
            role=self._role(event),
            person=self._person_of(event),
            channels=self._channels_of(event),
            languages=_words(event.marks.get("LANGUAGES", "")),
            rrule=event.rrule,
            rdates=rdates,
        )
        if _count(event.rrule) > _MOST_COUNTED:
            raise NotUnderstood(
                f"repeats more than {_MOST_COUNTED:,} times", "end it with UNTIL, or leave it open"
            )
        mistakes = shift_mistakes(shift, channels=self._channels, where="")
        self._effort.charge(mistakes)
        for mistake in mistakes:
            where = mistake.where.removeprefix(".")
            raise NotUnderstood(f"{where}: {mistake.what}", mistake.mend)
        return shift

    def _times(self, event: CalendarEvent) -> tuple[str, datetime, datetime]:
        """Zone, start and end of the first occurrence."""
        if event.starts.day:
            raise NotUnderstood(
                "is an event of a whole day", "give it the hours at which the shift starts and ends"
            )
        repeats = event.rrule is not None or bool(event.rdates)
        zone, starts = event.starts.zone, event.starts.wall
        if event.lasts is not None and not timedelta(0) < event.lasts <= _LONGEST:
            raise NotUnderstood("does not last between a moment and 24 hours", "make it several events")
        if event.ends is not None and event.ends.day:
            raise NotUnderstood("ends on a day, without an hour", "give it an end such as 20260105T220000")
        if event.ends is None and event.lasts is None:
            raise NotUnderstood("has no end", "give it a DTEND or a DURATION")
        if repeats or (event.ends is not None and event.ends.zone == zone != "UTC"):
            ends = event.ends.wall_in(zone) if event.ends is not None else starts + _length(event)
            return zone, starts, ends
        starts_at = event.starts.instant
        ends_at = event.ends.instant if event.ends is not None else starts_at + _length(event)
        if zone == "UTC" and event.marks.get("ZONE") != "UTC":
            zone = self._zone
        walls = [at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for at in (starts_at, ends_at)]
        # In the hour the clocks repeat a wall time may mean another instant: such a shift stays in UTC.
        if [instant_of(wall, ZoneInfo(zone)) for wall in walls] != [starts_at, ends_at]:
            zone, walls = "UTC", [at.replace(tzinfo=None) for at in (starts_at, ends_at)]
        return zone, walls[0], walls[1]

    def _starts(self, base: Shift, event: CalendarEvent, nights: Sequence[CalendarEvent]) -> set[datetime]:
        """Which of the nights spoken of are starts of the shift: files keep lists of nights long gone from them.

        Walked once, however many there are.
        """
        asked = _walls((*event.exdates, *event.cancelled_nights, *(night.of for night in nights)), base)
        if not asked:
            return set()
        self._walk(base, max(asked))
        return asked & Series(base).walls(min(asked), max(asked) + _SECOND)

    def _walk(self, base: Shift, last: datetime) -> None:
        span = max(last - base.starts, timedelta(0))
        if span > _FURTHEST:
            raise NotUnderstood("has changes more than 20 years after it begins", "begin a new series later")
        # What is counted must be walked from its first night; other rules are begun near the nights asked for.
        counted = 2.0 if _count(base.rrule) else 1.0
        self._effort.days -= 10 + span.days * counted * _WALKED_A_DAY.get(_part(base.rrule, "FREQ"), 1.0)

    def _override(self, base: Shift, event: CalendarEvent, night: CalendarEvent, of: datetime) -> Override:
        zone = ZoneInfo(base.zone)
        if night.cancelled:
            return Override(of=of, cancelled=True)
        length = base.ends - base.starts
        starts = self._wall_of(night.starts, of, zone)
        by_default = starts + length
        if night.ends is not None:
            ends = self._wall_of(night.ends, by_default, zone)
        elif night.lasts is not None:
            ends = starts + night.lasts
        else:
            ends = by_default
        if not timedelta(0) < ends - starts <= _LONGEST:
            raise NotUnderstood("does not last between a moment and 24 hours", "mend its end")
        person, languages = self._night_person(event, night), _words(night.marks.get("LANGUAGES", ""))
        if "LANGUAGES" not in night.marks and person == base.person:
            languages = base.languages
        return Override(of=of, starts=starts, ends=ends, person=person, languages=languages)

    @staticmethod
    def _wall_of(moment: Moment, expected: datetime, zone: ZoneInfo) -> datetime:
        """A moment as wall time of the shift's zone: the one expected where both are the same instant."""
        if moment.day:
            raise NotUnderstood(
                "changes a night to a whole day", "give it the hours at which the shift starts and ends"
            )
        if moment.zone == zone.key:
            return moment.wall
        if moment.instant == instant_of(expected, zone):
            return expected
        wall = moment.wall_in(zone.key)
        if instant_of(wall, zone) != moment.instant:
            raise NotUnderstood(
                "begins or ends in an hour the clocks repeat", "make it an event of its own, in UTC"
            )
        return wall

    def _night_person(self, event: CalendarEvent, night: CalendarEvent) -> str:
        """Who has a changed night; one that names nobody anew is whoever's the series is."""
        person = self._person_of(night)
        if (
            not person
            and "PERSON" not in night.marks
            and not night.attendees
            and night.summary == event.summary
        ):
            return self._person_of(event)
        return person

    def _as_this_service_wrote_it(self, shift: Shift, event: CalendarEvent) -> Shift:
        """The shift with the dates and rule it had here, if the event still says what was written of it."""
        written = event.marks.get("SERIES")
        if written is None:
            return shift
        try:
            candidate = msgspec.convert(msgspec.to_builtins(shift) | msgspec.json.decode(written), Shift)
            bare = msgspec.structs.replace(candidate, exdates=(), overrides=())
            if _count(candidate.rrule) > _MOST_COUNTED or shift_mistakes(
                bare, channels=self._channels, where=""
            ):
                return shift
            self._walk(candidate, shift.starts)
            self._effort.days -= _count(candidate.rrule)
            said = as_series(candidate)
        except (msgspec.MsgspecError, NotUnderstood, TypeError, OverflowError):
            return shift
        return candidate if said is not None and bones(said) == bones(shift) else shift

    def _stranger(self, event: CalendarEvent, series: CalendarEvent) -> bool:
        if event.cancelled or event.marks.get("PERSON") == "":
            return False
        return not (self._person_of(event) if event is series else self._night_person(series, event))

    def _role(self, event: CalendarEvent) -> Role:
        said = (
            event.marks.get("ROLE", ""),
            *(_ROLE_BY_WORD.get(word.casefold(), "") for word in event.categories),
        )
        return next((role for role in get_args(Role) for word in said if word == role), self._default_role)

    def _channels_of(self, event: CalendarEvent) -> tuple[str, ...]:
        if "CHANNELS" in event.marks:
            return _words(event.marks["CHANNELS"])
        known = {channel.casefold(): channel for channel in self._channels}
        found = (known.get(word.casefold()) for word in event.categories)
        return tuple(dict.fromkeys(channel for channel in found if channel is not None))


def _length(event: CalendarEvent) -> timedelta:
    assert event.lasts is not None
    return event.lasts


def _words(text: str) -> tuple[str, ...]:
    return tuple(text[:1_000].split())


def _wall(moment: Moment | None, shift: Shift) -> datetime:
    assert moment is not None
    return wall_on(moment, shift.zone, shift.starts.time())


def _walls(moments: Iterable[Moment | None], shift: Shift) -> set[datetime]:
    return {_wall(moment, shift) for moment in moments}


def _part(rrule: str | None, name: str) -> str:
    return next(
        (part.partition("=")[2] for part in (rrule or "").split(";") if part.startswith(f"{name}=")), ""
    )


def _count(rrule: str | None) -> int:
    """The COUNT of a rule; 0 when it has none or it is no number that can be taken."""
    written = _part(rrule, "COUNT")
    return int(written) if re.fullmatch(r"\d{1,9}", written) else 0
