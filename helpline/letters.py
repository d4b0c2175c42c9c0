"""Which letters follow from a step of the rota, and which of them still say something true.

All of this is pure. A letter is not its words: those are put together when it is sent (`helpline.letter_words`), from
what holds then. Nobody gets a letter about what they did themselves, and none says why somebody cannot come.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from helpline.rota_keeping import Step
from rota.availability import prefers
from rota.book import Ask, AskChanged, Book, NightChanged, ShiftChanged
from rota.cover import Plan
from rota.filling import who_could_fill
from rota.members import Member
from rota.shifts import OnDuty, Series, Slot

MOST_ASKED = 8
SHORT_NOTICE = timedelta(hours=48)
# Of many nights that one step frees, so many are offered by letter; the rest are in the lead's list of gaps.
MOST_OFFERED = 4
MOST_LISTED = 12

What = Literal[
    "free",
    "gap",
    "cover",
    "fill",
    "swap",
    "swap_waits",
    "swap_agreed",
    "swapped",
    "swap_no",
    "swap_off",
    "put_on",
    "relieved",
    "covered",
    "cancelled",
    "moved",
    "changed",
    "undone",
    "remind",
    "unconfirmed",
    "check",
]
# Steps of which nobody else needs to hear.
_QUIET = frozenset({"confirmed", "hours", "closed_now", "opened_again", "terms", "availability", "feed"})


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An occurrence a letter speaks of (UTC instants). `person` has it; `now` says what it has become for the reader."""

    slot: str
    starts_at: datetime
    ends_at: datetime
    person: str = ""
    now: Literal["", "yours", "not_yours", "moved"] = ""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody is to hear. By which way they hear it is chosen when it is sent.

    `mark` is what makes it this letter and no other: derived again, it is the same. `to` and `by` are account ids,
    `by` of whoever's doing it is. `ask` is the question it puts. `hours` is how long before its start a reminder
    goes, `count` of how many entries of the directory it speaks. Past `until` nobody is helped by it any more.
    """

    mark: str
    what: What
    to: str
    about: tuple[Told, ...]
    at: datetime
    until: datetime
    by: str = ""
    ask: str = ""
    hours: int = 0
    count: int = 0


class _Effect(msgspec.Struct, frozen=True):
    """What a step made of one occurrence. At least one of the two is there."""

    slot: Slot
    before: OnDuty | None
    after: OnDuty | None

    @property
    def duty(self) -> OnDuty:
        duty = self.after or self.before
        assert duty is not None
        return duty

    @property
    def had(self) -> str:
        return self.before.person if self.before is not None else ""

    @property
    def has(self) -> str:
        return self.after.person if self.after is not None else ""

    def for_whom(self) -> Iterator[tuple[str, Told]]:
        if self.had and self.before is not None and self.had != self.has:
            yield self.had, told(self.before, now="not_yours")
        if self.has and self.after is not None:
            if self.has != self.had:
                yield self.has, told(self.after, now="yours")
            elif self.before is None or _times(self.before) != _times(self.after):
                yield self.has, told(self.after, now="moved")


def told(duty: OnDuty, now: Literal["", "yours", "not_yours", "moved"] = "") -> Told:
    return Told(
        slot=str(duty.slot), starts_at=duty.starts_at, ends_at=duty.ends_at, person=duty.person, now=now
    )


def letters_of(
    step: Step, before: Book, after: Book, plan: Plan, members: Sequence[Member]
) -> tuple[Letter, ...]:
    """The letters that follow from a step that turned `before` into `after`.

    `plan` is how things stand now, which may be later: what has been settled since is not asked any more. `members`
    are those whom a letter can reach; nobody else gets one.
    """
    if not step.by.id or step.what in _QUIET:
        return ()
    writing = _Writing(step, plan, members)
    ahead = timedelta(weeks=plan.agreement.look_ahead_weeks)
    effects = [
        effect
        for effect in _effects(step, before, after, step.at, step.at + ahead)
        if effect.duty.ends_at > plan.now
    ]
    letters = [*writing.asked(), *writing.concerned(effects), *writing.of_gaps(effects)]
    seen: dict[str, Letter] = {}
    for letter in letters:
        seen.setdefault(letter.to, letter)
    return tuple(seen.values())


class _Writing:
    """The letters of one step."""

    def __init__(self, step: Step, plan: Plan, members: Sequence[Member]) -> None:
        self.step, self.plan, self.members = step, plan, members
        self.by = step.by.id
        self.reached = {member.id for member in members}

    def letter(self, what: What, to: str, about: Sequence[Told], ask: str = "") -> Iterator[Letter]:
        """One, unless they did it themselves, cannot be reached, or it would come too late."""
        if to == self.by or to not in self.reached or not about:
            return
        last = max(about, key=lambda one: one.starts_at)
        until = last.starts_at if last.starts_at > self.step.at else last.ends_at
        mark = f"{self.step.seq}|{self.step.at.isoformat()}|{what}|{to}"
        yield Letter(
            mark=mark,
            what=what,
            to=to,
            about=tuple(about)[:MOST_LISTED],
            at=self.step.at,
            until=until,
            by=self.by,
            ask=ask,
        )

    # -- questions -------------------------------------------------------------------------------------------------

    def asked(self) -> Iterator[Letter]:
        for change in self.step.changes:
            if isinstance(change, AskChanged) and self.step.what != "undid":
                yield from self._of_ask(change.before, change.after)

    def _of_ask(self, before: Ask | None, after: Ask | None) -> Iterator[Letter]:
        ask = after or before
        if ask is None:
            return
        about = self._about(ask)
        if self.step.what in ("asked_cover", "asked_to_fill", "offered_swap"):
            what: dict[str, What] = {"cover": "cover", "fill": "fill", "swap": "swap"}
            heard = before.to if before is not None else ()
            for to in ask.to or self._could_take(ask.slot):
                if to not in heard and ask.kind in what:
                    yield from self.letter(what[ask.kind], to, about, ask.id)
        elif ask.kind == "swap":
            yield from self._of_answer(ask, about, over=after is None)

    def _of_answer(self, ask: Ask, about: Sequence[Told], *, over: bool) -> Iterator[Letter]:
        """To a swap that was offered."""
        if self.step.what == "agreed_swap" and not over:
            for to in self._leads(self._duty(ask.slot), but=(ask.by, *ask.to)):
                yield from self.letter("swap_waits", to, about, ask.id)
            yield from self.letter("swap_agreed", ask.by, about, ask.id)
        elif self.step.what == "said_no":
            yield from self.letter("swap_no", ask.by, about)
        elif self.step.what == "withdrew":
            for to in (ask.by, *ask.to):
                yield from self.letter("swap_off", to, about)

    def _about(self, ask: Ask) -> list[Told]:
        duties = (self._duty(slot) for slot in (ask.slot, ask.theirs))
        return [told(duty) for duty in duties if duty is not None]

    def _duty(self, slot: Slot | None) -> OnDuty | None:
        return self.plan.book.duty(slot) if slot is not None else None

    # -- what nobody has -------------------------------------------------------------------------------------------

    def of_gaps(self, effects: Sequence[_Effect]) -> Iterator[Letter]:
        """What was held and is free: the lead hears when there is little time, and those who could take it."""
        freed = []
        for effect in effects:
            duty = self._duty(effect.slot)
            if effect.had and effect.after is not None and duty is not None and duty.free:
                freed.append((effect, duty))
        lost = {effect.had for effect, _ in freed}
        if self.step.what in ("sick", "gave_back"):
            for effect, duty in freed:
                if duty.starts_at - self.step.at < SHORT_NOTICE:
                    for to in self._leads(duty, but=tuple(lost)):
                        told_of = msgspec.structs.replace(told(duty), person=effect.had)
                        yield from self.letter("gap", to, [told_of])
        offered: dict[str, list[Told]] = {}
        for _, duty in freed[:MOST_OFFERED]:
            for to in self._could_take(duty.slot, but=lost):
                offered.setdefault(to, []).append(told(duty))
        for to, about in offered.items():
            yield from self.letter("free", to, about)

    def _could_take(self, slot: Slot | None, but: Iterable[str] = ()) -> list[str]:
        """The best of those who could take it, among those whom a letter reaches."""
        duty = self._duty(slot)
        if duty is None:
            return []
        plan, left_out = self.plan, {self.by, *but}
        said = {
            id: suits
            for id, availability in plan.book.availabilities.items()
            if (suits := prefers(availability, duty.starts_at, duty.ends_at)) is not None
        }
        others = (member for member in self.members if member.id not in left_out)
        best = who_could_fill(duty, others, plan.rota, plan.agreement.limits, plan.zone, prefers=said)
        return [candidate.member.id for candidate in best[:MOST_ASKED]]

    def _leads(self, duty: OnDuty | None, but: Sequence[str] = ()) -> list[str]:
        return Leads(self.plan, self.members).of(duty, but) if duty is not None else []

    # -- those whose shift it is, or was ---------------------------------------------------------------------------

    def concerned(self, effects: Sequence[_Effect]) -> Iterator[Letter]:
        theirs: dict[str, list[Told]] = {}
        for effect in effects:
            for person, about in effect.for_whom():
                theirs.setdefault(person, []).append(about)
        for person, found in theirs.items():
            told_of = _told_apart(found)
            if told_of:
                yield from self.letter(self._kind(told_of, effects), person, told_of)

    def _kind(self, told_of: Sequence[Told], effects: Sequence[_Effect]) -> What:
        if self.step.what == "undid":
            return "undone"
        if self.step.what in ("agreed_swap", "approved_swap"):
            return "swapped"
        if len(told_of) > 1:
            return "changed"
        [only] = told_of
        if only.now == "moved":
            return "moved"
        if only.now == "yours":
            return "put_on"
        if self.step.what == "took":
            return "covered"
        gone = any(str(effect.slot) == only.slot and effect.after is None for effect in effects)
        return "cancelled" if gone else "relieved"


class Leads:
    """Who leads while an occurrence runs; all leads when nobody is down for it whom a letter reaches."""

    def __init__(self, plan: Plan, members: Sequence[Member]) -> None:
        self._rota = plan.rota
        self._reached = {member.id for member in members}
        self._all = [member.id for member in members if "lead" in member.roles]
        # Shifts of one evening begin and end together, so each time is looked at once.
        self._on: dict[tuple[datetime, datetime], list[str]] = {}

    def of(self, duty: OnDuty, but: Sequence[str] = ()) -> list[str]:
        times = _times(duty)
        if times not in self._on:
            over = self._rota.occurrences(*times)
            on = (one.person for one in over if one.role == "lead" and one.person in self._reached)
            self._on[times] = list(dict.fromkeys(on))
        leading = [lead for lead in self._on[times] if lead not in but]
        return leading or [lead for lead in self._all if lead not in but]


def _effects(step: Step, before: Book, after: Book, since: datetime, until: datetime) -> list[_Effect]:
    """What the step made of each occurrence from `since` to `until`, in order of their starts."""
    slots: dict[Slot, None] = {}
    for change in step.changes:
        if isinstance(change, NightChanged):
            slots[Slot.parse(change.id)] = None
        elif isinstance(change, ShiftChanged):
            for book in (before, after):
                whole = book.whole(change.id)
                if whole is not None:
                    slots |= dict.fromkeys(duty.slot for duty in Series(whole).starting(since, until))
    effects = []
    for slot in slots:
        was, now = before.duty(slot), after.duty(slot)
        if (was is not None or now is not None) and not _same(was, now):
            effects.append(_Effect(slot, was, now))
    return sorted(effects, key=lambda effect: (effect.duty.starts_at, str(effect.slot)))


def _same(was: OnDuty | None, now: OnDuty | None) -> bool:
    if was is None or now is None:
        return False
    return (was.person, *_times(was)) == (now.person, *_times(now))


def _times(duty: OnDuty) -> tuple[datetime, datetime]:
    return duty.starts_at, duty.ends_at


def _told_apart(found: Sequence[Told]) -> list[Told]:
    """Without what somebody lost and got again at the same time under another name, as an edit may do."""
    got = {(one.starts_at, one.ends_at) for one in found if one.now == "yours"}
    lost = {(one.starts_at, one.ends_at) for one in found if one.now == "not_yours"}
    same = got & lost
    return [one for one in found if one.now == "moved" or (one.starts_at, one.ends_at) not in same]


# -- whether it is still true --------------------------------------------------------------------------------------


def as_it_is(letter: Letter, book: Book) -> Letter | None:
    """The letter with what holds now; None when what it says or asks has been settled since."""
    if letter.what == "check":
        return letter
    if letter.ask:
        ask = book.asks.get(letter.ask)
        if ask is None or not _still_asked(letter, ask):
            return None
    about = tuple(one for one in (_told_now(letter, one, book) for one in letter.about) if one is not None)
    return msgspec.structs.replace(letter, about=about) if about else None


def _still_asked(letter: Letter, ask: Ask) -> bool:
    if letter.what in ("swap_waits", "swap_agreed"):
        return ask.agreed
    return ask.is_put_to(letter.to)


def _told_now(letter: Letter, one: Told, book: Book) -> Told | None:
    if letter.what in ("swapped", "changed", "undone", "relieved", "covered", "cancelled"):
        return one
    slot = Slot.parse(one.slot)
    duty = book.duty(slot)
    if duty is None:
        return None
    now = msgspec.structs.replace(one, starts_at=duty.starts_at, ends_at=duty.ends_at)
    held_by: Mapping[What, str] = {
        "free": "",
        "gap": "",
        "fill": "",
        "put_on": letter.to,
        "moved": letter.to,
        "remind": letter.to,
        "unconfirmed": one.person,
    }
    if held_by.get(letter.what, duty.person) != duty.person:
        return None
    if letter.what == "unconfirmed" and book.confirmed(slot, one.person):
        return None
    return now
