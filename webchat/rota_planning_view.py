"""What those who plan see of the gaps and the balance, from the book to the words: everything here is pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import get_args

import msgspec

from rota.availability import prefers
from rota.book import Ask
from rota.filling import Candidate, who_could_fill
from rota.gaps import Gap, gaps
from rota.hours import OpeningHours
from rota.shifts import OnDuty, Role, Rota
from rota.staffing import Minimum, Missing
from webchat import rota_words
from webchat.rota_view import Card, Looking, card, midnight

ASKED_AT_ONCE = 4
# So many pairs of a gap and somebody who might fill it are looked at for one page: about a tenth of a second.
PAIRS = 3_000
PLACES_SHOWN = 24
ROLES: tuple[Role, ...] = get_args(Role)
_COUNTS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine"}
_DAY = timedelta(days=1)
_STANDBY_MOST = 24.0


class Answer(msgspec.Struct, frozen=True):
    """Somebody who was asked, and what they said: "asked" or "said no"."""

    name: str
    said: str


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A shift somebody could take: a free one (`slot`), or one that is not there yet (`slot` is empty).

    `key` names it on the page and in the press that adds it.
    """

    key: str
    slot: str
    href: str
    role: str
    role_id: str
    clock: str
    clocks: str
    about: str
    starts: str
    ends: str
    languages: tuple[str, ...]
    spoken: str
    only: bool
    candidates: tuple[Candidate, ...]
    answers: tuple[Answer, ...]
    withdraw: str


class Evening(msgspec.Struct, frozen=True, kw_only=True):
    """One day with something missing, or something free. `short` are lines of time and words."""

    date: str
    day: str
    short: tuple[tuple[str, str], ...]
    places: tuple[Place, ...]


class Sought(msgspec.Struct, frozen=True):
    """What the page is narrowed to; empty for everything. `since` is the first day shown."""

    role: str = ""
    language: str = ""
    since: str = ""


class Gaps(msgspec.Struct, frozen=True, kw_only=True):
    """The page. `later` is the first day left for the next page; `days` counts those on which something is missing."""

    evenings: tuple[Evening, ...]
    later: str
    later_day: str
    days: int
    weeks: int
    roles: tuple[tuple[str, str], ...]
    languages: tuple[tuple[str, str], ...]


def found_gaps(looking: Looking, minimum: Minimum) -> tuple[Gap, ...]:
    """Everything short or free from now to as far as the service looks ahead."""
    plan = looking.plan
    since = plan.now.replace(second=0, microsecond=0)
    until = since + timedelta(weeks=plan.agreement.look_ahead_weeks)
    peers = frozenset(member.id for member in looking.members.values() if member.peer)
    found = _gaps_between(plan.rota, looking.hours, minimum, since, until, peers)
    return tuple(part for gap in found for part in _by_day(looking, gap))


# Every planners' page counts them, and pages look again after each step: within a minute of one rota the answer is
# the same. Rota and hours are never changed, only replaced, so they are known by being the same object.
@lru_cache(4)
def _gaps_between(
    rota: Rota,
    hours: OpeningHours,
    minimum: Minimum,
    since: datetime,
    until: datetime,
    peers: frozenset[str],
) -> tuple[Gap, ...]:
    return gaps(rota, hours, minimum, since, until, peers=peers)


def _by_day(looking: Looking, gap: Gap) -> Iterator[Gap]:
    """A gap of more than a day in its days; an evening past midnight stays one."""
    while gap.ends_at - gap.starts_at > _DAY:
        next_day = midnight(_day_of(looking, gap) + _DAY, looking.zone)
        yield msgspec.structs.replace(gap, ends_at=next_day)
        gap = msgspec.structs.replace(gap, starts_at=next_day)
    yield gap


def days_short(looking: Looking, found: Iterable[Gap]) -> int:
    """On how many days something is missing."""
    return len({_day_of(looking, gap) for gap in found if not gap.missing.nothing})


