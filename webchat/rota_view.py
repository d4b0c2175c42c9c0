"""What the rota's pages show, from the book to the words: everything here is pure.

Who looks decides what is drawn: shown names only, no terms, and no more about why than the one who looks may know.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec

from rota.availability import prefers
from rota.book import Ask
from rota.cover import Plan
from rota.filling import Candidate, who_could_fill
from rota.hours import OpeningHours
from rota.limits import Objection, objections_beside, week_hours
from rota.members import Member, Terms
from rota.shifts import OnDuty
from rota.walltime import instant_of
from webchat import rota_words

AHEAD = timedelta(weeks=8)
# A week's limit and the rest around a shift reach so far beyond it.
AROUND = timedelta(days=14)
# A shift is at most 24 h on the clock, which a change of the clocks stretches by less than as much again.
LONGEST = timedelta(hours=48)
STANDBY = ("on_call", "second_on_call")


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """One occurrence as a page shows it. `due` is mine, not confirmed, and close; `swaps` are offers that stand."""

    slot: str
    href: str
    day: str
    when: str
    clock: str
    length: str
    clocks: str
    role: str
    supporter: bool
    languages: str
    channels: str
    holder: str
    together: str = ""
    mine: bool = False
    free: bool = False
    running: bool = False
    confirmed: bool = False
    due: bool = False
    soon: bool = False
    may_give_back: bool = False
    cover: str = ""
    wanted: bool = False
    swaps: tuple[tuple[str, str], ...] = ()


class Offer(msgspec.Struct, frozen=True):
    """A shift somebody could take, and what to think of first."""

    card: Card
    warnings: tuple[str, ...]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Something asked of whoever looks. `give` is theirs in a swap."""

    kind: str
    ask: str
    by: str
    card: Card
    give: Card | None = None
    warnings: tuple[str, ...] = ()


