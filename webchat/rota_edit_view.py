"""The editor as pages: the list of shifts, the form, and the preview of an edit. Pure."""

from collections.abc import Sequence
from datetime import date, timedelta

import msgspec

from rota.book import Ask
from rota.editing import Preview
from rota.gaps import Gap
from rota.shifts import OnDuty, Override, Series, Shift, Slot
from webchat import rota_words
from webchat.rota_changes_view import repeats_words, shift_words
from webchat.rota_edit_form import DAY_NAMES, DAYS, next_start, repeats_of
from webchat.rota_planning_view import missing_words
from webchat.rota_view import Looking, midnight

MOST_SHIFTS = 60
MOST_NIGHTS = 12


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One shift in the list."""

    id: str
    who: str
    free: bool
    role: str
    repeats: str
    clock: str
    languages: str
    until: str


class Group(msgspec.Struct, frozen=True):
    name: str
    shifts: tuple[Listed, ...]


class Shifts(msgspec.Struct, frozen=True, kw_only=True):
    """The list: groups by weekday. `more` counts those a search would have to find."""

    groups: tuple[Group, ...]
    sought: str
    found: int
    more: int


class Night(msgspec.Struct, frozen=True):
    """One coming night of a shift."""

    slot: str
    when: str
    who: str
    other: bool


def listed(looking: Looking, sought: str) -> Shifts:
    """Every shift that is not over, by the day of the week it is on; narrowed to words sought."""
    words = sought.casefold().split()
    groups: dict[str, list[tuple[object, Listed]]] = {name: [] for name in _ORDER}
    found = 0
    for shift in sorted(looking.plan.book.shifts.values(), key=_by_time):
        if _is_over(shift, looking.today):
            continue
        one = _listed(looking, shift)
        text = f"{one.who} {one.role} {one.repeats} {one.clock} {one.languages} {shift.id}".casefold()
        if not all(word in text for word in words):
            continue
        found += 1
        groups[_group(shift)].append((_by_time(shift), one))
    kept: list[Group] = []
    left = MOST_SHIFTS
    for name, shifts in groups.items():
        if shifts and left > 0:
            kept.append(Group(name, tuple(one for _, one in shifts[:left])))
            left -= len(shifts)
    return Shifts(groups=tuple(kept), sought=sought, found=found, more=max(0, found - MOST_SHIFTS))


_ORDER = ("Every day", *(f"{name}s" for name in DAY_NAMES), "More than one day", "By the month", "Once")


def _group(shift: Shift) -> str:
    found = repeats_of(shift)
    kind, days = found["repeats"], found.get("days")
    if kind == "once":
        return "Once"
    if kind == "daily" or (isinstance(days, tuple) and len(days) == len(DAYS)):
        return "Every day"
    if isinstance(days, tuple):
        return (
            f"{DAY_NAMES[DAYS.index(days[0])]}s"
            if len(days) == 1 and days[0] in DAYS
            else "More than one day"
        )
    return "By the month"


def _by_time(shift: Shift) -> tuple[object, ...]:
    first = shift.starts.date() if shift.rrule is None else date.min
    return first, shift.starts.time(), shift.role, shift.id


def _is_over(shift: Shift, today: date) -> bool:
    """Whether its last night was before yesterday. A rule that ends by itself is looked at a year ahead."""
    if shift.until is not None and shift.until < today:
        return True
    if shift.rrule is None and not shift.rdates:
        return shift.starts.date() < today
    ends = any(part in (shift.rrule or "") for part in ("COUNT", "UNTIL"))
    return ends and next_start(shift, today) is None


def _listed(looking: Looking, shift: Shift) -> Listed:
    return Listed(
        id=shift.id,
        who=looking.name(shift.person) if shift.person else "Free",
        free=not shift.person,
        role=rota_words.role(shift.role),
        repeats=_capital(repeats_words(looking, shift)),
        clock=f"{shift.starts:%H:%M}–{shift.ends:%H:%M}",
        languages=rota_words.languages(shift.languages) if shift.role in ("supporter", "interpreter") else "",
        until=rota_words.day(shift.until, looking.today) if shift.until is not None else "",
    )


def nights_of(looking: Looking, shift: Shift) -> tuple[Night, ...]:
    """Its next nights."""
    whole = looking.plan.book.whole(shift.id) or shift
    since = looking.plan.now
    until = midnight(looking.today, looking.zone) + timedelta(weeks=looking.plan.agreement.look_ahead_weeks)
    duties = sorted(Series(whole).starting(since, until), key=lambda duty: duty.starts_at)
    return tuple(
        Night(
            slot=str(duty.slot),
            when=rota_words.when(duty, looking.zone, looking.today),
            who=looking.name(duty.person) if duty.person else "free",
            other=duty.person != shift.person,
        )
        for duty in duties[:MOST_NIGHTS]
    )


def words_of(looking: Looking, shift: Shift) -> str:
    """The shift in one line, for the head of its form."""
    return _capital(shift_words(looking, shift))


# -- the preview ---------------------------------------------------------------------------------------------------


class Previewed(msgspec.Struct, frozen=True, kw_only=True):
    """What an edit would do, in words. Lists are cut to a few; `more` says how many lines each leaves out."""

    nothing: bool
    summary: str
    clashes: tuple[tuple[str, str, bool], ...]
    refused: int
    all_refused: bool
    clock_nights: tuple[str, ...]
    opens: tuple[str, ...]
    closes: tuple[str, ...]
    fallen: tuple[str, ...]
    ended: tuple[str, ...]
    adds: tuple[str, ...]
    removes: tuple[str, ...]
    changes: tuple[tuple[str, str], ...]
    weeks: int


def previewed(looking: Looking, preview: Preview, *, changed: bool) -> Previewed:
    """`changed` is whether the edit changes anything at all, be it later than the weeks looked at."""

    def when(duty: OnDuty) -> str:
        return rota_words.when(duty, looking.zone, looking.today)

    refused = len(preview.refused)
    fresh = len(preview.adds) + len(preview.changes)
    return Previewed(
        nothing=not changed,
        summary=summary(preview),
        clashes=tuple(
            (
                f"{when(one.duty)}, {looking.name(one.duty.person)}",
                " ".join(o.text for o in one.objections),
                one.refused,
            )
            for one in preview.clashes
        ),
        refused=refused,
        all_refused=bool(refused) and refused == fresh,
        clock_nights=tuple(
            f"{when(duty)}: {rota_words.clock_change(duty.starts_at, duty.ends_at, looking.zone)}"
            for duty in preview.clock_nights
        ),
        opens=_gap_lines(looking, preview.opens),
        closes=_gap_lines(looking, preview.closes),
        fallen=tuple(_fallen(looking, slot, override) for slot, override in preview.fallen),
        ended=tuple(_ended(looking, ask) for ask in preview.ended),
        adds=tuple(f"{when(duty)}, {_who(looking, duty)}" for duty in preview.adds),
        removes=tuple(f"{when(duty)}, {_who(looking, duty)}" for duty in preview.removes),
        changes=tuple(_pair(looking, was, now) for was, now in preview.changes),
        weeks=looking.plan.agreement.look_ahead_weeks,
    )


def summary(preview: Preview) -> str:
    """ "This adds 14 shifts, 2 clash, 1 crosses the clock change."."""
    parts = [
        f"{verb} {_count(len(found), 'shift')}"
        for verb, found in (
            ("adds", preview.adds),
            ("changes", preview.changes),
            ("removes", preview.removes),
        )
        if found
    ]
    said = rota_words.names(parts) or "changes no shift in the weeks ahead"
    if clashing := len(preview.clashes):
        said += f", {clashing} {'clashes' if clashing == 1 else 'clash'}"
    if clocks := len(preview.clock_nights):
        said += f", {clocks} {'crosses' if clocks == 1 else 'cross'} the clock change"
    return f"This {said}."


def _count(count: int, noun: str) -> str:
    return f"{count} {noun if count == 1 else noun + 's'}"


def _who(looking: Looking, duty: OnDuty) -> str:
    return f"{looking.name(duty.person) if duty.person else 'free'}, {rota_words.role(duty.role).lower()}"


def _pair(looking: Looking, was: OnDuty, now: OnDuty) -> tuple[str, str]:
    """What it was and what it would be; the time is not said twice when it stays."""
    before = f"{rota_words.when(was, looking.zone, looking.today)}, {_who(looking, was)}"
    if (was.starts_at, was.ends_at) == (now.starts_at, now.ends_at) and _who(looking, was) != _who(
        looking, now
    ):
        return before, _who(looking, now)
    if (was.starts_at, was.ends_at) != (now.starts_at, now.ends_at):
        same_day = (
            was.starts_at.astimezone(looking.zone).date() == now.starts_at.astimezone(looking.zone).date()
        )
        clock = rota_words.clock(now.starts_at, now.ends_at, looking.zone)
        time = clock if same_day else rota_words.when(now, looking.zone, looking.today)
        return before, time if _who(looking, was) == _who(looking, now) else f"{time}, {_who(looking, now)}"
    said = [part for part in (rota_words.channels(now.channels), rota_words.languages(now.languages)) if part]
    return before, "; ".join(said) or "no languages"


def _gap_lines(looking: Looking, found: Sequence[Gap]) -> tuple[str, ...]:
    return tuple(
        f"{rota_words.day(gap.starts_at.astimezone(looking.zone).date(), looking.today)} "
        f"{rota_words.clock(gap.starts_at, gap.ends_at, looking.zone)}: {_lower(missing_words(gap.missing))}"
        for gap in found
    )


def _fallen(looking: Looking, slot: Slot, override: Override) -> str:
    when = rota_words.begins(slot, looking.plan.book, looking.zone, looking.today)
    if override.cancelled:
        return f"{when}: was cancelled"
    if override.person is not None:
        return f"{when}: {looking.name(override.person) + ' had it' if override.person else 'was given back'}"
    return f"{when}: was moved"


def _ended(looking: Looking, ask: Ask) -> str:
    when = rota_words.begins(ask.slot, looking.plan.book, looking.zone, looking.today) if ask.slot else ""
    kind = {"cover": "asked for cover", "swap": "offered a swap", "fill": "asked others to take it"}.get(
        ask.kind, ""
    )
    return f"{when}: {looking.name(ask.by)} {kind}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