def gaps_page(looking: Looking, minimum: Minimum, found: Sequence[Gap], sought: Sought) -> Gaps:
    """Gaps by day, each with the shifts that could fill it and who could take them."""
    by_day: dict[date, list[Gap]] = {}
    for gap in found:
        by_day.setdefault(_day_of(looking, gap), []).append(gap)
    most = max(4, min(PLACES_SHOWN, PAIRS // max(1, len(looking.members))))
    evenings: list[Evening] = []
    shown, later = 0, None
    for day, theirs in sorted(by_day.items()):
        if day.isoformat() < sought.since:
            continue
        open_places = [one for one in _to_fill(looking, day, theirs) if _is_sought(one, sought)]
        short = _short(looking, theirs, sought)
        if not short and not open_places:
            continue
        if shown and shown + len(open_places) > most:
            later = day
            break
        shown += len(open_places)
        places = tuple(_place(looking, *fill) for fill in open_places)
        evenings.append(
            Evening(
                date=day.isoformat(), day=rota_words.near_day(day, looking.today), short=short, places=places
            )
        )
    tongues = dict.fromkeys((*minimum.languages, *_languages(looking, by_day.values())))
    return Gaps(
        evenings=tuple(evenings),
        later=later.isoformat() if later is not None else "",
        later_day=rota_words.day(later, looking.today) if later is not None else "",
        days=days_short(looking, found),
        weeks=looking.plan.agreement.look_ahead_weeks,
        roles=tuple((role, rota_words.role(role)) for role in ROLES),
        languages=tuple((tag, rota_words.languages((tag,))) for tag in tongues),
    )


def missing_words(missing: Missing) -> str:
    """ "One supporter and a lead; nobody speaks Polish": what is not there, and what that comes to."""
    text = "; ".join(part for part in (_lacked(missing), _comes_to(missing)) if part)
    return text[:1].upper() + text[1:]


def _missing_line(missing: Missing) -> str:
    """The same where it stands alone and might be read as what is there: "Missing: one supporter and a lead"."""
    lacked = _lacked(missing)
    if not lacked:
        return missing_words(missing)
    return "; ".join(part for part in (f"Missing: {lacked}", _comes_to(missing)) if part)


def _lacked(missing: Missing) -> str:
    parts = []
    if missing.supporters:
        noun = "supporter" if missing.supporters == 1 else "supporters"
        parts.append(f"{_COUNTS.get(missing.supporters, str(missing.supporters))} {noun}")
    parts += [words for words, is_so in (("a lead", missing.lead), ("an on-call", missing.on_call)) if is_so]
    return rota_words.names(parts)


def _comes_to(missing: Missing) -> str:
    spoken = " or ".join(rota_words.languages((tag,)) for tag in missing.languages)
    parts = ((f"nobody speaks {spoken}", bool(spoken)), ("a peer is alone", missing.company))
    return ", ".join(words for words, is_so in parts if is_so)


def _day_of(looking: Looking, gap: Gap) -> date:
    return gap.starts_at.astimezone(looking.zone).date()


def _short(looking: Looking, theirs: Iterable[Gap], sought: Sought) -> tuple[tuple[str, str], ...]:
    return tuple(
        (rota_words.clock(gap.starts_at, gap.ends_at, looking.zone), words)
        for gap in theirs
        if (words := _missing_line(_narrowed(gap.missing, sought)))
    )


def _narrowed(missing: Missing, sought: Sought) -> Missing:
    """Only what is sought of what is missing."""
    tags = missing.languages
    if sought.language:
        tags = tuple(tag for tag in tags if tag == sought.language)
        return Missing(languages=tags) if sought.role in ("", "supporter") else Missing()
    if sought.role == "supporter":
        return Missing(supporters=missing.supporters, company=missing.company, languages=tags)
    if sought.role:
        return Missing(
            lead=missing.lead and sought.role == "lead",
            on_call=missing.on_call and sought.role == "on_call",
        )
    return missing


def _languages(looking: Looking, by_day: Iterable[Iterable[Gap]]) -> list[str]:
    missing = {tag for theirs in by_day for gap in theirs for tag in gap.missing.languages}
    spoken = {tag for member in looking.members.values() for tag in member.languages}
    return sorted(missing | spoken)


# -- what could fill a gap -----------------------------------------------------------------------------------------

# A shift to fill, the languages that would help, and whether it is for nobody else.
_Fill = tuple[OnDuty, tuple[str, ...], bool]


def _is_sought(fill: _Fill, sought: Sought) -> bool:
    duty, wanted, _ = fill
    if sought.role and duty.role != sought.role:
        return False
    return not sought.language or sought.language in (*wanted, *duty.languages)


def _to_fill(looking: Looking, day: date, theirs: Sequence[Gap]) -> list[_Fill]:
    """The free occurrences of a day, then what is missing that none of them is for; each with languages wanted."""
    free: dict[object, _Fill] = {}
    for gap in theirs:
        for duty in gap.free:
            wanted = gap.missing.languages if duty.role == "supporter" else ()
            before = free.get(duty.slot, (duty, (), False))[1]
            if duty.ends_at > looking.plan.now and duty.starts_at.astimezone(looking.zone).date() == day:
                free[duty.slot] = duty, tuple(dict.fromkeys((*before, *wanted))), False
    bare = [fill for role in ("supporter", "lead", "on_call") for fill in _uncovered(looking, theirs, role)]
    return sorted((*free.values(), *bare), key=lambda one: (one[0].starts_at, ROLES.index(one[0].role)))


def _uncovered(looking: Looking, theirs: Sequence[Gap], role: Role) -> Iterator[_Fill]:
    """Shifts that are missing and not there, even free: one after another, each no longer than one may be."""
    runs: list[tuple[datetime, datetime, tuple[str, ...], int, bool]] = []
    for gap in theirs:
        lacking = _lacking(gap.missing, role) - sum(duty.role == role for duty in gap.free)
        if lacking <= 0:
            continue
        tags = gap.missing.languages if role == "supporter" else ()
        # Enough are on, but nobody with that language: somebody without it would fill nothing.
        only = bool(tags) and not gap.missing.supporters and not gap.missing.company
        last = runs[-1] if runs else None
        if last is not None and (last[1], last[3], last[4]) == (gap.starts_at, lacking, only):
            runs[-1] = last[0], gap.ends_at, tuple(dict.fromkeys((*last[2], *tags))), lacking, only
        else:
            runs.append((gap.starts_at, gap.ends_at, tags, lacking, only))
    channels = tuple(one.channel for one in looking.hours.hours.channels)
    for starts, ends, tags, lacking, only in runs:
        for begins, stops in _pieces(looking, role, starts, ends):
            for number in range(min(lacking, 3)):
                name = f"{role}-{begins.astimezone(looking.zone):%Y%m%d-%H%M}-{number + 1}"
                of = begins.astimezone(looking.zone).replace(tzinfo=None)
                yield OnDuty("", role, name, begins, stops, channels, tags, of), tags, only


def _lacking(missing: Missing, role: Role) -> int:
    if role == "lead":
        return int(missing.lead)
    if role == "on_call":
        return int(missing.on_call)
    return max(missing.supporters, int(bool(missing.languages) or missing.company))


def _pieces(
    looking: Looking, role: Role, starts: datetime, ends: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """A stretch in equal parts, none longer than a shift may be."""
    standby = role in ("on_call", "second_on_call")
    most = _STANDBY_MOST if standby else max(1.0, looking.plan.agreement.limits.stop_hours)
    hours = (ends - starts).total_seconds() / 3600
    count = max(1, -int(-hours // most))
    # To the minute, so that each part is a time people can write down.
    cuts = [starts + timedelta(minutes=round(hours * 60 * part / count)) for part in range(count)]
    yield from zip(cuts, (*cuts[1:], ends), strict=True)


def _place(looking: Looking, duty: OnDuty, wanted: tuple[str, ...], only: bool) -> Place:
    zone, slot = looking.zone, duty.slot
    there = looking.plan.book.duty(slot) is not None
    ask = (
        next((one for one in looking.plan.book.asks_about(slot) if one.kind == "fill"), None)
        if there
        else None
    )
    asked = set(ask.to) if ask is not None else set()
    found = [one for one in candidates_for(looking, duty, wanted, only=only) if one.member.id not in asked]
    role = rota_words.role(duty.role)
    clock = rota_words.clock(duty.starts_at, duty.ends_at, zone)
    return Place(
        key=f"{duty.role}-{duty.starts_at:%Y%m%d%H%M}-{duty.shift}",
        slot=str(slot) if there else "",
        href=card(looking, duty).href if there else "",
        role=role,
        role_id=duty.role,
        clock=clock,
        clocks=rota_words.clock_change(duty.starts_at, duty.ends_at, zone),
        about=f"{role}, {rota_words.day(duty.starts_at.astimezone(zone).date(), looking.today)} {clock}",
        starts=duty.starts_at.isoformat(),
        ends=duty.ends_at.isoformat(),
        languages=wanted,
        spoken=rota_words.languages(wanted),
        only=only,
        candidates=tuple(found[:ASKED_AT_ONCE]),
        answers=_answers(looking, ask),
        withdraw=ask.id if ask is not None else "",
    )


def candidates_for(
    looking: Looking, duty: OnDuty, wanted: tuple[str, ...], *, only: bool = False
) -> tuple[Candidate, ...]:
    """Who could take it, best first: those who speak a language that is wanted before others, or `only` those."""
    plan = looking.plan
    said = {
        person: suits
        for person, availability in plan.book.availabilities.items()
        if (suits := prefers(availability, duty.starts_at, duty.ends_at)) is not None
    }
    asked = msgspec.structs.replace(duty, languages=wanted) if wanted else duty
    able = [
        member
        for member in looking.members.values()
        if duty.role in member.roles and (not only or not set(wanted).isdisjoint(member.languages))
    ]
    return who_could_fill(asked, able, plan.rota, plan.agreement.limits, plan.zone, prefers=said)


def _answers(looking: Looking, ask: Ask | None) -> tuple[Answer, ...]:
    if ask is None:
        return ()
    return tuple(
        Answer(looking.name(person), "said no" if person in ask.said_no else "asked") for person in ask.to
    )


# -- what waits for whoever plans ----------------------------------------------------------------------------------


class Swap(msgspec.Struct, frozen=True):
    """A swap both agreed to. `theirs` is what `by` gets for `mine`."""

    ask: str
    by: str
    to: str
    mine: Card
    theirs: Card


class Hand(msgspec.Struct, frozen=True):
    """Somebody who could come now."""

    ask: str
    person: str
    name: str
    at: str


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """Everything besides gaps that a planner may want to do something about."""

    swaps: tuple[Swap, ...]
    hands: tuple[Hand, ...]
    unconfirmed: tuple[Card, ...]
    covers: tuple[tuple[Card, str], ...]


def waiting(looking: Looking) -> Waiting:
    plan, book = looking.plan, looking.plan.book
    until = plan.now + timedelta(hours=plan.agreement.confirm_hours)
    swaps, hands, covers = [], [], []
    for ask in sorted(book.asks.values(), key=lambda one: one.at):
        duty = book.duty(ask.slot) if ask.slot is not None else None
        if ask.kind == "hands":
            at = f"{ask.at.astimezone(looking.zone):%H:%M}"
            hands.append(Hand(ask.id, ask.by, looking.name(ask.by), at))
        elif ask.kind == "swap" and ask.agreed and duty is not None and ask.theirs is not None:
            theirs = book.duty(ask.theirs)
            if theirs is not None:
                names = looking.name(ask.by), looking.name(ask.to[0]) if ask.to else ""
                swaps.append(Swap(ask.id, *names, card(looking, duty), card(looking, theirs)))
        elif ask.kind == "cover" and duty is not None and duty.ends_at > plan.now:
            asked = rota_words.names([looking.name(one) for one in ask.to]) or "everybody who could"
            covers.append((card(looking, duty), asked))
    unconfirmed = tuple(
        card(looking, duty)
        for duty in plan.rota.occurrences(plan.now, until)
        if duty.person and plan.now < duty.starts_at <= until and not book.confirmed(duty.slot, duty.person)
    )
    return Waiting(swaps=tuple(swaps), hands=tuple(hands), unconfirmed=unconfirmed, covers=tuple(covers))