class Looking(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked at and by whom. `names` are shown names by id, also of those who have left."""

    plan: Plan
    hours: OpeningHours
    me: Member
    members: Mapping[str, Member]
    names: Mapping[str, str]
    plans: bool

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.plan.zone)

    @property
    def today(self) -> date:
        return self.plan.now.astimezone(self.zone).date()

    def name(self, person: str) -> str:
        return self.names.get(person, "Somebody")

    def against(self, duty: OnDuty, mine: Sequence[OnDuty]) -> tuple[Objection, ...]:
        """What stands against my taking it; `mine` are all of mine around it."""
        others = [one for one in mine if one.slot != duty.slot]
        return objections_beside(self.me, duty, others, self.plan.agreement.limits, self.plan.zone)

    def mine_around(self, since: datetime, until: datetime) -> list[OnDuty]:
        found = self.plan.rota.occurrences(since - AROUND, until + AROUND)
        return [duty for duty in found if duty.person == self.me.id]


def href(slot: object) -> str:
    """The page of one occurrence."""
    return f"/rota/shift/{quote(str(slot), safe='')}"


def card(looking: Looking, duty: OnDuty, beside: Iterable[OnDuty] = ()) -> Card:
    """One occurrence; `beside` are those it may overlap, for the names of who is on together."""
    plan, zone, today, slot = looking.plan, looking.zone, looking.today, duty.slot
    mine = duty.person == looking.me.id
    ahead = duty.starts_at - plan.now
    confirmed = mine and plan.book.confirmed(slot, duty.person)
    asks = plan.book.asks_about(slot)
    cover = next((ask for ask in asks if ask.kind == "cover"), None)
    return Card(
        slot=str(slot),
        href=href(slot),
        day=rota_words.near_day(duty.starts_at.astimezone(zone).date(), today),
        when=rota_words.when(duty, zone, today),
        clock=rota_words.clock(duty.starts_at, duty.ends_at, zone),
        length=rota_words.length(rota_words.real_hours(duty.starts_at, duty.ends_at)),
        clocks=rota_words.clock_change(duty.starts_at, duty.ends_at, zone),
        role=rota_words.role(duty.role),
        supporter=duty.role == "supporter",
        languages=rota_words.languages(duty.languages) if duty.role not in ("lead", *STANDBY) else "",
        channels=rota_words.channels(duty.channels),
        holder=looking.name(duty.person) if duty.person else "",
        together=_together(looking, duty, beside),
        mine=mine,
        free=duty.free,
        running=ahead <= timedelta() and duty.ends_at > plan.now,
        confirmed=confirmed,
        due=mine and not confirmed and timedelta() < ahead <= timedelta(hours=plan.agreement.confirm_hours),
        soon=timedelta() < ahead <= timedelta(hours=max(plan.agreement.remind_hours, default=168)),
        may_give_back=mine and ahead >= timedelta(hours=plan.agreement.give_back_hours),
        cover=cover.id if cover is not None and mine else "",
        wanted=cover is not None and (looking.plans or cover.is_put_to(looking.me.id)),
        swaps=tuple(_swap_words(looking, ask) for ask in asks if _my_swap(ask, looking)),
    )


def _together(looking: Looking, duty: OnDuty, beside: Iterable[OnDuty]) -> str:
    """Shown names of who else is there, each once, by their start."""
    found = dict.fromkeys(
        looking.name(other.person)
        for other in beside
        if other.person not in ("", duty.person)
        and other.role not in STANDBY
        and other.starts_at < duty.ends_at
        and other.ends_at > duty.starts_at
    )
    return rota_words.names(list(found))


def _beside(duty: OnDuty, among: Sequence[OnDuty]) -> Sequence[OnDuty]:
    """Those of `among`, which are by start, that could overlap it."""
    first = bisect_left(among, duty.starts_at - LONGEST, key=lambda one: one.starts_at)
    return among[first : bisect_left(among, duty.ends_at, key=lambda one: one.starts_at)]


def _my_swap(ask: Ask, looking: Looking) -> bool:
    return ask.kind == "swap" and ask.by == looking.me.id


def _swap_words(looking: Looking, ask: Ask) -> tuple[str, str]:
    """An offer of mine: its id, and what I asked for."""
    to = rota_words.names([looking.name(one) for one in ask.to])
    book, zone, today = looking.plan.book, looking.zone, looking.today
    what = rota_words.begins(ask.theirs, book, zone, today) if ask.theirs is not None else ""
    if ask.agreed:
        return ask.id, f"{to} agreed to swap for {what}. The lead has the last word."
    return ask.id, f"You offered it to {to} for {what}."


# -- my shifts -----------------------------------------------------------------------------------------------------


class Mine(msgspec.Struct, frozen=True, kw_only=True):
    """The page of My shifts. `week` is one quiet line; `hands` says whether help could be offered now.

    `helpers` are those who offered to come and help, by ask and shown name, for those who may let them on.
    """

    next: Card | None
    rest: tuple[Card, ...]
    questions: tuple[Question, ...]
    offers: tuple[Offer, ...]
    week: str
    hands: bool
    offered: str
    helpers: tuple[tuple[str, str], ...]


def my_shifts(looking: Looking) -> Mine:
    """Mine in the coming eight weeks, what is asked of me, and what I could take."""
    plan = looking.plan
    until = plan.now + AHEAD
    everything = plan.rota.occurrences(plan.now - AROUND, until + AROUND)
    mine = [duty for duty in everything if duty.person == looking.me.id]
    coming = [duty for duty in everything if duty.ends_at > plan.now and duty.starts_at < until]
    cards = [card(looking, duty, _beside(duty, coming)) for duty in coming if duty.person == looking.me.id]
    offers = []
    for duty in coming:
        if duty.free and duty.role in looking.me.roles:
            found = looking.against(duty, mine)
            if not any(one.kind == "refuse" for one in found):
                shown = card(looking, duty, _beside(duty, coming))
                offers.append(Offer(shown, tuple(one.text for one in found)))
    hands = {ask.by: ask.id for ask in plan.book.asks.values() if ask.kind == "hands"}
    offered = hands.pop(looking.me.id, "")
    return Mine(
        next=cards[0] if cards else None,
        rest=tuple(cards[1:]),
        questions=tuple(_questions(looking, mine)),
        offers=tuple(offers),
        week=_week_words(looking, mine),
        hands=not offered and _could_help_now(looking),
        offered=offered,
        helpers=tuple((id, looking.name(by)) for by, id in hands.items()) if looking.plans else (),
    )


def _could_help_now(looking: Looking) -> bool:
    now = looking.plan.now
    if not {"supporter", "lead", "interpreter"} & set(looking.me.roles):
        return False
    on = any(duty.person == looking.me.id for duty in looking.plan.rota.on_duty_at(now))
    hours = looking.hours
    return not on and any(hours.is_open(one.channel, now) for one in hours.hours.channels)


def _week_words(looking: Looking, mine: Sequence[OnDuty]) -> str:
    limits, terms = looking.plan.agreement.limits, looking.me.terms
    most = terms.weekly_hours if terms.weekly_hours is not None else limits.weekly_hours
    has = week_hours(mine, looking.plan.now, looking.zone)
    return f"This week {rota_words.length(has)} of {rota_words.length(most)} at most."


def _questions(looking: Looking, mine: Sequence[OnDuty]) -> Iterable[Question]:
    """What is asked of me, soonest first; what I could not take is asked of me only when I was asked by name."""
    plan = looking.plan
    found: list[tuple[datetime, Question]] = []
    for ask in plan.book.asks.values():
        if ask.kind == "hands" or ask.slot is None:
            continue
        duty = plan.book.duty(ask.slot)
        if duty is None or duty.ends_at <= plan.now:
            continue
        question = _question(looking, ask, duty, mine)
        if question is not None:
            found.append((duty.starts_at, question))
    return (question for _, question in sorted(found, key=lambda one: one[0]))


def _question(looking: Looking, ask: Ask, duty: OnDuty, mine: Sequence[OnDuty]) -> Question | None:
    by, to_me = looking.name(ask.by), ask.is_put_to(looking.me.id)
    if ask.kind == "swap":
        theirs = looking.plan.book.duty(ask.theirs) if ask.theirs is not None else None
        if theirs is None or not (to_me or (looking.plans and ask.agreed)):
            return None
        kind = (
            ("swap" if to_me and not ask.agreed else "waiting") if not _approves(looking, ask) else "approve"
        )
        after = [one for one in mine if one.slot != theirs.slot]
        warnings = tuple(one.text for one in looking.against(duty, after)) if kind == "swap" else ()
        return Question(
            kind=kind,
            ask=ask.id,
            by=by,
            card=card(looking, duty),
            give=card(looking, theirs),
            warnings=warnings,
        )
    if not to_me or (ask.kind == "fill" and not duty.free):
        return None
    against = looking.against(duty, mine)
    if any(one.kind == "refuse" for one in against) and looking.me.id not in ask.to:
        return None
    return Question(
        kind=ask.kind,
        ask=ask.id,
        by=by,
        card=card(looking, duty),
        warnings=tuple(one.text for one in against),
    )


def _approves(looking: Looking, ask: Ask) -> bool:
    return looking.plans and ask.agreed


# -- one occurrence ------------------------------------------------------------------------------------------------


class OneShift(msgspec.Struct, frozen=True, kw_only=True):
    """The page of one occurrence: what whoever looks may do with it, and for those who plan, who could fill it.

    `may_take` is with or without warnings; `refused` says why they may not. `gives` and `gets` are what may be
    swapped for it. `date`, `starts`, `ends` are wall times, for moving this night.
    """

    card: Card
    over: bool
    may_take: bool
    warnings: tuple[str, ...]
    refused: tuple[str, ...]
    cover: str
    fill: str
    gives: tuple[Card, ...]
    gets: tuple[Card, ...]
    candidates: tuple[Candidate, ...]
    others: tuple[Member, ...]
    date: str
    starts: str
    ends: str


def one_shift(looking: Looking, duty: OnDuty) -> OneShift:
    plan, me = looking.plan, looking.me
    over = duty.ends_at <= plan.now
    beside = plan.rota.occurrences(duty.starts_at, duty.ends_at)
    against = looking.against(duty, looking.mine_around(duty.starts_at, duty.ends_at))
    asks = plan.book.asks_about(duty.slot)
    cover = next((ask for ask in asks if ask.kind == "cover" and ask.is_put_to(me.id)), None)
    fill = next((ask for ask in asks if ask.kind == "fill" and ask.is_put_to(me.id)), None)
    refused = tuple(one.text for one in against if one.kind == "refuse")
    candidates = _candidates(looking, duty) if looking.plans and not over else ()
    gives, gets = _swaps(looking, duty) if not over and duty.person else ((), ())
    starts, ends = (instant.astimezone(looking.zone) for instant in (duty.starts_at, duty.ends_at))
    return OneShift(
        card=card(looking, duty, beside),
        over=over,
        may_take=not over and not refused and duty.person != me.id and (duty.free or cover is not None),
        warnings=tuple(one.text for one in against if one.kind == "warn"),
        refused=refused if duty.free or cover is not None else (),
        cover=cover.id if cover is not None else "",
        fill=fill.id if fill is not None else "",
        gives=gives,
        gets=gets,
        candidates=candidates,
        others=_not_among(looking, duty, candidates),
        date=f"{starts:%Y-%m-%d}",
        starts=f"{starts:%H:%M}",
        ends=f"{ends:%H:%M}",
    )


def _candidates(looking: Looking, duty: OnDuty) -> tuple[Candidate, ...]:
    plan = looking.plan
    said = {
        person: suits
        for person, availability in plan.book.availabilities.items()
        if (suits := prefers(availability, duty.starts_at, duty.ends_at)) is not None
    }
    return who_could_fill(
        duty, looking.members.values(), plan.rota, plan.agreement.limits, plan.zone, prefers=said
    )


def _not_among(looking: Looking, duty: OnDuty, candidates: tuple[Candidate, ...]) -> tuple[Member, ...]:
    """Whoever has the role and is not among them: putting them on says why it cannot be."""
    if not looking.plans:
        return ()
    named = {one.member.id for one in candidates} | {duty.person}
    left = (one for one in looking.members.values() if one.id not in named and duty.role in one.roles)
    return tuple(sorted(left, key=lambda one: one.name.casefold()))


def _swaps(looking: Looking, duty: OnDuty) -> tuple[tuple[Card, ...], tuple[Card, ...]]:
    """What I could give for it, when it is somebody else's; what I could get for it, when it is mine."""
    plan, me = looking.plan, looking.me
    if duty.starts_at <= plan.now:
        return (), ()
    coming = [
        one
        for one in plan.rota.occurrences(plan.now, plan.now + AHEAD)
        if one.starts_at > plan.now and one.person and one.slot != duty.slot
    ]
    mine = duty.person == me.id
    partners = looking.members.get(duty.person, Member(id="", name="", terms=Terms()))
    fits = [one for one in coming if (one.role in me.roles if mine else one.role in partners.roles)]
    if mine:
        return (), tuple(
            card(looking, one) for one in fits if one.person != me.id and _could(looking, one, duty)
        )
    if duty.role not in me.roles:
        return (), ()
    return tuple(card(looking, one) for one in fits if one.person == me.id), ()


def _could(looking: Looking, theirs: OnDuty, mine: OnDuty) -> bool:
    """Whether whoever has it holds the role of mine, too."""
    other = looking.members.get(theirs.person)
    return other is not None and mine.role in other.roles


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a local day begins."""
    return instant_of(datetime.combine(day, time.min), zone)
