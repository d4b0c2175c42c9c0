"""What was done to the rota, in one sentence a step, for those who plan. Pure."""

from collections.abc import Iterable
from datetime import timedelta

import msgspec

from helpline.rota_keeping import Step
from rota.book import (
    AnyChange,
    AskChanged,
    AvailabilityChanged,
    FeedChanged,
    NightChanged,
    ShiftChanged,
    TermsChanged,
)
from rota.shifts import Shift, Slot
from webchat import rota_words
from webchat.rota_edit_form import DAY_NAMES, DAYS, NTH, repeats_of
from webchat.rota_view import Looking

# Later, and what was changed since would mostly stand in the way.
UNDO_FOR = timedelta(days=14)
_QUIET = frozenset({"began", "seeded", "demonstration", "passed", "feed", "availability", "imported"})
_FEW = 3


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One step. `undo` is whether a press could turn it round; `undone` that it turned another one round."""

    seq: int
    day: str
    at: str
    text: str
    why: str
    undo: bool


def lines(looking: Looking, steps: Iterable[Step]) -> tuple[Line, ...]:
    """The steps as sentences, in the order given."""
    return tuple(_line(looking, step) for step in steps)


def concerns(step: Step, person: str) -> bool:
    """Whether somebody made a step or it was about what they have or were asked."""
    return step.by.id == person or any(person in _people(change) for change in step.changes)


def _people(change: AnyChange) -> set[str]:
    found: set[str] = set()
    for thing in (change.before, change.after):
        if thing is None:
            continue
        if isinstance(change, TermsChanged | FeedChanged | AvailabilityChanged):
            found.add(change.id)
        elif isinstance(change, AskChanged):
            ask = change.after or change.before
            found |= {ask.by, *ask.to} if ask is not None else set()
        else:
            found.add(getattr(thing, "person", None) or "")
    return found - {""}


def _line(looking: Looking, step: Step) -> Line:
    at = step.at.astimezone(looking.zone)
    fresh = looking.plan.now - step.at <= UNDO_FOR
    return Line(
        seq=step.seq,
        day=rota_words.near_day(at.date(), looking.today) if at.date() != looking.today else "Today",
        at=f"{at:%H:%M}",
        text=sentence(looking, step),
        why=step.why or "",
        undo=bool(step.changes) and fresh and step.what not in _QUIET and _may_turn(looking, step),
    )


def _may_turn(looking: Looking, step: Step) -> bool:
    book = looking.plan.book
    return all(book.holds(change) == change.after for change in step.changes)


def sentence(looking: Looking, step: Step) -> str:
    """One sentence: who did what, with which shift."""
    by = looking.name(step.by.id) if step.by.id else "The service"
    nights = [one for one in step.changes if isinstance(one, NightChanged)]
    ask = next(
        (
            one.after or one.before
            for one in step.changes
            if isinstance(one, AskChanged) and (one.after or one.before)
        ),
        None,
    )
    slot = rota_words.about(step)
    when = _when(looking, slot) if slot is not None else "a shift"
    to = (
        rota_words.names([looking.name(one) for one in ask.to]) if ask is not None and ask.to else "everybody"
    )
    after = next((one.after for one in nights if one.after is not None and one.after.person), None)
    holder = looking.name(after.person) if after is not None and after.person else "somebody"
    if step.what == "edited":
        return f"{by} {_edited(looking, step.changes)}."
    if step.what == "agreed_swap":
        return f"{by} agreed to a swap for {when}." if not nights else f"{by} agreed, and {when} was swapped."
    words = _SENTENCES.get(step.what, "{by} changed the rota.")
    of = f" (step {step.undoes})" if step.undoes else ""
    whom = next((looking.name(one.id) for one in step.changes if isinstance(one, TermsChanged)), "somebody")
    count = sum(isinstance(one, ShiftChanged) for one in step.changes)
    return words.format(by=by, when=when, to=to, holder=holder, of=of, whom=whom, count=count)


_SENTENCES = {
    "began": "The rota began.",
    "seeded": "{count} shifts came from the service’s definition.",
    "demonstration": "The demonstration put {count} shifts on the rota.",
    "took": "{by} took {when}.",
    "gave_back": "{by} gave back {when}.",
    "sick": "{by} called in sick for {when}.",
    "confirmed": "{by} will be there on {when}.",
    "asked_cover": "{by} asked {to} to cover {when}.",
    "offered_swap": "{by} offered {to} a swap for {when}.",
    "approved_swap": "{by} approved a swap: {when}.",
    "said_no": "{by} said no to {when}.",
    "withdrew": "{by} took back a question about {when}.",
    "offered_hands": "{by} offered to come and help.",
    "asked_to_fill": "{by} asked {to} to take {when}.",
    "put_on": "{by} put {holder} on {when}.",
    "took_off": "{by} made {when} free.",
    "hours": "{by} changed the opening hours.",
    "closed_now": "{by} closed the door to new people.",
    "opened_again": "{by} opened the door again.",
    "imported": "{by} took in a calendar: {count} shifts.",
    "terms": "{by} changed what is agreed with {whom}.",
    "availability": "{by} said when shifts suit them.",
    "feed": "{by} changed their private calendar address.",
    "passed": "Questions whose time was over were closed.",
    "undid": "{by} undid a change{of}.",
}


def _when(looking: Looking, slot: Slot) -> str:
    return rota_words.begins(slot, looking.plan.book, looking.zone, looking.today)


def _edited(looking: Looking, changes: Iterable[AnyChange]) -> str:
    """What an edit came to: the shifts it put in, changed, ended or took out; else the nights it changed."""
    shifts = [one for one in changes if isinstance(one, ShiftChanged)]
    parts = [_of_shift(looking, one) for one in shifts]
    if len(shifts) == 2 and _is_split(shifts):
        new = next(one.after for one in shifts if one.before is None)
        old = next(one.before for one in shifts if one.before is not None)
        if new is not None and old is not None:
            day = rota_words.day(new.starts.date(), looking.today)
            parts = [f"changed {shift_words(looking, old)} from {day} on, to {shift_words(looking, new)}"]
    if not parts:
        parts = [_of_night(looking, one) for one in changes if isinstance(one, NightChanged)]
    more = f", and {len(parts) - _FEW} more" if len(parts) > _FEW else ""
    return rota_words.names(parts[:_FEW]) + more if parts else "changed the rota"


def _is_split(shifts: list[ShiftChanged]) -> bool:
    return sorted(one.before is None for one in shifts) == [False, True] and all(
        one.after is not None for one in shifts
    )


def _of_shift(looking: Looking, change: ShiftChanged) -> str:
    before, after = change.before, change.after
    if before is None and after is not None:
        return f"added {shift_words(looking, after)}"
    if after is None:
        return f"took out {shift_words(looking, before)}" if before is not None else "changed the rota"
    if before is not None and msgspec.structs.replace(before, until=after.until) == after and after.until:
        day = rota_words.day(after.until, looking.today)
        return f"ended {shift_words(looking, after)} after {day}"
    if before is not None and len(after.rdates) > len(before.rdates):
        new = next(wall for wall in after.rdates if wall not in before.rdates)
        return (
            f"added {rota_words.day(new.date(), looking.today)} {new:%H:%M} to {shift_words(looking, after)}"
        )
    return f"changed {shift_words(looking, after)}"


def _of_night(looking: Looking, change: NightChanged) -> str:
    slot = Slot.parse(change.id)
    when = _when(looking, slot)
    if change.after is None:
        return f"put {when} back as it was"
    if change.after.cancelled:
        return f"cancelled {when}"
    return f"moved {when}" if change.after.starts or change.after.ends else f"changed {when}"


def shift_words(looking: Looking, shift: Shift) -> str:
    """ "Ania, Supporter, Mondays and Fridays 18:00–22:30"."""
    who = looking.name(shift.person) if shift.person else "a free shift"
    role = rota_words.role(shift.role).lower()
    return f"{who}, {role}, {repeats_words(looking, shift)} {shift.starts:%H:%M}–{shift.ends:%H:%M}"


def repeats_words(looking: Looking, shift: Shift) -> str:
    """ "Fridays", "every 2 weeks on Fridays", "every day", "the first Monday of the month", or one day."""
    found = repeats_of(shift)
    if found["repeats"] == "once":
        return rota_words.day(shift.starts.date(), looking.today)
    if found["repeats"] == "daily":
        return "every day"
    if found["repeats"] == "weekly":
        named = found["days"] if isinstance(found["days"], tuple) else ()
        days = rota_words.names([f"{DAY_NAMES[DAYS.index(day)]}s" for day in named if day in DAYS])
        return days if found["every"] == "1" else f"every {found['every']} weeks on {days}"
    if found["repeats"] == "monthly":
        return f"the {NTH[str(found['nth'])]} {DAY_NAMES[DAYS.index(str(found['weekday']))]} of the month"
    return "by its own rule"
